# SPDX-License-Identifier: MIT
"""limits_owner.py INBYE: an owner that is killed leaves no directory of its limited tree, in any hierarchy."""
import glob
import os
import re
import select
import subprocess
import sys


def wardens_of(owner):
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        if "(inbye-warden)" in text and int(text.rsplit(")", 1)[1].split()[1]) == owner:
            yield int(text.split()[0])


def directories(names):
    with open("/proc/self/mountinfo") as file:
        mounts = {line.split()[4] for line in file if " - cgroup" in line}
    return [os.path.join(path, name) for mount in mounts for path, below, _ in os.walk(mount)
            for name in below if name in names]


owner = subprocess.Popen([sys.argv[1], "run", "--limit", "memory=64M,tasks=64", "sh", "-c", "echo $$; exec sleep 1000"],
                         stdout=subprocess.PIPE)
pid = int(owner.stdout.readline())
with open("/proc/%d/cgroup" % pid) as file:
    sessions = set(re.findall(r"inbye\.[0-9a-f]{32}", file.read()))
assert sessions and directories(sessions), sessions
wardens = [os.pidfd_open(warden) for warden in wardens_of(owner.pid)]
assert wardens
owner.kill()
assert owner.stdout.read() == b""  # nobody holds it any more
for warden in wardens:
    assert select.select([warden], [], [], 60)[0], "a warden does not end"
owner.wait()
assert not directories(sessions), directories(sessions)
