# SPDX-License-Identifier: MIT
# Commands one after another in leaves that are kept (cgroup v1) or made anew: what is told of one is its own, whatever
# the one before it did.
. "$(dirname "$0")/lib.sh"

appetite=$INBYE_HELPERS/appetite

# job WORD...: one more line of jobs.
job() {
        line_=
        for word_; do
                line_="$line_${line_:+,}\"$word_\""
        done
        printf '{"argv":[%s]}\n' "$line_" >>"$tmp/jobs"
}

# batch LIMITS: one job after the other; refused where the host cannot.
batch() {
        rm -f "$tmp/results"
        "$INBYE" batch -q -j 1 --limit "$1" --results "$tmp/results" "$tmp/jobs" >"$out" 2>"$err"
        batch_status_=$?
        rm -f "$tmp/jobs"
        [ "$batch_status_" -ne 125 ] && return
        check "$1 is refused with a cure" grep -Eq '^inbye: .*; .' "$err"
        return 1
}

# of JOB KEY: what its result says.
of() {
        sed -n "${1}p" "$tmp/results" | sed -nE 's/.*[{,]"'"$2"'":("[^"]*"|[^,}]*).*/\1/p'
}

is() {
        check "job $1: $2 is $3" [ "$(of "$1" "$2")" = "$3" ]
}

small() {
        check "job $1: its peak is its own ($(of "$1" peak_memory))" [ "$(of "$1" peak_memory)" -lt 4000000 ]
}

# Of a v1 hierarchy: the leaf that a job has said it was in.
leaf() {
        sed -n "${1}p" "$tmp/results" | sed -nE 's/.*[0-9]:'"$2"':([^\\]*).*/\1/p'
}

echo "# memory"
job "$appetite" memory 40000000
job true
job "$appetite" memory 200000000
job true
job sh -c "head -c 20000000 /dev/zero >$tmp/file"
job true
if batch memory=64M; then
        check "job 1: its peak is its own" [ "$(of 1 peak_memory)" -gt 40000000 ]
        small 2
        is 3 status '"oom"'
        is 3 memory '"tripped"'
        is 4 status '"ok"'
        is 4 memory '"not_tripped"'
        is 4 oom null
        small 4
        check "job 5: the file it wrote counts" [ "$(of 5 peak_memory)" -gt 20000000 ]
        small 6
fi

echo "# tasks"
job "$appetite" tasks 6
job true
job "$appetite" tasks 20
job true
if batch tasks=8; then
        is 1 status '"ok"'
        is 1 tasks '"not_tripped"'
        is 3 status '"limit"'
        is 3 tasks '"tripped"'
        for i in 2 4; do
                is "$i" status '"ok"'
                is "$i" tasks '"not_tripped"'
        done
        if [ "$(of 1 peak_processes)" != null ]; then
                is 1 peak_processes 6
                is 2 peak_processes 1
                is 3 peak_processes 8
                is 4 peak_processes 1
        fi
fi

echo "# cpu"
job "$appetite" cpu 400
job true
if batch cpu=0.05; then
        is 1 cpu '"tripped"'
        is 2 cpu '"not_tripped"'
fi

echo "# each has its own limits, whatever those of the last one were"
for tasks in 4 12 4; do
        printf '{"argv":["%s","tasks","8"],"limits":{"tasks":%d}}\n' "$appetite" $tasks >>"$tmp/jobs"
done
if batch memory=64M; then
        is 1 status '"limit"'
        is 2 status '"ok"'
        is 3 status '"limit"'
fi

echo "# what a member does to its leaf is gone with it"
if [ "$(id -u)" -eq 0 ] && grep -q :memory:/ /proc/self/cgroup && [ -w /sys/fs/cgroup/memory ] &&
        "$INBYE" run --limit memory=64M true 2>/dev/null; then
        limit='/sys/fs/cgroup/memory$(sed -n s/^[0-9]*:memory://p /proc/self/cgroup)'
        job cat /proc/self/cgroup
        job sh -c "cat /proc/self/cgroup; echo 33554432 >$limit/memory.limit_in_bytes"
        job sh -c "cat $limit/memory.limit_in_bytes"
        job sh -c "cat /proc/self/cgroup; mkdir $limit/below"
        job cat /proc/self/cgroup
        job sh -c "cat /proc/self/cgroup; echo 1 >$limit/memory.oom_control"
        job sh -c "cat $limit/memory.oom_control"
        check "limits are enforced" batch memory=64M
        check "the leaf was kept" [ "$(leaf 1 memory)" = "$(leaf 2 memory)" ]
        check "the limit is the one that was asked for" grep -q '"data":"67108864.n"' "$tmp/results"
        check "a leaf with a cgroup in it is not" [ "$(leaf 4 memory)" != "$(leaf 5 memory)" ]
        check "nor is one that must not be killed from" grep -q '"data":"oom_kill_disable 0.n' "$tmp/results"
fi

finish
