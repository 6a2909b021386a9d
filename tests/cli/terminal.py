# SPDX-License-Identifier: MIT
"""A person at a terminal: an interactive bash on a pseudo-terminal is told what to do and watched.

Every wait is for text to appear, with a deadline that only a failure meets.
"""
import os
import pty
import re
import select
import signal
import sys
import time

INBYE = os.environ["INBYE"]
TMP = sys.argv[1]
PROMPT = b"READY> "


class Shell:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"PS1": "", "PS2": "", "TERM": "dumb", "HISTFILE": "/dev/null", "I": INBYE, "T": TMP})
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.seen = b""
        self.say("PS1='%s'; stty -echo; set +o history; echo be''gin" % PROMPT.decode())
        self.wait("begin")
        self.wait(PROMPT.decode())

    def say(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def key(self, letter):
        os.write(self.fd, bytes([ord(letter) - 64]))

    def wait(self, text, seconds=10):
        """Drop everything up to the text; what stood before it is returned."""
        until = time.monotonic() + seconds
        while True:
            found = re.search(text.encode(), self.seen)
            if found:
                before, self.seen = self.seen[:found.start()], self.seen[found.end():]
                return before.decode(errors="replace")
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError("waited for %r, saw %r" % (text, self.seen))
            try:
                self.seen += os.read(self.fd, 4096)
            except OSError:
                raise AssertionError("the shell ended; waited for %r, saw %r" % (text, self.seen))

    def status(self):
        self.wait(PROMPT.decode())
        self.say("echo status=$?")
        self.wait("status=")
        return int(self.wait("\r?\n"))

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def equal(got, want):
    if got != want:
        raise AssertionError("%r where %r was expected" % (got, want))


def ctrl_c_ends_the_command_and_the_shell_sees_it(shell):
    shell.say("$I run sh -c 'echo here; exec cat'")
    shell.wait("here")
    shell.key("C")
    equal(shell.status(), 130)


def ctrl_c_stops_a_loop_of_the_shell(shell):
    shell.say("for i in 1 2; do $I run sh -c 'echo here'$i'; exec cat'; done; echo loop$((1 + 1))ended")
    shell.wait("here1")
    shell.key("C")
    before = shell.wait(PROMPT.decode())
    equal("here2" in before, False)


def a_command_that_takes_ctrl_c_goes_on(shell):
    shell.say("$I run --cancel-grace 0.01 bash -c "
              "'trap \"echo handled\" INT; echo here; until read x; do :; done; echo got $x; exit 5'")
    shell.wait("here")
    for _ in range(3):
        shell.key("C")
        shell.wait("handled")
    shell.say("line")
    shell.wait("got line")
    equal(shell.status(), 5)


def ctrl_backslash_is_quit(shell):
    shell.say("ulimit -c 0; $I run sh -c 'echo here; exec cat'")
    shell.wait("here")
    shell.key("\\")
    equal(shell.status(), 131)


def ctrl_z_stops_and_fg_goes_on(shell):
    shell.say("$I run sh -c 'echo here; read x; echo got $x; exit 6'")
    shell.wait("here")
    shell.key("Z")
    shell.wait("Stopped")
    shell.wait(PROMPT.decode())
    shell.say("fg")
    shell.wait("run sh")
    shell.say("line")
    shell.wait("got line")
    equal(shell.status(), 6)


def an_inbye_inside_an_inbye_stops_and_goes_on(shell):
    shell.say("$I run $I run sh -c 'echo here; read x; echo got $x; exec cat'")
    shell.wait("here")
    shell.key("Z")
    shell.wait("Stopped")
    shell.wait(PROMPT.decode())
    shell.say("fg")
    shell.wait("run .* sh")
    shell.say("line")
    shell.wait("got line")
    shell.key("C")
    equal(shell.status(), 130)


def a_stopped_command_does_not_time_out(shell):
    shell.say("$I run --timeout 0.4 sh -c 'echo here; read x; echo got $x; exit 7'")
    shell.wait("here")
    shell.key("Z")
    shell.wait("Stopped")
    shell.wait(PROMPT.decode())
    shell.say("sleep 0.6; echo time is up")
    shell.wait("time is up")
    shell.wait(PROMPT.decode())
    shell.say("fg")
    shell.wait("run --timeout")
    shell.say("line")
    shell.wait("got line")
    equal(shell.status(), 7)


def a_descendant_is_frozen_while_the_command_is_stopped(shell):
    # a grandchild in a session of its own never sees the key
    shell.say("rm -f $T/ticks; $I run sh -c 'setsid sh -c \"while :; do echo >>$T/ticks; done\" & "
              "until [ -s $T/ticks ]; do :; done; echo here; read x'")
    shell.wait("here")
    shell.key("Z")
    shell.wait("Stopped")
    shell.wait(PROMPT.decode())
    shell.say("a=$(wc -l <$T/ticks); sleep 0.2; b=$(wc -l <$T/ticks); echo grown=$((b - a))")
    shell.wait("grown=")
    equal(shell.wait("\r?\n"), "0")
    shell.wait(PROMPT.decode())
    shell.say("fg")
    shell.wait("run sh")
    shell.say("")
    equal(shell.status(), 0)


def a_background_command_stops_when_it_reads(shell):
    shell.say("$I run sh -c 'read x; echo got $x; exit 8' &")
    shell.wait(r"Stopped \(tty input\)|\[1\]")
    shell.wait(PROMPT.decode())
    shell.say("until jobs | grep -q Stopped; do :; done; echo it sto''pped")
    shell.wait("it stopped")
    shell.wait(PROMPT.decode())
    shell.say("fg")
    shell.wait("run sh")
    shell.say("line")
    shell.wait("got line")
    equal(shell.status(), 8)


def a_running_background_command_can_be_brought_to_the_front(shell):
    shell.say("mkfifo $T/go; $I run sh -c 'read y <$T/go; read x; echo got $x; exit 9' &")
    shell.wait(PROMPT.decode())
    shell.say("(sleep 0.1; echo >$T/go) & fg %1; rm $T/go")
    shell.wait("run sh")
    shell.say("line")
    shell.wait("got line")
    shell.wait(PROMPT.decode())


def the_rest_of_a_pipeline_keeps_the_terminal(shell):
    shell.say("$I run sh -c 'echo a; exec cat /dev/zero' | sh -c 'read a; echo here; read x </dev/tty; echo got $x'")
    shell.wait("here")
    shell.say("line")
    shell.wait("got line")
    shell.wait(PROMPT.decode())


def ctrl_c_reaches_a_command_in_a_pipeline(shell):
    shell.say("set -o pipefail; $I run sh -c 'echo here; exec sleep 50' | cat")
    shell.wait("here")
    shell.key("C")
    equal(shell.status(), 130)
    shell.say("set +o pipefail")
    shell.wait(PROMPT.decode())


def a_command_in_a_pipeline_may_read_the_terminal(shell):
    shell.say("echo x | $I run sh -c 'read a; echo here $a; read b </dev/tty; echo got $b'")
    shell.wait("here x")
    shell.say("line")
    shell.wait("got line")
    equal(shell.status(), 0)


def ctrl_c_ends_a_script_above_us_too(shell):
    shell.say("sh -c '$I run sh -c \"echo here; exec sleep 50\"; echo script went on'")
    shell.wait("here")
    shell.key("C")
    before = shell.wait(PROMPT.decode())
    equal("went on" in before, False)


def ctrl_c_ends_a_script_whose_command_has_the_terminal(shell):
    shell.say("sh -c '$I run sh -c \"echo here; read x; echo got \\$x; exec sleep 50\"; echo script went on'")
    shell.wait("here")
    shell.say("line")
    shell.wait("got line")
    shell.key("C")
    before = shell.wait(PROMPT.decode())
    equal("went on" in before, False)


def modes_of_a_killed_command_are_undone(shell):
    shell.say("stty -g; $I run --timeout 0.2 --grace 0 sh -c 'stty raw -isig; exec sleep 50'; stty -g")
    before = shell.wait("\r?\n").strip()
    after = shell.wait("\r?\n").strip()
    equal(after, before)
    shell.wait(PROMPT.decode())


def the_size_of_the_terminal_reaches_the_command(shell):
    shell.say("$I run bash -c 'trap \"echo size changed\" WINCH; echo here; until read -t 5 x; do :; done'")
    shell.wait("here")
    import fcntl
    import struct
    import termios
    fcntl.ioctl(shell.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    shell.say("")
    shell.wait("size changed")
    shell.wait(PROMPT.decode())


def timeout_in_the_foreground_reads_the_terminal(shell):
    shell.say("$I timeout --foreground 10 sh -c 'read x; echo got $x; exit 3'")
    shell.say("line")
    shell.wait("got line")
    equal(shell.status(), 3)


def ctrl_c_ends_timeout_in_the_foreground(shell):
    shell.say("$I timeout --foreground 50 sh -c 'echo here; exec cat'")
    shell.wait("here")
    shell.key("C")
    equal(shell.status(), 130)


def with_process_groups_alone_keys_work_as_well(shell):
    shell.say("$I run --mechanism pgroup sh -c 'echo here; read x; echo got $x; exec cat'")
    shell.wait("here")
    shell.key("Z")
    shell.wait("Stopped")
    shell.wait(PROMPT.decode())
    shell.say("fg")
    shell.wait("run --mechanism")
    shell.say("line")
    shell.wait("got line")
    shell.key("C")
    equal(shell.status(), 130)


def main():
    tests = [f for name, f in list(globals().items())
             if callable(f) and getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("shell",)]
    for test in tests:
        if len(sys.argv) > 2 and sys.argv[2] not in test.__name__:
            continue
        shell = Shell()
        try:
            test(shell)
            print("ok %s" % test.__name__.replace("_", " "), flush=True)
        except AssertionError as error:
            print("not ok %s\n    %s" % (test.__name__.replace("_", " "), error), flush=True)
        finally:
            shell.close()
    print("done")


main()
