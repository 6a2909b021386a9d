# SPDX-License-Identifier: MIT
"""filters.py FILTER_CODE FOLDER CALLS_C: filters of system calls decide as those who wrote them meant.

The code that filter_code prints is run by an interpreter of classic BPF, over a table of call x arguments x machine,
and each verdict is held against one that was reached in another way: for JSON by reading the JSON here, for our own
profiles by the lists in calls.c. Of filters in words some verdicts are written down. Numbers of calls come from libseccomp; on a machine without it there is no such test.
"""
import ctypes
import itertools
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

MACHINES = {"x86_64": 0xc000003e, "x86": 0x40000003, "x32": 0x4000003e, "aarch64": 0xc00000b7, "arm": 0x40000028}
WIDE = {"x86_64", "aarch64"}
GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
KERNEL = (5, 10)
MASK64 = (1 << 64) - 1
ALLOW, KILL, ERRNO, LOG = 0x7fff0000, 0, 0x50000, 0x7ffc0000
ACTIONS = {"SCMP_ACT_ALLOW": ALLOW, "SCMP_ACT_KILL": KILL, "SCMP_ACT_ERRNO": ERRNO, "SCMP_ACT_LOG": LOG,
           "SCMP_ACT_KILL_PROCESS": 0x80000000, "SCMP_ACT_TRAP": 0x30000, "SCMP_ACT_TRACE": 0x7ff00000}

seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
n_failed = n_passed = 0


def check(name, good, why=""):
    global n_failed, n_passed
    n_passed, n_failed = n_passed + bool(good), n_failed + (not good)
    print("%s %s%s" % ("ok" if good else "not ok", name, ": " + why if why else ""))


# --- the machine that runs it ---------------------------------------------------------------------------------------

class Code:
    """A program of classic BPF, checked as the kernel checks it."""
    OPERATIONS = {0x20, 0x06, 0x05, 0x15, 0x25, 0x35, 0x54}

    def __init__(self, data):
        self.code = list(struct.iter_unpack("<HBBI", data))
        for i, (operation, yes, no, k) in enumerate(self.code):
            assert operation in self.OPERATIONS, "operation %#x at %d" % (operation, i)
            assert i + 1 + max(yes, no, k if operation == 0x05 else 0) < len(self.code) or operation == 0x06
            assert operation != 0x20 or (k < 64 and k % 4 == 0)
        assert len(self.code) <= 4096

    def run(self, number, arch, arguments):
        data = struct.pack("<IIQ6Q", number & 0xffffffff, arch, 0, *arguments)
        at = a = 0
        while True:
            operation, yes, no, k = self.code[at]
            at += 1
            if operation == 0x20:
                a = struct.unpack_from("<I", data, k)[0]
            elif operation == 0x54:
                a &= k
            elif operation == 0x05:
                at += k
            elif operation == 0x06:
                return k
            else:
                at += yes if {0x15: a == k, 0x25: a > k, 0x35: a >= k}[operation] else no


