#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""progress.py INBYE FIFO: the bar of a batch on terminals of several widths, one of which shrinks meanwhile."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

ERASE = b"\r\x1b[K"


def set_columns(fd, n):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, n, 0, 0))


def start(argv, columns, **environment):
    pid, fd = pty.fork()
    if pid == 0:
        set_columns(0, columns)
        os.execve(argv[0], argv, {**os.environ, "TERM": "xterm", **environment})
    return pid, fd


def read_until(fd, wanted, seen=b""):
    """Until the pattern is there, or (None) the other side is closed."""
    while wanted is None or not re.search(wanted, seen):
        try:
            piece = os.read(fd, 65536)
        except OSError:
            piece = b""
        if not piece:
            assert wanted is None, seen
            break
        seen += piece
    return seen


def feet(seen):
    return [part.split(b"\n")[0] for part in seen.split(ERASE)[1:]]


def end(pid, fd, seen):
    seen = read_until(fd, None, seen)
    assert os.waitpid(pid, 0)[1] == 0
    os.close(fd)
    return seen


def check_width(inbye, fifo, columns, narrower):
    job = 'echo line $1; [ "$1" != 2 ] || read -r _ <"%s"' % fifo
    argv = [inbye, "batch", "-j1", "--", "sh", "-c", job, "-", ":::", "1", "2", "3"]
    pid, fd = start(argv, columns)
    seen = read_until(fd, rb"1/3 jobs")
    assert max(map(len, feet(seen))) < columns, seen
    set_columns(fd, narrower)
    shrunk = read_until(fd, re.escape(ERASE) + rb"[^\r\n]*$")
    assert len(feet(shrunk)[-1]) < narrower, shrunk
    with open(fifo, "w", encoding="ascii") as go:
        go.write("go\n")
    seen = end(pid, fd, seen + shrunk)
    for i in (b"1", b"2", b"3"):
        assert b"line " + i + b"\r\n" in seen, seen
    screen = re.sub(rb"[^\n]*" + re.escape(ERASE), b"", seen)
    assert b"jobs," not in screen, screen  # what was shown was taken away again


def check_none(inbye, **environment):
    pid, fd = start([inbye, "batch", "-j1", "--", "echo", ":::", "1", "2"], 80, **environment)
    assert ERASE not in end(pid, fd, b"")



def check_table(inbye, columns):
    job = 'for word in a few words that nobody needs, and more of them; do :; done; sleep 0.01'
    pid, fd = start([inbye, "batch", "-j1", "--slow", "1ms", "--progress", "none", "--", "sh", "-c", job, "-", ":::",
                     "\xe4" * 30, "2"], columns)
    table = end(pid, fd, b"").decode().split("inbye: 2 jobs in ")[1].replace("\r", "").splitlines()
    assert table[2] == "inbye: the slowest:", table
    assert max(map(len, table)) < columns, table
    assert all("sleep 0.01" in line or line.endswith("...") for line in table[3:]) and len(table) == 5, table


def main():
    inbye, fifo = sys.argv[1:]
    check_width(inbye, fifo, 80, 60)
    check_width(inbye, fifo, 24, 12)
    for columns in (60, 80, 120):
        check_table(inbye, columns)
    check_none(inbye, TERM="dumb")
    check_none(inbye, TERM="")


main()
