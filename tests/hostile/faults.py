#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faults.py FAULT_RUN INBYE: every system call and every allocation of the owner fails once.

tests/helpers/fault_run runs one command with a grandchild through the library. A first run under strace(1) counts
its calls per kind, between two marks; then each of them is made to fail (--inject), one run each. Whatever fails, the
program has to end soon and by itself, to say a right result or an error that names the stage, to hold the tree no
weaker than it would have, and to leave no process, no leaf, no descriptor, no child and no memory behind. Each
worker has a cgroup of its own, so that what is left can be told from what others do.

Then the command itself with very few descriptors and very little memory: one clear line and 125, or success; and the
library where the cgroup file system or /proc is missing.
"""
import concurrent.futures
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

FAULT_RUN, INBYE = sys.argv[1], sys.argv[2]
with open(INBYE, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()  # needs terabytes of address space, and no leak check under strace
PATIENCE = 10  # seconds, for what takes a tenth of one
N_WORKERS = 2
N_SAMPLES = 10  # of one kind in one scenario

# What the kernel can answer, per kind of call. A shortage must never make the mechanism weaker.
ERRORS = {
    "openat": ["EMFILE", "ENOMEM"], "mkdirat": ["ENOMEM", "ENOSPC"], "mkdir": ["ENOMEM"], "pipe2": ["EMFILE", "ENFILE"],
    "clone3": ["EAGAIN", "ENOMEM", "ENOSYS", "EACCES", "EMFILE"], "clone": ["EAGAIN", "ENOMEM"], "vfork": ["EAGAIN"],
    "epoll_create1": ["EMFILE"], "epoll_ctl": ["ENOSPC", "ENOMEM"], "epoll_wait": ["EINTR"], "epoll_pwait": ["EINTR"],
    "timerfd_create": ["EMFILE", "ENOMEM"], "eventfd2": ["EMFILE"], "signalfd4": ["EMFILE"], "fcntl": ["EMFILE", "ENOMEM"],
    "dup": ["EMFILE"], "pidfd_open": ["EMFILE", "ENOMEM"], "pidfd_send_signal": ["EPERM", "ESRCH"],
    "read": ["EINTR"], "pread64": ["ENOMEM", "EIO"], "write": ["ENOMEM"], "pwrite64": ["ENOMEM", "EINTR"],
    "getdents64": ["ENOMEM"], "newfstatat": ["ENOMEM"], "fstat": ["ENOMEM"], "statx": ["ENOMEM"],
    "faccessat2": ["ENOMEM"], "faccessat": ["ENOMEM"], "getrandom": ["EINTR", "ENOSYS"], "waitid": ["EINTR"],
    "poll": ["EINTR"], "ppoll": ["EINTR"], "mmap": ["ENOMEM"], "brk": ["ENOMEM"], "readlinkat": ["ENOMEM"], "readlink": ["ENOMEM"],
    "socketpair": ["EMFILE", "ENOMEM"], "recvmsg": ["ENOMEM"], "recvfrom": ["EINTR", "ECONNRESET"], "sendto": ["ENOMEM"],
    "fsetxattr": ["ENOSPC", "EOPNOTSUPP"],
    "flock": ["ENOLCK", "EOPNOTSUPP"],
}
# A host that refuses: with the mechanism named there is nothing weaker to take.
REFUSALS = {"openat": ["EACCES"], "mkdirat": ["EACCES", "EAGAIN"], "clone3": ["EACCES"], "write": ["EACCES"],
            "faccessat2": ["EROFS", "EACCES"], "pwrite64": ["EOPNOTSUPP"], "pidfd_open": ["ENOSYS", "EPERM"]}
# Not tried: what cannot fail with valid arguments, and what cleans up, which would leave just what it should clean.
LEFT_OUT = {"close", "statfs", "unlinkat", "munmap", "rt_sigprocmask", "timerfd_settime", "ioctl", "lseek", "prctl", "access",
            "getpid", "gettid", "kill", "rt_sigaction", "sched_getaffinity", "madvise", "mremap", "futex", "restart_syscall",
            "sysinfo", "getrlimit", "getrusage", "prlimit64", "clock_gettime", "exit_group", "geteuid", "getuid", "getegid",
            "shutdown"}

lock = threading.Lock()
counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(good, what):
    with lock:
        counts["passed" if good else "failed"] += 1
        if not good:
            print("not ok " + what, flush=True)
    return good


def skip(name, why):
    counts["skipped"] += 1
    print("skip %s: %s" % (name, why))


# --- cgroups: where a worker's trees are ----------------------------------------------------------------------


def own_cgroup():
    """The directory of our own cgroup, or None where there is none that we may write."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [line.split()[4] for line in file if " - cgroup2 " in line]
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        paths = [line.strip()[3:] for line in file if line.startswith("0::/")]
    if not mounts or not paths:
        return None
    path = mounts[0] + paths[0].rstrip("/")
    return path if os.access(path, os.W_OK) and os.access(path + "/cgroup.procs", os.W_OK) else None