def code_of(*arguments):
    done = subprocess.run([sys.argv[1], *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode())
    return Code(done.stdout)


# --- calls ----------------------------------------------------------------------------------------------------------

def numbers(machine):
    """Name -> number of all calls of a machine."""
    first = 0x40000000 if machine == "x32" else 0
    found = {}
    for number in range(first, first + 700):
        name = seccomp.seccomp_syscall_resolve_num_arch(MACHINES[machine], number)
        if name:
            found[name.decode()] = number
    return found


CALLS = {machine: numbers(machine) for machine in MACHINES}


def arch_of(machine):
    return MACHINES["x86_64" if machine == "x32" else machine]


# --- the same decision, from the JSON -------------------------------------------------------------------------------

def holds(test, arguments, machine):
    value, two, given = test["value"], test.get("valueTwo") or 0, arguments[test["index"]]
    op = test["op"][9:]
    if machine not in WIDE:
        given &= 0xffffffff
        if op in ("EQ", "NE"):
            value &= 0xffffffff
        if op == "MASKED_EQ":
            value, two = value & 0xffffffff, two & 0xffffffff
    return {"EQ": given == value, "NE": given != value, "LT": given < value, "LE": given <= value,
            "GT": given > value, "GE": given >= value, "MASKED_EQ": given & value == two & value}[op]


def applies(rule, capabilities, native):
    yes, no = rule.get("includes") or {}, rule.get("excludes") or {}
    arch = GO_NAMES[native]
    if yes.get("arches") and arch not in yes["arches"] or arch in no.get("arches", []):
        return False
    if not set(yes.get("caps", [])) <= capabilities or set(no.get("caps", [])) & capabilities:
        return False
    if "minKernel" in yes and KERNEL < tuple(map(int, yes["minKernel"].split("."))):
        return False
    return not ("minKernel" in no and KERNEL >= tuple(map(int, no["minKernel"].split("."))))


class Reference:
    def __init__(self, profile, capabilities, native):
        self.native = native
        self.otherwise = self.action(profile["defaultAction"], profile.get("defaultErrnoRet", 1))
        self.rules = {}
        for rule in profile["syscalls"]:
            action = self.action(rule["action"], rule.get("errnoRet", 1))
            if applies(rule, capabilities, native) and action != self.otherwise:
                for name in rule["names"]:
                    self.rules.setdefault(name, []).extend((action, tests) for tests in self.tests(rule))
        for rules in self.rules.values():
            rules.sort(key=lambda rule: bool(rule[1]))
        self.machines = {native}
        for entry in profile.get("archMap") or []:
            if entry["architecture"] == "SCMP_ARCH_" + native.upper():
                self.machines |= {name[10:].lower() for name in entry["subArchitectures"]}

    @staticmethod
    def action(name, number):
        return ACTIONS[name] | (number if name in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") else 0)

    @staticmethod
    def tests(rule):
        tests = rule.get("args") or []
        if len({test["index"] for test in tests}) < len(tests):
            return [[test] for test in tests]
        return [tests]

    def decide(self, name, arguments, machine):
        if machine not in self.machines:
            return KILL
        for action, tests in self.rules.get(name, []):
            if all(holds(test, arguments, machine) for test in tests):
                return action
        return self.otherwise

    def values(self, name):
        """Values worth trying, for each argument."""
        found = [{0} for _ in range(6)]
        for _, tests in self.rules.get(name, []):
            for test in tests:
                for value in (test["value"], test.get("valueTwo") or 0):
                    near = (value, value + 1, value - 1, value ^ 1 << 32, value | 1 << 63, value << 32, MASK64)
                    found[test["index"]] |= {v & MASK64 for v in near}
        return [sorted(values) for values in found]

    def compare(self, code):
        """How many decisions are alike; raises where one is not."""
        n = 0
        for machine in MACHINES:
            if machine in ("x86_64", "x86", "x32") and self.native == "aarch64":
                names = {"read": CALLS[machine]["read"]}
            else:
                names = CALLS[machine]
            for name, number in names.items():
                for arguments in itertools.product(*self.values(name)):
                    got = code.run(number, arch_of(machine), arguments)
                    wanted = self.decide(name, arguments, machine)
                    assert got == wanted, "%s of %s with %s: %#x, not %#x" % (name, machine, arguments, got, wanted)
                    n += 1
        return n


def compare_json(name, path, capabilities, native):
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    bits = sum(1 << CAPABILITIES.index(capability) for capability in capabilities)
    try:
        code = code_of("json", path, "%x" % bits, "%x" % MACHINES[native])
        n = Reference(profile, set(capabilities), native).compare(code)
        check(name, n > 700, "%d decisions, %d instructions" % (n, len(code.code)))
    except (AssertionError, ValueError) as error:
        check(name, False, str(error))


CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
CAPABILITIES = ["CAP_" + name for name in CAPABILITIES]
# Those that Docker gives to what it runs.
DOCKER = ["CAP_" + name for name in """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP
NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE""".split()]


# --- made up --------------------------------------------------------------------------------------------------------

def random_profile(chance):
    ops = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]
    interesting = [0, 1, 7, 0xffffffff, 1 << 32, (1 << 32) + 5, 1 << 63, MASK64, 0x7fffffff, 0x80000000]
    actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG", "SCMP_ACT_TRAP"]
    rules = []
    for _ in range(60):
        tests = [{"index": chance.randrange(6), "op": "SCMP_CMP_" + chance.choice(ops),
                  "value": chance.choice(interesting), "valueTwo": chance.choice(interesting)}
                 for _ in range(chance.randrange(4))]
        names = chance.sample(["read", "socket", "personality", "ioctl", "openat", "kill", "no_such_call"], 2)
        # Without tests a rule would outdo all those with tests: other calls have such ones.
        rules.append({"names": names if tests else chance.sample(sorted(CALLS["aarch64"]), 3),
                      "action": chance.choice(actions), "errnoRet": chance.randrange(1, 134), "args": tests})
    # Tests of several arguments at once only by twos: the table is a product.
    for rule in rules:
        rule["args"] = rule["args"][:2]
    return {"defaultAction": chance.choice(actions[:3]), "syscalls": rules,
            "archMap": [{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}]}


def compare_random(folder):
    class Sampled(Reference):
        def values(self, name):
            return [random.Random(name).sample(values, min(len(values), 4)) for values in super().values(name)]

    n = 0
    try:
        for seed in range(8):
            profile = random_profile(random.Random(seed))
            path = os.path.join(folder, "random.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(profile, file)
            # Of aarch64, where there is one way to make a call.
            code = code_of("json", path, "0", "%x" % MACHINES["aarch64"])
            n += Sampled(profile, set(), "aarch64").compare(code)
        check("filters made up at random, all comparisons, 64 bits", n > 10000, "%d decisions" % n)
    except (AssertionError, ValueError) as error:
        check("filters made up at random, all comparisons, 64 bits", False, "seed %d: %s" % (seed, error))


def check_itself(folder):
    """A verdict that is not the one wanted is seen."""
    path = os.path.join(folder, "docker.json")
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    code = code_of("json", path, "0", "%x" % MACHINES["x86_64"])
    try:
        Reference(profile, {"CAP_SYS_CHROOT"}, "x86_64").compare(code)
        check("a filter for other capabilities is told apart", False)
    except AssertionError as error:
        check("a filter for other capabilities is told apart", str(error).startswith("chroot of x86_64"), str(error))


def check_ways(folder):
    """socket() of 32-bit x86 is made by its own number and by socketcall()."""
    path = os.path.join(folder, "ways.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [
            {"names": ["socket", "semget"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97}]}, file)
    code = code_of("json", path, "0", "%x" % MACHINES["x86_64"])
    x86 = MACHINES["x86"]
    check("socket() of x86 by its own number", code.run(359, x86, [0] * 6) == ERRNO | 97)
    check("socket() of x86 by socketcall()", code.run(102, x86, [1, 0, 0, 0, 0, 0]) == ERRNO | 97)
    check("another socketcall() is let through", code.run(102, x86, [2, 0, 0, 0, 0, 0]) == ALLOW)
    check("semget() of x86 by ipc(), whatever its version",
          code.run(117, x86, [2, 0, 0, 0, 0, 0]) == code.run(117, x86, [0x10002, 0, 0, 0, 0, 0]) == ERRNO | 97)
    check("semget() of x86 by its own number", code.run(393, x86, [0] * 6) == ERRNO | 97)
    check("x32, that was not named, has no call", code.run(0x40000000, arch_of("x32"), [0] * 6) == KILL)
    check("a call that a tracer skips is not one of x32", code.run(0xffffffff, arch_of("x32"), [0] * 6) == ALLOW)


# --- our own profiles -----------------------------------------------------------------------------------------------

def listed(text, table):
    """Names in one of the tables of calls.c, with whether they ask for arguments."""
    body = re.search(r"%s\[\] = \{(.*?)^\};" % table, text, re.S | re.M).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    names = {}
    for name, rest in re.findall(r'\{\s*"(\w+)"([^}]*)\}', body):
        names[name] = names.get(name, False) or bool(rest.strip(" ,\n"))
    for macro, expands in (("SOCKET(", ("socket", "socketpair")), ("PERSONALITY(", ("personality",))):
        for name in expands if macro in body else ():
            names[name] = True
    return names


def check_profiles(text):
    denied, known = listed(text, "calls_denied"), listed(text, "calls_known")
    check("the lists were read", len(denied) > 40 and len(known) > 300, "%d denied, %d known" % (len(denied), len(known)))
    for native, others in (("x86_64", ("x86", "x32")), ("aarch64", ("arm",))):
        codes = [code_of("profile", str(i), "%x" % MACHINES[native]) for i in range(3)]
        for machine in (native, *others):
            bad, n = [], 0
            for name, number in CALLS[machine].items():
                verdicts = [code.run(number, arch_of(machine), [0] * 6) for code in codes]
                allowed = name in known and machine == native
                # With arguments that are all 0 the calls that are let through by their arguments are, those denied not.
                zero = {"socket": False, "socketpair": False, "clone3": False}.get(name, True)
                wanted = [ERRNO | 1 if denied.get(name) is False else ALLOW,
                          ALLOW if allowed and zero else ERRNO | 38, ALLOW if allowed and zero else LOG]
                n += 1
                if verdicts != wanted:
                    bad.append("%s: %s" % (name, list(map(hex, verdicts))))
            check("profiles of %s decide %s's calls" % (native, machine), n > 300 and not bad, "; ".join(bad) or "%d calls" % n)
    deny, known_code = (code_of("profile", str(i), "%x" % MACHINES["x86_64"]) for i in range(2))
    x86_64, calls = MACHINES["x86_64"], CALLS["x86_64"]

    def verdict(code, name, *arguments):
        return code.run(calls[name], x86_64, [*arguments, *[0] * (6 - len(arguments))])
    check("TIOCSTI is denied, whatever the upper half of its number",
          verdict(deny, "ioctl", 0, 0x5412) == verdict(deny, "ioctl", 0, 0xabcd00005412) == ERRNO | 1)
    check("another ioctl is let through", verdict(deny, "ioctl", 0, 0x5413) == ALLOW)
    check("clone() with a namespace is not known", verdict(known_code, "clone", 0x10000000 | 17) == ERRNO | 38)
    check("clone() of a thread is", verdict(known_code, "clone", 0x3d0f00) == ALLOW)
    check("sockets of AF_VSOCK are not known", verdict(known_code, "socket", 40) == ERRNO | 38)
    check("sockets of AF_INET are", verdict(known_code, "socket", 2) == ALLOW)
    check("a block device is not made", verdict(known_code, "mknodat", 0, 0, 0o60600) == ERRNO | 38)
    check("a fifo is", verdict(known_code, "mknodat", 0, 0, 0o10600) == ALLOW)
    check("a call that nobody has yet is not known", known_code.run(9999, x86_64, [0] * 6) == ERRNO | 38)


# --- words ----------------------------------------------------------------------------------------------------------

# words -> [(call, machine, verdict)]
WORDS = {
    "@system-service": [
        ("openat", "x86_64", ALLOW), ("openat", "x86", ALLOW), ("openat", "x32", ALLOW), ("io_setup", "x86_64", ALLOW),
        ("mount", "x86_64", ERRNO | 1), ("mount", "x86", ERRNO | 1), ("ptrace", "x32", ERRNO | 1), (9999, "x86_64", ERRNO | 38)],
    "read  write\t": [
        ("read", "x86_64", ALLOW), ("execve", "x86_64", ALLOW), ("openat", "x86_64", ERRNO | 1), (600, "x86_64", ERRNO | 38)],
    "@file-system openat2:ENOSYS @chown:30 unlink:kill": [
        ("openat", "x86_64", ALLOW), ("openat2", "x86_64", ERRNO | 38), ("fchown", "x86_64", ERRNO | 30),
        ("unlink", "x86_64", 0x80000000), ("unlinkat", "x86_64", ALLOW)],
    "@known:EACCES read": [("read", "x86_64", ALLOW), ("write", "x86_64", ERRNO | 13), ("exit", "x86_64", ERRNO | 13)],
    "~@mount": [
        ("mount", "x86_64", ERRNO | 1), ("umount", "x86", ERRNO | 1), ("umount2", "x32", ERRNO | 1), ("read", "x86_64", ALLOW),
        (9999, "x86_64", ALLOW), ("mount", "aarch64", KILL)],
    "~ @mount umount2:ENOSYS ptrace": [
        ("mount", "x86_64", ERRNO | 1), ("umount2", "x86_64", ERRNO | 38), ("ptrace", "x86_64", ERRNO | 1)],
    "~@privileged @mount:EBUSY": [("mount", "x86_64", ERRNO | 16), ("swapon", "x86_64", ERRNO | 1), ("chroot", "x86_64", ERRNO | 16)],
}
WRONG_WORDS = {
    "": "is empty", "~": "is empty", "opne": "no system call 'opne' did you mean 'open'?",
    "@mounts": "no group of system calls '@mounts' did you mean '@mount'?", "read ~write": "before the first word",
    "read:ENOSIS": "no error 'ENOSIS' did you mean 'ENOSYS'?", "read:0": "no error '0'", "read:5000": "no error '5000'",
    "~read:": "no error ''", ":EPERM": "no system call ''",
}


def check_words():
    for words, wanted in WORDS.items():
        code = code_of("words", words, "%x" % MACHINES["x86_64"])
        for call, machine, verdict in wanted:
            got = code.run(call if isinstance(call, int) else CALLS[machine][call], arch_of(machine), [0] * 6)
            check("words '%s' decide %s of %s" % (words, call, machine), got == verdict, "%#x" % got)
    for words, text in WRONG_WORDS.items():
        try:
            code_of("words", words, "%x" % MACHINES["x86_64"])
            check("words '%s' are refused" % words, False)
        except ValueError as error:
            check("words '%s' are refused" % words, text in str(error), str(error))


def main():
    folder, calls = sys.argv[2:4]
    for program in ("docker", "podman"):
        for native in ("x86_64", "aarch64"):
            for name, capabilities in (("none", []), ("Docker's", DOCKER), ("all", CAPABILITIES)):
                compare_json("%s.json on %s, capabilities: %s" % (program, native, name),
                             os.path.join(folder, program + ".json"), capabilities, native)
    check_itself(folder)
    with tempfile.TemporaryDirectory() as own:
        compare_random(own)
        check_ways(own)
    with open(calls, encoding="utf-8") as file:
        check_profiles(file.read())
    check_words()
    print("checks: %d passed, %d failed, 0 skipped" % (n_passed, n_failed))
    return n_failed != 0


sys.exit(main())
