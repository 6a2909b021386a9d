# SPDX-License-Identifier: MIT
# Limits of a tree, on whatever host this is: each is enforced (a workload that trips it, one that stays under it) or
# refused before anything runs, with cause and cure. `LIMITS_TABLE=FILE` collects one line for each.
. "$(dirname "$0")/lib.sh"

appetite=$INBYE_HELPERS/appetite
report=$tmp/report

# A value of the report: report_is KEY VALUE, keys with dots between.
report_is() {
        check "report: $1 is $2" [ "$(field "$1")" = "$2" ]
}

# The report is one line of JSON without blanks between; guests have no python.
field() {
        case $1 in
        *.*) sed -nE 's/.*"'"${1%%.*}"'":\{([^{}]*,)?"'"${1#*.}"'":("[^"]*"|[^,}]*).*/\2/p' "$report" ;;
        *) sed -nE 's/.*[{,]"'"$1"'":("[^"]*"|[^,}]*).*/\1/p' "$report" ;;
        esac | grep . || echo null
}

run() {
        "$INBYE" run --report "$report" "$@"
}

cell() {
        [ -z "${LIMITS_TABLE:-}" ] || printf '%s\t%s\n' "$1" "$2" >>"$LIMITS_TABLE"
}

# Is the limit enforced here? Where not, it was refused as it should be.
enforced() {
        limit_=${1%%=*}
        rm -f "$tmp/started"
        run --limit "$1" touch "$tmp/started" 2>"$err"
        status_=$?
        if [ "$status_" -eq 0 ]; then
                ok "$limit_ is enforced here"
                return 0
        fi
        : >"$out"
        check "$limit_ is refused with status 125" [ "$status_" -eq 125 ]
        check "nothing was started" [ ! -e "$tmp/started" ]
        match_err '^inbye: .*; .'
        report_is status '"spawn_error"'
        report_is error.stage '"limit"'
        check "the cure is told" [ "$(field error.hint)" != null ]
        cell "$limit_" "refused: $(sed 's/^inbye: //' "$err")"
        return 1
}

within() {
        awk -v v="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(v + 0 == v && v >= low && v <= high) }'
}

echo "# memory"
if enforced memory=64M; then
        expect_status 124 run --limit memory=64M "$appetite" memory 200000000
        report_is status '"oom"'
        report_is limits.memory '"tripped"'
        report_is oom '"command"'
        peak=$(field usage.peak_memory)
        check "peak $peak is within 2 % of the limit" within "$peak" 65766686 68451041
        expect_status 0 run -p MemoryMax=64M "$appetite" memory 30000000
        report_is limits.memory '"not_tripped"'
        report_is oom null
        report_is n_escaped 0
        check "the peak is that of the tree" within "$(field usage.peak_memory)" 30000000 40000000
        # The hog is not the command itself: all of the tree goes with it.
        expect_status 124 run --limit memory=64M sh -c "$appetite memory 200000000; echo survived"
        expect_out ''
        report_is status '"oom"'
        # Not even the program gets in: that is no fault of the program.
        expect_status 125 run --limit memory=4K true
        match_err "^inbye: limit 'memory': 4096 bytes are too few for the command to start; "
        report_is error.stage '"limit"'
        cell memory "enforced, peak $peak of 67108864"
fi

echo "# swap"
if enforced memory=64M,swap=0; then
        expect_status 124 run --limit memory=32M -p MemorySwapMax=0 "$appetite" memory 100000000
        cell swap enforced
fi

echo "# tasks"
if enforced tasks=64; then
        expect_status 124 run --limit tasks=8 "$appetite" tasks 20
        expect_out 'had 8'
        report_is status '"limit"'
        report_is limits.tasks '"tripped"'
        expect_status 0 run -p TasksMax=8 "$appetite" tasks 8
        report_is limits.tasks '"not_tripped"'
        # It copes: that it met the limit is data, and no failure.
        expect_status 0 run --limit tasks=8 sh -c "$appetite tasks 20 || true"
        report_is status '"ok"'
        report_is limits.tasks '"tripped"'
        expect_status 124 run --limit tasks=64 --timeout 1 "$appetite" bomb 1000000
        report_is limits.tasks '"tripped"'
        peak=$(field usage.peak_processes)
        [ "$peak" != null ] && check "a fork bomb had at most 64 members ($peak)" [ "$peak" -le 64 ]
        cell tasks "enforced, a fork bomb had $peak of 64"
fi

echo "# cpu"
if enforced cpu=0.5; then
        # A machine that is busy otherwise gives less than the limit: then once more.
        for _ in 1 2 3; do
                run --limit cpu=0.5 "$appetite" cpu 5000 >"$out"
                share=$(echo "$(field usage.cpu_user) $(field usage.cpu_system)" | awk '{ printf "%.3f", ($1 + $2) / 5 }')
                check "0.5 of a CPU over 5 s is no more than that: $share" within "$share" 0 0.525
                if within "$share" 0.475 0.525; then break; fi
        done
        expect_status 0 run --limit cpu=0.05 "$appetite" cpu 500
        report_is limits.cpu '"tripped"'
        expect_status 0 run -p CPUQuota=50% true
        cell cpu "enforced, $share of 0.5"
