#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""trace.py FILE [JOBS]: hold a file of trace events against the format, as a viewer would read it.

What the format asks of each kind of event, and what makes the picture true: no two commands at once in one lane, each
lane named, times that do not go back, the counter equal to the number of commands that the lanes show.
"""
import json
import sys

KEYS = {"M": {"name", "pid", "args"}, "C": {"name", "pid", "ts", "args"}, "i": {"name", "pid", "ts", "s"},
        "X": {"name", "pid", "tid", "ts", "dur", "args"}}
ARGS = {"job": int, "attempt": int, "id": (str, type(None)), "command": str, "status": str, "code": (int, type(None)),
        "signal": (str, type(None)), "cpu_user_us": (int, type(None)), "cpu_system_us": (int, type(None)),
        "peak_memory_bytes": (int, type(None)), "stdout_bytes": int, "stderr_bytes": int}


def keys(events):
    for event in events:
        lacking = KEYS[event["ph"]] - event.keys()
        assert not lacking, "%s lacks %s" % (event, lacking)
        for key in {"ts", "dur"} & event.keys():
            assert isinstance(event[key], (int, float)) and event[key] >= 0, event


def arguments(events):
    for event in events:
        if event["ph"] in "Xi":
            for key, kind in ARGS.items():
                assert isinstance(event["args"][key], kind), (key, event)


def lanes(events):
    ends, names = {}, {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert [e["args"]["name"] for e in events if e["name"] == "process_name"] == ["inbye batch"]
    for event in sorted((e for e in events if e["ph"] == "X"), key=lambda e: e["ts"]):
        lane = event["tid"]
        assert names[lane] == "slot %d" % lane
        assert event["ts"] >= ends.get(lane, 0), "two at once in lane %d: %s" % (lane, event)
        ends[lane] = event["ts"] + event["dur"]


def counter(events):
    """Each value stands for a start or an end; it never falls below what the lanes show."""
    values = [(e["ts"], e["args"]["jobs"]) for e in events if e["ph"] == "C"]
    assert values == sorted(values, key=lambda v: v[0]), "the counter goes back in time"
    steps = [b[1] - a[1] for a, b in zip([(0, 0)] + values, values)]
    assert set(steps) <= {1, -1}, "the counter jumps: %s" % steps
    assert steps.count(-1) == sum(e["ph"] == "X" for e in events), "an end for each attempt that ended"
    assert max([0] + [v for _, v in values]) <= len({e["tid"] for e in events if e["name"] == "thread_name"})


def jobs(events, n):
    assert {e["args"]["job"] for e in events if e["ph"] in "Xi"} == set(range(1, n + 1))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)
    for check in (keys, arguments, lanes, counter):
        check(events)
    if len(sys.argv) > 2:
        jobs(events, int(sys.argv[2]))


main()
