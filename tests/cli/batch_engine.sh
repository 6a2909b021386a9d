#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: again, early ends, pools and pace; and the two recipes that it has to stand for.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
# value FILE EXPRESSION: what python makes of the lines of JSON, `r` by job and `s` the last line
value() {
        python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
r, s = {l["job"]: l for l in lines if "job" in l}, lines[-1]
print(eval(sys.argv[2]))' "$1" "$2"
}
equals() {
        [ "$1" = "$2" ] || { printf '    %s, not %s\n' "$1" "$2"; return 1; }
}
cd "$tmp" || exit 1

# --- again
cat >flaky <<'END'
echo x >>"tries.$1"
test "$(wc -l <"tries.$1")" -ge "$1" || exit 75
END
expect_status 0 batch -q --retries 3 --retry-delay 1ms --results=r1 --json -- sh flaky ::: 1 3 4
check "a job that fails is started again" equals "$(value r1 '[r[i]["attempts"] for i in (1, 2, 3)]')" "[1, 3, 4]"
check "the summary counts the retries" equals "$(value .out 's["retries"]')" 5
expect_status 1 batch --retries 9 --retry-delay 0 --retry-on 75-77,timeout --results=r2 -- sh -c 'exit $1' x ::: 7 76
check "only exit codes that were named are tried again" equals "$(value r2 'r[1]["attempts"], r[2]["attempts"]')" "(1, 10)"
match_err '^inbye: job 2 \(76\): nonzero, attempt 10, exit 76 after '
match_err '^  retries  *9$'
printf '%s\n' '{"argv": ["false"], "retries": 2}' '["false"]' >jobs
expect_status 1 batch -q --retry-delay=1ms:1s --retries 1 --results=r3 jobs
check "a job may have a number of its own" equals "$(value r3 'r[1]["attempts"], r[2]["attempts"]')" "(3, 2)"

# --- early ends
expect_status 1 batch -j1 --halt now,fail=1 --results=r4 --summary=s4 -- sh -c 'exit $1' x ::: 0 3 0 0
check "what was never started has a result that says so" \
        equals "$(value r4 '[(r[i]["status"], r[i]["attempts"]) for i in (3, 4)]')" "[('cancelled', 0), ('cancelled', 0)]"
check "the summary counts it" equals "$(value s4 's["not_started"], s["jobs"], s["cause"]')" "(2, 2, 'halted')"
match_err '^  not started  *2$'
check "nothing is said of each of them" sh -c "! grep -q 'job 3' '$err'"
expect_status 0 batch -q -j3 --halt now,success=1 --json -- sh -c 'test $1 = b || exec sleep 1000' x ::: a b c
check "a race is won by the first success" equals "$(value .out 's["by_status"]["ok"]')" 1
expect_status 1 batch -q -j1 --halt soon,fail=50% --json -- sh -c 'exit $(($1 % 2))' x ::: 1 2 3 4 5 6 7 8 9
check "a share of failures ends it" equals "$(value .out 's["by_status"]["nonzero"]')" 3
expect_status 124 batch -j2 --deadline 200ms --json -- sh -c 'echo $1; exec sleep $1' x ::: 0 1000 1000 1000
match_out '^0$'
match_out '"not_started":1,.*"cause":"deadline"'
expect_status 124 batch -q --deadline 100ms --retries 5 --retry-delay 1h --results=- -- sh -c 'exit 7'  ::: x
match_out '"status":"nonzero".*"attempts":1'

# --- pools, weights, pace
cat >mark <<'END'
mkdir "$1.$2"; ls -d "$1".* | wc -l; sleep 0.02; rmdir "$1.$2"
END
for i in 1 2 3 4 5 6 7 8; do
        printf '{"argv": ["sh", "mark", "net", "%s"], "pool": "net"}\n' $i
        printf '{"argv": ["sh", "mark", "big", "%s"], "weight": 2}\n' $i
done >pooled
expect_status 0 batch -q -j4 -k --pool net=1 --pool disk=2 pooled
check "a pool keeps its cap, a weight counts twice" \
        equals "$(sed -n 'p;n' "$out" | sort -u | tr -d ' ') $(sed -n 'n;p' "$out" | sort -n | tail -1 | grep -c '[12]')" "1 1"
