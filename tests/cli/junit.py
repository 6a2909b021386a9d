#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""junit.py FILE TESTS FAILURES ERRORS SKIPPED: is it JUnit as CI servers read it, with these totals?

The elements and attributes are those of the schema that Jenkins, Surefire and pytest share; numbers are taken the
strict way, without white space.
"""
import re
import sys
import xml.etree.ElementTree as tree

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "hostname", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"},
    "system-out": set(), "system-err": set(),
}
CHILDREN = {
    "testsuites": ["testsuite"], "testsuite": ["testcase"],
    "testcase": ["failure", "error", "skipped", "system-out", "system-err"],
}


def check(element):
    assert set(element.attrib) == ATTRIBUTES[element.tag], (element.tag, element.attrib)
    for child in element:
        assert child.tag in CHILDREN[element.tag], child.tag
        check(child)


def main():
    root = tree.parse(sys.argv[1]).getroot()
    wanted = dict(zip(("tests", "failures", "errors", "skipped"), sys.argv[2:]))
    assert root.tag == "testsuites"
    check(root)
    for element in (root, root.find("testsuite")):
        for name, value in wanted.items():
            assert element.get(name) == value, (element.tag, name, element.get(name), value)
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", root.find("testsuite").get("timestamp"))
    assert len(list(root.iter("testcase"))) == int(wanted["tests"])
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert len(list(root.iter(tag))) == int(wanted[name]), tag


main()