def living(pids):
    """Those that are alive, as "pid (name) state"."""
    found = []
    for pid in pids:
        try:
            with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as file:
                stat = re.match(r"\d+ \(.*\) [^ZX]", file.read(), re.S)
        except OSError:
            continue
        if stat:
            found.append(stat.group())
    return found


class Place:
    """A cgroup that one worker starts everything in."""

    def __init__(self, base, name):
        self.path = os.path.join(base, name) if base else None
        if self.path:
            os.mkdir(self.path)

    def enter(self):  # in the child, before exec
        if self.path:
            with open(self.path + "/cgroup.procs", "w", encoding="utf-8") as file:
                file.write("0")

    def await_empty(self):
        with open(self.path + "/cgroup.events", encoding="utf-8") as events:
            change = select.poll()
            change.register(events, select.POLLPRI)
            for _ in range(PATIENCE):
                events.seek(0)
                if "populated 0" in events.read():
                    break
                change.poll(1000)

    def left(self):
        """What is still here, as text, ended and removed; empty: nothing."""
        found = []
        for path, folders, _ in os.walk(self.path or "", topdown=False):
            try:
                with open(path + "/cgroup.procs", encoding="utf-8") as file:
                    alive = living(file.read().split())
            except OSError:
                found.append("a cgroup that somebody was still about to remove")
                continue
            if alive:
                found.append("processes " + ", ".join(alive))
            if path != self.path:
                found.append("cgroup " + os.path.relpath(path, self.path))
        if found:
            with open(self.path + "/cgroup.kill", "w", encoding="utf-8") as file:
                file.write("1")
            self.await_empty()
            subprocess.run(["find", self.path, "-mindepth", "1", "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"],
                           stderr=subprocess.DEVNULL, check=False)
        return ", ".join(found)

    def remove(self):
        if self.path:
            os.rmdir(self.path)


# --- one run --------------------------------------------------------------------------------------------------


def run(place, argv, env=None, limit=None, stdin=""):
    """(exit code, stdout, stderr); the code is None when it had to be ended."""

    def prepare():
        place.enter()
        if limit:
            resource.setrlimit(limit[0], (limit[1], limit[1]))

    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", env=dict(os.environ, **(env or {})), preexec_fn=prepare,
                          start_new_session=True) as child:
        try:
            out, err = child.communicate(stdin, timeout=PATIENCE)
            return child.returncode, out, err
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            return None, out, err


EXPECTED = {"timeout": "timeout", "leftover": "ok", "cancel": "cancelled"}


def complaint(scenario, mechanism, code, out, err):
    """What is wrong with what it said; None: nothing."""
    lines = [line.split(" ", 3) for line in out.splitlines()]
    said = [line for line in lines if line[0] in ("result", "error", "failed")]
    if code is None:
        return "it hung"
    if code != 0 or err.strip():
        return "exit code %s, stderr: %s" % (code, err.strip()[-300:])
    if len(said) != 1:
        return "it said: " + out
    bad = [" ".join(line) for line in lines if line[0] == "left"]
    memory = re.search(r"^allocations \d+, left (-?\d+)$", out, re.M)
    if memory and int(memory.group(1)):
        bad.append("left %s blocks of memory" % memory.group(1))
    if said[0][0] == "result":
        status, held, rest = said[0][1], said[0][2], said[0][3].split()
        if status != EXPECTED[scenario]:
            bad.append("status " + status)
        if held != mechanism:
            bad.append("held by " + held)
        if rest[2] != "whole" and rest[1] == "0":
            bad.append("output was lost without a word")
    elif said[0][1] == "none" and said[0][3] != "-":
        bad.append("an error without a stage")
    elif said[0][2] == "0":
        bad.append("an error without a number")
    return "; ".join(bad + ([" ".join(said[0])] if bad else [])) or None


def one_fault(place, scenario, mechanism, named, kind, when, error):
    """@return "result", "error", "missed" or "bad"."""
    argv, env = [FAULT_RUN, scenario] + ([named] if named else []), {"ASAN_OPTIONS": "detect_leaks=0"}
    if kind == "malloc":
        env["FAULT_ALLOC"] = str(when)
        log = None
    else:
        log = tempfile.NamedTemporaryFile(mode="r", prefix="faults.", suffix=".log")
        inject = "%s:error=%s:when=%d" % (kind, error, when)
        argv = ["strace", "-qq", "-o", log.name, "-e", "trace=access,faccessat,faccessat2," + kind, "-e",
                "inject=" + inject] + argv
    code, out, err = run(place, argv, env)
    left = place.left()
    if log and code is not None and not re.search(r"INJECTED.*/fault_run/end", log.read(), re.S):
        return "missed"  # calls vary with time: this one did not come, or too late to count
    what = "%s %s, %s %d fails with %s" % (scenario, mechanism, kind, when, error)
    wrong = complaint(scenario, mechanism, code, out, err)
    if left:
        wrong = (wrong + "; " if wrong else "") + "left behind: %s after %r" % (left, out)
    if not check(not wrong, "%s: %s" % (what, wrong)):
        return "bad"
    return "result" if out.startswith("result") else "error"


