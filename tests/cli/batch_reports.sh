#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: reports for CI servers (JUnit) and test harnesses (TAP), read by those who read them in real life.
. "$(dirname "$0")/lib.sh"

junit=$(cd "$(dirname "$0")" && pwd)/junit.py
batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1
cat >list <<'END'
["echo", "fine"]
{"argv": ["sh", "-c", "echo out; echo err >&2; exit 3"], "id": "three <&> \"#1\""}
{"argv": ["printf", "\\033[1m\\000\\001 a\\377\\tb\\r\\n]]> \\357\\277\\277 \\360\\237\\230\\200"], "id": "bytes"}
["/nonexistent/program"]
{"argv": ["sleep", "1000"], "timeout": 0.1, "grace": 0, "id": "a\u0001b\nc"}
["sh", "-c", "kill -9 $$"]
END

# --- JUnit
expect_status 1 batch -q -k --junit junit.xml list
check "a parser takes it, its totals are right" python3 "$junit" junit.xml 6 3 1 0
check "and its cases" python3 - junit.xml <<'END'
import sys
import xml.etree.ElementTree as tree
cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
assert [case.get("name") for case in cases] == [
    "echo fine", 'three <&> "#1"', "bytes", "/nonexistent/program", "a\ufffdb c", "sh -c 'kill -9 $$'"], [case.get("name") for case in cases]
assert cases[0].find("system-out").text == "fine\n" and cases[0].find("failure") is None
assert cases[1].find("failure").get("type") == "nonzero" and "exit 3" in cases[1].find("failure").get("message")
assert cases[1].find("system-err").text == "err\n"
assert cases[2].find("system-out").text == "\ufffd[1m\ufffd\ufffd a\ufffd\tb\r\n]]> \ufffd \U0001f600"
assert cases[3].find("error").get("type") == "spawn_error"
assert cases[4].find("failure").get("type") == "timeout" and float(cases[4].get("time")) >= 0.1
assert "SIGKILL" in cases[5].find("failure").get("message")
END
expect_status 0 batch -q --junit junit.xml -- sh -c 'head -c 300000 /dev/zero | tr "\0" "&"; printf "\303\251"' ::: 1
check "a large output is whole" python3 - junit.xml <<'END'
import sys
import xml.etree.ElementTree as tree
assert tree.parse(sys.argv[1]).getroot().find("testsuite/testcase/system-out").text == "&" * 300000 + "\u00e9"
END
expect_status 0 batch -q --junit junit.xml -- true </dev/null
check "no job, no case" python3 "$junit" junit.xml 0 0 0 0

# --- a report is a document whenever one looks
mkfifo up go
"$INBYE" batch -q -j 1 --junit junit.xml -- sh -c '[ "$1" = 1 ] || { echo up >up; read -r _ <go; }' - ::: 1 2 &
owner=$!
read -r _ <up
check "one case while the second runs" python3 "$junit" junit.xml 1 0 0 0
kill -KILL "$owner"
wait "$owner" 2>/dev/null
check "the same when inbye was killed" python3 "$junit" junit.xml 1 0 0 0

# --- TAP
expect_status 1 batch -q -k --tap - list
match_out '^TAP version 13$'
match_out '^ok 1 - echo fine$'
match_out '^not ok 2 - three <&> "\\#1"$'
match_out '^not ok 5 - a\?b\?c$'
match_out '^  message: "nonzero, exit 3 after '
match_out '^1\.\.6$'
check "the outputs are not among it" test "$(grep -c '^fine$' "$out")" -eq 0
if command -v prove >/dev/null 2>&1; then
        batch -q --tap all.tap -- true ::: 1 2 3
        expect_status 0 prove --exec cat all.tap
        match_out '^All tests successful'
        match_out 'Tests=3,'
        batch -q -k --tap some.tap list 2>/dev/null
        expect_status 1 prove --exec cat some.tap
        match_out 'Failed 4/6 subtests'
        check "nothing that prove cannot parse" sh -c 'grep -q "Parse errors" "$0"; [ $? -eq 1 ]' "$out"
        batch -q -j 1 --halt soon,fail=1 --tap halted.tap -- sh -c 'exit {}' ::: 0 1 0 0 2>/dev/null
        expect_status 1 prove --exec cat halted.tap
        match_out 'planned 4 tests but ran 2'
else
        skip prove "there is no prove(1)"
fi
mkdir -p project
printf '%s\n' "project('p')" "test('t', find_program('batch.sh'), protocol: 'tap')" >project/meson.build
printf '#!/bin/sh\n"%s" batch -q --tap - -- sh -c "exit {}" ::: 0 1 0\nexit 0\n' "$INBYE" >project/batch.sh
chmod +x project/batch.sh
check "meson is set up" sh -c 'meson setup build project >setup.log 2>&1'
check "meson counts a failure" sh -c 'meson test -C build >test.log 2>&1; grep -q "^Fail: *1" test.log'
check "of three" grep -q '2/3 subtests passed' build/meson-logs/testlog.txt test.log

# --- misuse
expect_status 125 batch --junit /dev/null -- touch started ::: 1
match_err 'no regular file'
expect_status 125 batch --tap fd:77 -- touch started ::: 1
expect_status 125 batch --tap - --results - -- touch started ::: 1
match_err 'named twice'
printf '["true"]\n' >list
expect_status 125 batch --junit list list
expect_status 125 batch --tap list list
check "the list is still there" grep -q true list
check "misuse starts nothing" test ! -e started
# --- standard output is no file
for option in junit joblog trace html; do
        expect_status 125 "$INBYE" batch --$option=- -- touch "$tmp/ran" ::: x
        match_err "^inbye: --$option takes a file, not standard output; a file called '-' is ./-"
done
check "nothing was run" [ ! -e "$tmp/ran" ]

finish
