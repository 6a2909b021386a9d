# SPDX-License-Identifier: MIT
# Limits of a tree, on whatever host this is: each is enforced (a workload that trips it, one that stays under it) or
# refused before anything runs, with cause and cure. `LIMITS_TABLE=FILE` collects one line for each. `LIMITS_DISK=DEVICE`
# is a disk that may be overwritten.
. "$(dirname "$0")/lib.sh"

appetite=$INBYE_HELPERS/appetite
report=$tmp/report

# A value of the report: report_is KEY VALUE, keys with dots between.
report_is() {
        check "report: $1 is $2" [ "$(field "$1")" = "$2" ]
}

# The report is one line of JSON without blanks between; guests have no python.
field() {
        field_of "$1" <"$report"
}

field_of() {
        case $1 in
        *.*) sed -nE 's/.*"'"${1%%.*}"'":\{([^{}]*,)?"'"${1#*.}"'":("[^"]*"|[^,}]*).*/\2/p' ;;
        *) sed -nE 's/.*[{,]"'"$1"'":("[^"]*"|[^,}]*).*/\1/p' ;;
        esac | grep . || echo null
}

run() {
        "$INBYE" run --report "$report" "$@"
}

cell() {
        [ -z "${LIMITS_TABLE:-}" ] || printf '%s\t%s\n' "$1" "$2" >>"$LIMITS_TABLE"
}