expect_status 0 batch -q --rate 20/s -- true ::: 1 2 3
expect_status 0 batch -q --delay 10ms -- true ::: 1 2 3
echo '["true"]' >one
for option in --rate=1/h --delay=1h; do
        expect_status 0 timeout 60 "$INBYE" batch -q $option -- true ::: 1
        expect_status 0 timeout 60 "$INBYE" batch -q $option one
done
expect_status 124 batch -q --delay 1h --deadline 200ms --json -- true ::: 1 2 3
match_out '"not_started":2,'

# --- held back while the system is busy
for option in --memfree=1000T --load=0.001 --load=0.2%; do
        expect_status 124 batch -q $option --deadline 200ms --json -- touch ran ::: x
        match_out '"not_started":1,'
done
expect_status 0 batch -q --memfree 1K --load 9999 -- true ::: 1 2
if [ -w /proc/pressure/cpu ] && sh -c 'echo "some 2000000 2000000" >/proc/pressure/cpu' 2>/dev/null; then
        expect_status 0 batch -q --psi cpu=100,memory=100,io=100 --deadline 60s -- true ::: 1 2
else
        expect_status 125 batch -q --psi cpu=100 -- touch ran ::: 1
        match_err '^inbye: watching the pressure of cpu'
fi

# --- a limit of time that follows the jobs
expect_status 1 batch -q -j1 --timeout 1000% --results=rt -- sleep ::: 0.05 0.05 0.05 1000 0.05
check "what takes ten times the median is ended" equals "$(value rt 'r[4]["status"], len(r)')" "('timeout', 5)"

# --- a width that changes while jobs run
echo 1 >width
mkfifo up
cat >meet <<'END'
["sh", "-c", "echo 2 >width; kill -USR2 $PPID; read x <up"]
["sh", "-c", "echo x >up"]
END
expect_status 0 batch -q -j @width --deadline 60s meet
match_err '^inbye: at most 2 at once$'
echo '["sh", "-c", "echo none >width; kill -USR2 $PPID; sleep 0.1"]' >meet
expect_status 0 batch -q -j @width meet
match_err "^inbye: 'none' in width is no number of jobs from 1 on"
expect_status 125 batch -j @width -- touch ran ::: x
expect_status 125 batch -j @missing -- touch ran ::: x

# --- refused before anything runs
for option in --retries=-1 --retries=x --retry-delay=x --retry-delay=2s:1s --retry-on=ok --retry-on=cancelled --retry-on=0 \
        --retry-on=256 --retry-on=x,1 --halt=later --halt=now,fail --halt=now,fail=0 --halt=soon,fail=101% \
        --halt=never,fail=1 --halt=now,lose=1 --deadline=soon --rate=10 --rate=0/s --rate=3/0s --rate=1/x --delay=-1 --pool=net \
        --pool=net=0 --pool==1 --load=x --load=0 --load=1.5x --memfree=x --psi=cpu --psi=cpu=0 --psi=cpu=101 --psi=disk=3 \
        --timeout=0% --timeout=x%; do
        expect_status 125 batch $option -- touch ran ::: x
done
expect_status 125 batch --pool=a=1 --pool=a=2 -- touch ran ::: x
# options that would do nothing
for option in --retry-on=timeout --retry-delay=1s --pool=a=1 --stream --skip-invalid --allow-env=PATH; do
        expect_status 125 batch $option -- touch ran ::: x
        match_err "^inbye: ${option%%=*} |^inbye: --retry-on and --retry-delay need --retries"
done
printf '%s\n' '{"argv": ["touch", "ran"], "pool": "none"}' >jobs
expect_status 125 batch jobs
match_err "^inbye: jobs:1:.*pool: there is no 'none'; name it with --pool=none=N"
for key in '"retries": -1' '"weight": 0' '"weight": "2"' '"pool": 3'; do
        printf '{"argv": ["touch", "ran"], %s}\n' "$key" >jobs
        expect_status 125 batch jobs
done
check "nothing ran" test ! -e ran

# --- the first recipe: a bounded fan-out
cat >fan <<'END'
["printf", "%s\n", "; touch shell-was-here #"]
["sh", "mark", "fan", "2"]
["sh", "mark", "fan", "3"]
["sh", "mark", "fan", "4"]
["sh", "mark", "fan", "5"]
["sh", "-c", "echo to-out; echo to-err >&2; exit 3"]
{"argv": ["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!; exec sleep 1000"], "timeout": "200ms"}
["sh", "-c", "kill -9 $$"]
{"argv": ["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"], "capture_limit": "64K"}
["/nonexistent/program"]
END
expect_status 1 batch -q -j2 --results=rf --summary=sf fan
check "fan-out: a command is an argument vector, no shell reads it" test ! -e shell-was-here
check "fan-out: what stands in the vector arrives as it is" \
        equals "$(value rf 'r[1]["stdout"]["data"]')" "; touch shell-was-here #"
