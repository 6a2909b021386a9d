#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py FOLDER OUTPUT: page.html with page.css and page.js put in, as two arrays of C: before the data and after it."""
import os
import sys


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read().rstrip("\n")


def array(name, text):
    data = text.encode("utf-8")
    lines = [", ".join("%d" % byte for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
    return "const unsigned char %s[] = {\n%s\n};\nconst size_t %s_n_bytes = sizeof(%s);\n" % (
        name, ",\n".join(lines), name, name)


def main():
    folder, output = sys.argv[1:]
    page = read(folder, "page.html")
    script = read(folder, "page.js")
    if "</script" in script.lower() or "<!--" in script:
        sys.exit("page.js: what would end the script element must not stand in it")
    page = page.replace("@page.css@", read(folder, "page.css")).replace("@page.js@", script)
    before, after = page.split("@data@")
    with open(output, "w", encoding="ascii") as file:
        file.write('/* Made of src/cli/page/ by embed.py. */\n#include "cli/page/page.h"\n')
        file.write(array("page_before_data", before) + array("page_after_data", after + "\n"))


main()
