#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""resume.py INBYE DIR SEED [OPTION]...: kill a batch at random moments, resume it until it is done.

Each job leaves a byte in a file of its own when it begins and when it is about to end, and tells a fifo. The moment
of the kill is counted in what the fifo tells, and in system calls' time after it: nothing here sleeps.
"""
import json
import os
import random
import select
import subprocess
import sys

N_JOBS, N_KILLS = 120, 25
JOB = 'printf x >>"begun.$1"; echo b >fifo; printf x >>"done.$1"; echo d >fifo; [ "$1" != 7 ]'


def size(name):
    try:
        return os.stat(name).st_size
    except FileNotFoundError:
        return 0


def logged():
    """Jobs that have a whole line in the log."""
    with open("log", encoding="utf-8") as file:
        lines = file.read().split("\n")[1:-1]
    return {line.split("\t")[8].rsplit(" ", 1)[1] for line in lines}


def check_results():
    """Every line is whole, and every job that was logged has one."""
    with open("results", encoding="utf-8") as file:
        results = [json.loads(line) for line in file]
    told = {result["id"] for result in results if result["status"] != "cancelled"}
    if told != logged():
        sys.exit("%d jobs are logged, %d have a result" % (len(logged()), len(told)))


def start(inbye, options):
    jobs = [str(i) for i in range(N_JOBS)]
    return subprocess.Popen([inbye, "batch", "-q", "-j4", "--joblog", "log", "--resume", "--results", "results",
                             *options, "--", "sh", "-c", JOB, "-", ":::", *jobs], stdin=subprocess.DEVNULL)


def listen(fifo, pid, n):
    """Until the fifo has told so much, or the batch has ended."""
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(fifo, select.POLLIN)
    poll.register(pidfd, select.POLLIN)
    for _ in range(n):
        ready = {fd for fd, _ in poll.poll()}
        if fifo not in ready:
            break
        os.read(fifo, 2)
    os.close(pidfd)


def main():
    inbye, folder, seed, options = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    rng = random.Random(seed)
    os.mkdir(folder)
    os.chdir(folder)
    os.mkfifo("fifo")
    fifo = os.open("fifo", os.O_RDWR | os.O_CLOEXEC)
    frozen = {}  # job: how often it had begun when its line was seen first
    n_kills = 0
    while n_kills < N_KILLS and len(frozen) < N_JOBS:
        batch = start(inbye, options)
        listen(fifo, batch.pid, rng.randint(1, 10))
        for _ in range(rng.randint(0, 400)):
            os.stat("fifo")
        batch.kill()
        n_kills += batch.wait() == -9
        for job in logged():
            frozen.setdefault(job, size("begun." + job))
    if n_kills < 5:
        sys.exit("only %d kills hit a batch that ran" % n_kills)
    for expected in (0, 1):  # the rest, and then nothing: what failed stands in the log as well
        batch = start(inbye, options)
        status = batch.wait()
        if expected == 1 and status != 0:
            sys.exit("a batch of which all is logged ended with %d" % status)
    for i in range(N_JOBS):
        job = str(i)
        if size("done." + job) < 1:
            sys.exit("job %s is lost" % job)
        if job in frozen and size("begun." + job) != frozen[job]:
            sys.exit("job %s was logged and ran again" % job)
    if len(logged()) != N_JOBS:
        sys.exit("%d of %d jobs are logged" % (len(logged()), N_JOBS))
    check_results()
    print("%d kills, %d jobs were logged before the last run" % (n_kills, len(frozen)))


main()