# enforced LIMIT [NAME]: is it, here? Where not, it was refused as it should be.
enforced() {
        limit_=${2:-${1%%=*}}
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

# calc EXPRESSION: a number, by awk.
calc() {
        awk "BEGIN { printf \"%.12g\", $1 }"
}

# Two at once for 3 s, the first with four times the weight of the second: how many times as much of KEY did it get?
# share_of LIMIT KEY MEMBERS: MEMBERS are those of each job, which would go on.
share_of() {
        printf '{%s,"limits":{"%s":%d}}\n' "$3" "$1" 400 "$3" "$1" 100 >"$tmp/jobs"
        "$INBYE" batch -q -j2 --deadline 3 --results "$tmp/results" "$tmp/jobs" >"$out" 2>"$err"
        for job_ in 1 2; do
                grep "\"job\":$job_," "$tmp/results" | tee "$tmp/job" | field_of "$2"
        done | awk '{ n[NR] = $1 } END { printf "%.2f", (n[2] > 0 ? n[1] / n[2] : 0) }'
}

within() {
        awk -v v="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(v + 0 == v && v >= low && v <= high) }'
}

disk=${LIMITS_DISK:-}

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
        printf '{"argv":["%s","memory","%d"],"limits":{"memory":"64M"}}\n' "$appetite" 200000000 "$appetite" 50000000 \
                >"$tmp/jobs"
        expect_status 1 "$INBYE" batch -j2 --results "$tmp/results" "$tmp/jobs"
        check "the hog is ended" grep -q '"job":1,.*"status":"oom"' "$tmp/results"
        check "its sibling is not" grep -q '"job":2,.*"status":"ok"' "$tmp/results"
        cell memory "enforced, peak $peak of 67108864"
fi

echo "# swap"
if enforced memory=64M,swap=0 swap; then
        expect_status 124 run --limit memory=32M -p MemorySwapMax=0 "$appetite" memory 100000000
        swapped="without any"
        if [ -n "$disk" ] && [ "$(id -u)" -eq 0 ] && mkswap "$disk" >"$out" && swapon "$disk"; then
                expect_status 0 run --limit memory=32M,swap=64M "$appetite" memory 50000000
                report_is limits.swap '"not_tripped"'
                expect_status 124 run --limit memory=32M,swap=16M "$appetite" memory 100000000
                report_is status '"oom"'
                report_is limits.swap '"tripped"'
                swapped="with 64M and with 16M of it"
                swapoff "$disk"
        fi
        cell swap "enforced, $swapped"
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
        expect_status 124 run --limit tasks=64 --timeout 1 --env MARK="$tmp" "$appetite" bomb 1000000
        report_is limits.tasks '"tripped"'
        report_is n_escaped 0
        check "nothing of it is left" [ -z "$(grep -lzsx "MARK=$tmp" /proc/[0-9]*/environ)" ]
        peak=$(field usage.peak_processes)
        [ "$peak" != null ] && check "a fork bomb had at most 64 members ($peak)" [ "$peak" -le 64 ]
        cell tasks "enforced, a fork bomb had $peak of 64"
fi

echo "# cpu"
if enforced cpu=0.5; then
        # A machine that is busy otherwise gives less than the limit: then once more.
        for _ in 1 2 3; do
                run --limit cpu=0.5 "$appetite" cpu 5000 >"$out"
                share=$(calc "int(1000 * ($(field usage.cpu_user) + $(field usage.cpu_system)) / $(field duration)) / 1000")
                check "0.5 of a CPU over 5 s is no more than that: $share" within "$share" 0 0.525
                if within "$share" 0.475 0.525; then break; fi
        done
        # A guest has its CPUs for itself.
        [ -z "$disk" ] || check "and no less" within "$share" 0.475 0.525
        expect_status 0 run --limit cpu=0.05 "$appetite" cpu 500
        report_is limits.cpu '"tripped"'
        expect_status 0 run -p CPUQuota=50% true
        cell cpu "enforced, $share of 0.5"
fi

echo "# cpu-weight"
cpus=$(sed -nE 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
if enforced cpu-weight=50; then
        share=$(share_of cpu-weight usage.cpu_user '"argv":["'"$appetite"'","cpu","60000"],"affinity":"'"${cpus%%[,-]*}"'"')
        check "400 against 100 gets a multiple: $share" within "$share" 2 8
        cell cpu-weight "enforced, $share of 4"
fi

echo "# cpus"
last=${cpus##*[,-]}
if enforced "cpus=$last"; then
        expect_status 0 run -p "AllowedCPUs=$last" sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
        expect_out "$last"
        if [ "$last" != "${cpus%%[,-]*}" ]; then
                expect_status 125 run --limit "cpus=$last" --affinity "${cpus%%[,-]*}" true
        fi
        expect_status 125 run --limit cpus=1000 true
        match_err 'not all of 1000 may be used here; .'
        cell cpus "enforced, on $last of $cpus"
elif grep -q '^[^ ]* [^ ]* cgroup .*cpuset' /proc/self/mounts; then
        match_err "in a v1 hierarchy, .*; cpusets of v1 are not used: choose CPUs by --affinity, or boot"
fi

echo "# disks"
# Numbers of a disk that is there do where nothing is written to it.
numbers=$(grep -lv '^0$' /sys/block/*/size 2>"$err" | sed -n '1s/size$/dev/p' | xargs -r cat)
if [ -n "$disk$numbers" ] && enforced "io-write=${disk:-$numbers} 1M" io-max; then
        if [ -n "$disk" ]; then
                flood() {
                        expect_status 0 run "$@" dd if=/dev/zero of="$disk" bs=64k count=48 oflag=direct
                        rate=$(calc "int($(field usage.io_written) / $(field duration))")
                }
                flood --limit "io-write=$disk 1M"
                check "it writes with no more than 1M a second: $rate" within "$rate" 800000 1100000
                cell io-max "enforced, $rate of 1048576"
                report_is limits.io-max '"unknown"'
                flood -p "IOWriteBandwidthMax=$disk 1G"
                check "and is not held up below its limit: $rate" within "$rate" 2000000 1000000000
        else
                cell io-max "taken, with no disk to show it on"
        fi
fi
if enforced io-weight=50; then
        share=$(share_of io-weight usage.io_read '"argv":["dd","if='"$disk"'","of=/dev/null","bs=64k","iflag=direct"]')
        [ -z "$disk" ] || check "400 against 100 reads a multiple: $share" within "$share" 2 8
        cell io-weight "enforced, $share of 4"
fi

echo "# a tree of 100 short children, held against what its own cgroup says"
cat >"$tmp/tree" <<'EOF'
"$1" crowd 100 || exit
dir() {
        echo "$(awk "/ - cgroup$1/ { print \$5; exit }" /proc/self/mountinfo)$(sed -nE "s/^[0-9]+:$2://p" /proc/self/cgroup)"
}
v2=$(dir 2 '') v1=$(dir '.*[ ,]memory' memory)
[ ! -r "$v2/memory.peak" ] || read -r peak <"$v2/memory.peak"
case $v1 in */inbye.*) read -r peak <"$v1/memory.max_usage_in_bytes" ;; esac
[ -r "$v2/cpu.stat" ] || exit 0
while read -r key value; do [ "$key" != usage_usec ] || echo "total $value ${peak:-}"; done <"$v2/cpu.stat"
EOF
# The peak is had where memory is limited.
set --
if run --limit memory=1G true 2>"$err"; then set -- --limit memory=1G; fi
expect_status 0 run "$@" sh "$tmp/tree" "$appetite"
if [ "$(field usage.cpu_source)" = '"cgroup"' ]; then
        cpu=$(calc "($(field usage.cpu_user) + $(field usage.cpu_system)) * 1000000")
        total=$(sed -nE 's/^total ([0-9]+).*/\1/p' "$out")
        all=$(sed -n 's/^used //p' "$out")
        check "of their CPU time nothing is missed: $cpu of $all" within "$cpu" "$all" 1e15
        check "it is that of the cgroup within 1 %: $cpu, $total" within "$cpu" "$(calc "$total * 0.99")" "$(calc "$total * 1.01")"
        cell "CPU time" "$(calc "int($cpu)") us, its cgroup $total us"
fi
if [ "$(field usage.memory_source)" = '"cgroup"' ]; then
        peak=$(sed -nE 's/^total [0-9]+ //p' "$out")
        check "the peak is that of the cgroup within 1 %: $peak" \
                within "$(field usage.peak_memory)" "$(calc "$peak * 0.99")" "$(calc "$peak * 1.01")"
        cell "peak memory" "$(field usage.peak_memory), its cgroup $peak"
fi

echo "# an owner that is killed"
if command -v python3 >/dev/null && run --limit memory=64M,tasks=64 true 2>"$err"; then
        expect_status 0 python3 "$(dirname "$0")/limits_owner.py" "$INBYE"
fi

echo "# summary"
expect_status 3 "$INBYE" run --summary sh -c 'exit 3'
match_err '^inbye: nonzero in [0-9.]+ s; CPU [0-9.]+ s user, [0-9.]+ s system; peak memory .*; peak tasks .*; I/O .* read, .* written$'
check "it is one line" [ "$(wc -l <"$err")" -eq 1 ]
if run --limit tasks=4 true 2>"$err"; then
        expect_status 124 "$INBYE" run --summary --limit tasks=4 "$appetite" tasks 8
        match_err '^inbye: limit in .*; peak tasks (4|unknown); .*; met its limit of tasks$'
fi

echo "# a batch is refused as a whole, before its first job"
for limit in tasks=4 "cpus=$last" io-weight=50; do
        rm -f "$tmp/started"
        run --limit "$limit" true 2>"$err"
        expect_status $? "$INBYE" batch -q --limit "$limit" -- touch ::: "$tmp/started"
        if [ "$got_" -eq 125 ]; then check "nothing was started" [ ! -e "$tmp/started" ]; fi
done

echo "# wrong use"
refused() {
        rm -f "$tmp/started"
        expect_status 125 "$INBYE" run "$@" touch "$tmp/started"
        check "nothing was started" [ ! -e "$tmp/started" ]
}
wrong_use() {
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
}
# It is the same everywhere.
[ -n "${LIMITS_TABLE:-}" ] || wrong_use
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