check "fan-out: never more than the cap at once" \
        equals "$(value rf 'max(int(r[i]["stdout"]["data"]) for i in (2, 3, 4, 5)) <= 2')" True
check "fan-out: output and errors of each command are captured apart" \
        equals "$(value rf 'r[6]["stdout"]["data"] + r[6]["stderr"]["data"]')" "to-out
to-err"
check "fan-out: a command that takes too long is ended, with what it had written" \
        equals "$(value rf 'r[7]["status"], int(r[7]["stdout"]["data"]) > 0')" "('timeout', True)"
check "fan-out: all that came of it is killed and reaped before its result" \
        sh -c "! kill -0 $(value rf 'int(r[7]["stdout"]["data"])') 2>/dev/null"
check "fan-out: each way to end has its status" \
        equals "$(value rf '[r[i]["status"] for i in (1, 6, 7, 8, 10)]')" \
        "['ok', 'nonzero', 'timeout', 'signaled', 'spawn_error']"
check "fan-out: exit code and signal are in the result" \
        equals "$(value rf 'r[6]["code"], r[8]["signal"]')" "(3, 'KILL')"
check "fan-out: output beyond the limit is cut, and said to be" \
        equals "$(value rf 'r[9]["stdout"]["truncated"], r[9]["stdout"]["bytes"], len(r[9]["stdout"]["data"])')" \
        "(True, 300000, 65536)"
check "fan-out: one result per command" equals "$(wc -l <rf)" 10
check "fan-out: the counts are JSON and add up" \
        equals "$(value sf 's["jobs"], sum(s["by_status"].values()), s["by_status"]["ok"]')" "(10, 10, 6)"
mkfifo a b
printf '%s\n' '{"argv": ["sh", "-c", "(setsid sh -c \"sleep 0.3; echo x >&9\" &) 9>>late"], "leftovers": "wait"}' \
        '["sh", "-c", "cat late"]' >slot
expect_status 0 batch -q -j1 slot
check "fan-out: a slot is free only when the whole tree is gone" equals "$(cat "$out")" x

# --- the second recipe: a fail-fast gather
cat >gather <<'END'
["echo", "first"]
["sh", "-c", "read x <a; exit 5"]
["sh", "-c", "echo partial; echo x >a; setsid sleep 1000 >/dev/null 2>&1 & exec sleep 1000"]
["touch", "never"]
["touch", "never"]
END
expect_status 1 batch -q -j2 -k --halt now,fail=1 --results=rg --summary=sg gather
check "gather: the first failure ends all that runs" equals "$(value rg 'r[3]["status"]')" cancelled
check "gather: and says which it was" equals "$(value rg '[i for i in r if r[i]["status"] == "nonzero"]')" "[2]"
check "gather: what ended before keeps its result" \
        equals "$(value rg 'r[1]["status"], r[1]["stdout"]["data"].strip()')" "('ok', 'first')"
check "gather: what was ended keeps what it had written" equals "$(value rg 'r[3]["stdout"]["data"].strip()')" partial
check "gather: nothing is started after the failure" test ! -e never
check "gather: what never started is told as such" \
        equals "$(value rg '[i for i in r if r[i]["attempts"] == 0]')" "[4, 5]"
check "gather: results are in the order of the input" equals "$(value rg 'list(r)')" "[1, 2, 3, 4, 5]"
printf '%s\n' '["echo", "done"]' '["sh", "-c", "echo half; exec sleep 1000"]' '["sleep", "1000"]' >slow
expect_status 124 batch -q -j2 --deadline 300ms --results=rd --summary=sd slow
check "gather: the batch as a whole has a limit of time" equals "$(value sd 's["cause"]')" deadline
check "gather: what was complete by then is there" equals "$(value rd 'r[1]["stdout"]["data"].strip()')" "done"
check "gather: and so are the parts" \
        equals "$(value rd 'r[2]["status"], r[2]["stdout"]["data"].strip()')" "('cancelled', 'half')"
finish