fi

echo "# an owner that is killed"
if command -v python3 >/dev/null && run --limit memory=64M,tasks=64 true 2>"$err"; then
        expect_status 0 python3 "$(dirname "$0")/limits_owner.py" "$INBYE"
fi

echo "# shares"
for limit in cpu-weight=50 io-weight=50 cpus=0; do
        if enforced "$limit"; then cell "${limit%%=*}" enforced; fi
done

echo "# summary"
expect_status 3 "$INBYE" run --summary sh -c 'exit 3'
match_err '^inbye: nonzero in [0-9.]+ s; CPU [0-9.]+ s user, [0-9.]+ s system; peak memory .*; peak tasks .*; I/O .* read, .* written$'
check "it is one line" [ "$(wc -l <"$err")" -eq 1 ]
if run --limit tasks=4 true 2>"$err"; then
        expect_status 124 "$INBYE" run --summary --limit tasks=4 "$appetite" tasks 8
        match_err '^inbye: limit in .*; peak tasks (4|unknown); .*; met its limit of tasks$'
fi

echo "# a batch is refused as a whole, before its first job"
for limit in tasks=4 cpus=0 io-weight=50; do
        rm -f "$tmp/started"
        run --limit $limit true 2>"$err"
        expect_status $? "$INBYE" batch -q --limit $limit -- touch ::: "$tmp/started"
        if [ "$got_" -eq 125 ]; then check "nothing was started" [ ! -e "$tmp/started" ]; fi
done

echo "# wrong use"
refused() {
        rm -f "$tmp/started"
        expect_status 125 "$INBYE" run "$@" touch "$tmp/started"
        check "nothing was started" [ ! -e "$tmp/started" ]
}
refused --limit memry=64M
match_err "there is no limit 'memry'; did you mean 'memory'"
refused -p MemoryMx=64M
match_err "did you mean 'MemoryMax'"
for bad in memory=0 memory=x tasks=0 tasks=-1 cpu=0 cpu=x cpu-weight=0 cpu-weight=10001 cpus=x 'memory=64M,' memory; do
        refused --limit "$bad"
        match_err "^inbye: --limit: '"
done
refused -p CPUQuota=2
match_err "is no percentage"
refused -p MemoryMax
match_err "is no property"
refused -p 'IOReadBandwidthMax=/dev/zero'
match_err "is no device and number"
expect_status 0 "$INBYE" run --limit memory=infinity,swap=infinity,tasks=infinity,cpu=infinity true

echo "# jobs"
printf '%s\n' '{"argv": ["true"], "limits": {"tasks": "x"}}' >"$tmp/jobs"
expect_status 125 "$INBYE" batch "$tmp/jobs"
match_err "jobs:1:[0-9]*: limits: 'x' is no number of tasks"
printf '%s\n' '{"argv": ["true"], "limits": 3}' >"$tmp/jobs"
expect_status 125 "$INBYE" batch "$tmp/jobs"
match_err "limits is not an object"
printf '%s\n' '{"argv": ["true"], "limits": {"cpu": 0.0004}}' >"$tmp/jobs"
expect_status 125 "$INBYE" batch "$tmp/jobs"
match_err "jobs:1:[0-9]*: limits: '0.0004[0-9]*' is less than a thousandth of a CPU"
if run --limit cpu=0.5 true 2>"$err"; then
        printf '%s\n' '{"argv": ["true"], "limits": {"cpu": 0.5}}' '{"argv": ["true"], "limits": {"cpu": 0.333333333}}' \
                >"$tmp/jobs"
        expect_status 0 "$INBYE" batch "$tmp/jobs"
fi
if run --limit tasks=4 true 2>"$err"; then
        printf '%s\n' '{"argv": ["'"$appetite"'", "tasks", "6"], "limits": {"tasks": 4}}' \
                '{"argv": ["'"$appetite"'", "tasks", "6"]}' >"$tmp/jobs"
        expect_status 1 "$INBYE" batch --results "$tmp/results" "$tmp/jobs"
        check "one job met its limit" [ "$(grep -c '"status":"limit"' "$tmp/results")" -eq 1 ]
        check "its sibling did not" [ "$(grep -c '"status":"ok"' "$tmp/results")" -eq 1 ]
        expect_status 1 "$INBYE" batch --limit tasks=4 --results "$tmp/results" "$tmp/jobs"
        check "a limit of the batch is one of each job" [ "$(grep -c '"status":"limit"' "$tmp/results")" -eq 2 ]
fi

finish