# --- all faults of one scenario -------------------------------------------------------------------------------


def count_calls(place, scenario, named):
    """{kind: (calls before the first mark, calls between the marks)}, allocations."""
    with tempfile.NamedTemporaryFile(mode="r", prefix="faults.", suffix=".log") as log:
        argv = ["strace", "-qq", "-o", log.name, FAULT_RUN, scenario] + ([named] if named else [])
        code, out, err = run(place, argv, {"ASAN_OPTIONS": "detect_leaks=0"})
        text = log.read()
    part, found = 0, {}
    for line in text.splitlines():
        if "/fault_run/" in line:
            part += 1
        kind = re.match(r"(\w+)\(", line)
        if kind and part < 2:
            found.setdefault(kind.group(1), [0, 0])[part] += 1
    memory = re.search(r"^allocations (\d+)", out, re.M)
    wrong = complaint(scenario, named or "cgroup", code, out, err) or "" if out.startswith("result") else out
    check(part == 2 and not wrong, "%s without a fault: %s" % (scenario, wrong or "no marks"))
    return found, int(memory.group(1)) if memory else 0


def sample(n):
    return sorted({1 + i * (n - 1) // max(1, min(n, N_SAMPLES) - 1) for i in range(min(n, N_SAMPLES))})


def plan(place, scenario, named, errors_of):
    """[(kind, occurrence, error)] and {kind: calls}."""
    found, n_allocations = count_calls(place, scenario, named)
    faults, calls = [], {}
    for kind, (before, between) in sorted(found.items()):
        if not between or kind in LEFT_OUT:
            continue
        check(kind in ERRORS, "it is known how %s may fail" % kind)
        errors = errors_of.get(kind)
        if not errors:
            continue
        calls[kind] = between
        for i, nth in enumerate(sample(between)):
            for error in errors if between < 4 else [errors[i % len(errors)]]:
                faults.append((kind, before + nth, error))
    if n_allocations and errors_of is ERRORS:
        calls["malloc"] = n_allocations
        faults += [("malloc", i, "ENOMEM") for i in range(1, n_allocations + 1)]
    return faults, calls


def all_faults(places, scenario, mechanism, named, errors_of=ERRORS):
    faults, calls = plan(places[0], scenario, named, errors_of)
    table = {kind: {"result": 0, "error": 0, "missed": 0, "bad": 0} for kind in calls}
    free = list(places)

    def one(fault):
        with lock:
            place = free.pop()
        outcome = one_fault(place, scenario, mechanism, named, *fault)
        with lock:
            free.append(place)
            table[fault[0]][outcome] += 1

    with concurrent.futures.ThreadPoolExecutor(N_WORKERS) as pool:
        for done in [pool.submit(one, fault) for fault in faults]:
            done.result()
    print("\n%s, %s:\n%-20s %6s %6s %7s %6s %6s %4s" % (scenario, mechanism, "call", "calls", "tried", "result", "error",
                                                          "missed", "bad"))
    for kind, row in sorted(table.items()):
        print("%-20s %6d %6d %7d %6d %6d %4d" % (kind, calls[kind], sum(row.values()), row["result"], row["error"],
                                                   row["missed"], row["bad"]))


# --- the command, starved -------------------------------------------------------------------------------------


def starve(place, name, argv, stdin, limit, values, good):
    """One clear line and 125, or what is right; from some value on only that."""
    n_good = n_refused = 0
    for value in values:
        code, out, err = run(place, [INBYE] + argv, limit=(limit, value), stdin=stdin)
        lines = [line for line in err.splitlines() if line]
        loader = "loading shared libraries" in err or "TLS data structures" in err or code in (-signal.SIGSEGV, -signal.SIGKILL)
        if loader and n_good == 0:
            continue  # it never came to main()
        fine = good(code, out, lines)
        refused = code == 125 and len(lines) == 1 and lines[0].startswith("inbye: ") and not out
        n_good += fine
        n_refused += refused
        left = place.left()
        check((fine or refused) and not left,
              "%s with %d: exit code %s, %r, left: %s" % (name, value, code, err[-300:], left or "nothing"))
    check(n_good > 0, name + ": in the end there is enough")
    print("%-36s %3d refused, %3d done" % (name, n_refused, n_good))


def starved_commands(place):
    jobs = "".join('["sh", "-c", "setsid sleep 1000 & echo %d"]\n' % i for i in range(4))

    def ran(code, out, lines):
        return code == 0 and out == "hello\n"

    def batched(code, out, lines):
        return code in (0, 1) and len(re.findall(r"spawn_error: .", "\n".join(lines))) + len(out.splitlines()) >= 4

    script = ["run", "--", "sh", "-c", "setsid sleep 1000 & echo hello"]
    files, memory = resource.RLIMIT_NOFILE, resource.RLIMIT_AS
    starve(place, "inbye run, few descriptors", script, "", files, range(4, 30), ran)
    for mechanism in "reaper", "pidns":
        starve(place, "inbye run, few descriptors, " + mechanism, ["run", "--mechanism=" + mechanism] + script[1:], "", files,
               range(4, 40), ran)
    starve(place, "inbye batch, few descriptors", ["batch", "-j4"], jobs, files, range(4, 50), batched)
    if SANITIZED:
        return
    sizes = [n << 17 for n in range(40, 80)] + [16 << 20, 32 << 20, 64 << 20]
    starve(place, "inbye run, little memory", script, "", memory, sizes,
           lambda code, out, lines: ran(code, out, lines) or code in (2, 126, 127, 139, 137))
    starve(place, "inbye batch, little memory", ["batch", "-j4"], jobs, memory, sizes,
           lambda code, out, lines: code in (0, 1))


# --- hosts that lack something --------------------------------------------------------------------------------


def crippled(place, name, script, mechanism, wanted):
    argv = ["unshare", "--mount", "sh", "-c", script + '\nexec "$@"', "sh", FAULT_RUN, "timeout"]
    # Without /proc the loader does not know where the program is.
    env = {"LD_LIBRARY_PATH": os.path.join(os.environ["INBYE_BUILD"], "src"), "ASAN_OPTIONS": "detect_leaks=0"}
    code, out, err = run(place, argv + [mechanism], env)
    if mechanism == "pgroup":
        place.await_empty()  # without /proc nobody can look: what was killed may still be on its way
    left = place.left()
    check(code == 0 and re.search(wanted, out) and not left,
          "%s: exit code %s, %r, %r, left: %s" % (name, code, out, err, left or "nothing"))


def crippled_hosts(place, mount):
    if os.geteuid() != 0 or not shutil.which("unshare") or run(place, ["unshare", "--mount", "true"])[0] != 0:
        skip("crippled hosts", "a mount namespace cannot be made here")
        return
    gone = "umount -l " + mount
    crippled(place, "no cgroup2", gone, "cgroup", r"^error mechanism 95 .*no cgroup2 file system is mounted")
    crippled(place, "no cgroup2, pgroup will do", gone, "pgroup", r"^result timeout pgroup ")
    crippled(place, "cgroup2 read-only", "mount -o remount,bind,ro " + mount, "cgroup",
             r"^error mechanism 95 .*mounted read-only")
    if SANITIZED:
        return
    crippled(place, "no /proc", "mount -t tmpfs none /proc", "cgroup", r"^error mechanism 95 ")
    crippled(place, "no /proc, pgroup", "mount -t tmpfs none /proc", "pgroup", r"^(result timeout|error \w+ \d+ \w)")


def prove_that_it_sees(place):
    """What is left behind on purpose must be found, and taken away."""
    run(place, ["sh", "-c", "setsid sleep 1000 >&- 2>&- & mkdir $0/inbye.planted", place.path])
    found = place.left()
    check("processes " in found and "cgroup inbye.planted" in found, "what was planted is found: " + found)
    check(place.left() == "", "and taken away")


def main():
    base = own_cgroup()
    if not shutil.which("strace") or subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False).returncode:
        skip("faults", "strace does not work here")
        print("checks: 0 passed, 0 failed, 1 skipped")
        return 0
    places = [Place(base, "faults.%d.%d" % (os.getpid(), i)) for i in range(N_WORKERS)]
    try:
        if base:
            prove_that_it_sees(places[0])
            for scenario in EXPECTED:
                all_faults(places, scenario, "cgroup", None)
            all_faults(places, "timeout", "cgroup", "cgroup", REFUSALS)
        else:
            skip("faults of cgroup", "no cgroup of our own can be made here")
        for mechanism in "pgroup", "reaper", "pidns":
            all_faults(places, "timeout", mechanism, mechanism)
        print()
        starved_commands(places[0])
        if base:
            crippled_hosts(places[0], next(p for p in [base[:len(base) - i] for i in range(len(base))] if os.path.ismount(p)))
    finally:
        for place in places:
            place.left()
            place.remove()
    print("checks: %d passed, %d failed, %d skipped" % (counts["passed"], counts["failed"], counts["skipped"]))
    return 1 if counts["failed"] else 0


sys.exit(main())
