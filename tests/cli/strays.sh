# SPDX-License-Identifier: MIT
# Processes that get away from what holds their tree: found, ended, told of; and who is not touched.
. "$(dirname "$0")/lib.sh"

run() {
        "$INBYE" run "$@"
}

is_gone() {
        case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
        '' | Z*) return 0 ;;
        *) return 1 ;;
        esac
}

is_there() {
        ! is_gone "$1"
}

# Starts a sleep that has left the process group by the time its pid is known; that goes to the file $pid.
leave='echo $(setsid sh -c "echo \$\$; exec sleep 50 >/dev/null 2>&1" &) >"$pid"'
# The same, out of the leaf, into the cgroup that holds the session.
walk='sh -c '\''at=$(sed -n s/^0:://p /proc/self/cgroup)
        echo 0 >"$root${at%%/inbye.*}/cgroup.procs" && { sleep 50 >/dev/null 2>&1 & echo $! >"$pid"; }'\'
pid=$tmp/pid
root=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/self/mounts | head -n 1)
export pid root

cat >"$tmp/expect" <<'PY'
import json, sys
report, n, pid = sys.argv[1:]
r = json.load(open(report))
assert r["n_escaped"] == json.loads(n), r
assert len(r["escaped"]) == (r["n_escaped"] or 0), r
for one in r["escaped"]:
    assert one["pid"] == int(open(pid).read()) and one["name"] in ("sleep", "sh"), one
    assert one["unkillable"] is False and one["state"] in "RSD" and one["age"] >= 0, one
PY
reported() {
        python3 "$tmp/expect" "$tmp/report" "$1" "$pid"
}

echo "# who left the process group"
expect_status 0 run -v --mechanism=pgroup -r "$tmp/report" sh -c "$leave; exit 0"
match_err '^inbye: escaped [0-9]+ \((sleep|sh)\)'
check "it is reported" reported 1
check "and gone" is_gone "$(cat "$pid")"
expect_status 7 run --mechanism=pgroup -r "$tmp/report" sh -c "$leave; exit 7"
check "also when the command fails" reported 1
expect_status 124 run --mechanism=pgroup -t 0.3 -r "$tmp/report" sh -c "$leave; sleep 50"
check "and when its time is up" reported 1
check "which is the end of it" is_gone "$(cat "$pid")"
expect_status 1 run --mechanism=pgroup --leftovers=fail -r "$tmp/report" sh -c "$leave; exit 0"
check "fail means those as well" grep -q '"status":"nonzero","code":0' "$tmp/report"
expect_status 0 run --mechanism=pgroup -r "$tmp/report" true
check "nobody is nobody" reported 0
expect_status 0 run -r "$tmp/report" sh -c 'sleep 50 & exit 0'
check "a leftover has not escaped" reported 0
expect_status 127 run -r "$tmp/report" no-such-program
check "nor has what was not started" reported 0

echo "# a batch"
cat >"$tmp/jobs" <<EOF_JOBS
{"id": "goes", "argv": ["sh", "-c", "$(printf %s "$leave" | sed 's/[\\"]/\\&/g')"]}
EOF_JOBS
expect_status 0 "$INBYE" batch --mechanism=pgroup --summary "$tmp/summary" --results "$tmp/report" "$tmp/jobs"
match_err '^inbye: job 1 \(goes\): ok, .*; escaped: 1 \((sleep|sh) [0-9]+\), ended: '
match_err '^  escaped +1 '
check "the summary counts it" grep -q '"escaped":1' "$tmp/summary"
check "the result names it" reported 1
check "and it is gone" is_gone "$(cat "$pid")"

echo "# bystanders"
# A shell with a job in the background that becomes inbye: the job is inbye's child, and not inbye's.
expect_status 0 sh -c 'sleep 50 & echo $! >"$1"; exec "$2" run --mechanism=pgroup -r "$3" sh -c "$4; exit 0"' sh \
        "$tmp/bystander" "$INBYE" "$tmp/report" "$leave"
check "beside another child it is unknown" reported null
check "the other child is not touched" is_there "$(cat "$tmp/bystander")"
check "and nobody else" is_there "$(cat "$pid")"
kill -9 "$(cat "$tmp/bystander")" "$(cat "$pid")"

echo "# who walked out of the leaf"
if run --require=cgroup sh -c "$walk" 2>/dev/null && [ -s "$pid" ]; then
        expect_status 0 run -v --require=cgroup -r "$tmp/report" sh -c "$walk; exit 0"
        match_err '^inbye: escaped [0-9]+ \((sleep|sh)\)'
        check "it is reported" reported 1
        check "and gone" is_gone "$(cat "$pid")"
        expect_status 0 run --require=cgroup -r "$tmp/report" "$INBYE" run sh -c "$walk; exit 0"
        check "the inner one of two ends it" is_gone "$(cat "$pid")"
        check "before the outer one looks" reported 0
else
        skip walkout "it needs the mechanism cgroup and a child that may write another cgroup.procs"
fi
finish
