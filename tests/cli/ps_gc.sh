# SPDX-License-Identifier: MIT
# `inbye ps` and `inbye gc`: what runs is listed, what dead owners left is ended, and nothing else is.
. "$(dirname "$0")/lib.sh"

for sub in ps gc; do
        expect_status 125 "$INBYE" $sub extra
        match_err "unexpected 'extra'"
        expect_status 125 "$INBYE" $sub --jsno
        match_err "did you mean '--json'"
done
if ! "$INBYE" doctor --require cgroup >/dev/null 2>&1; then
        skip owners "mechanism cgroup does not work here"
        finish
fi

# Says its pid and how its warden is called, then waits for its end.
mkfifo "$tmp/line"
start_owner() {
        "$INBYE" run --mechanism=cgroup -- sh -c 'echo ready >"$0"; exec sleep 1000' "$tmp/line" &
        owner=$!
        read -r _ <"$tmp/line"
}
warden_of() {
        for stat_ in /proc/[0-9]*/stat; do
                awk -v owner="$1" '$2 == "(inbye-warden)" && $4 == owner { print $1 }' "$stat_" 2>/dev/null
        done
}
row_of() {
        awk -v owner="$1" '$2 == owner' "$out"
}

start_owner
expect_status 0 "$INBYE" ps
match_out '^SESSION +PID +OWNER +AGE +PROCS +CPU +COMMAND$'
row_of "$owner" >"$tmp/row"
check "the owner is listed alive" grep -q ' alive .* run --mechanism=cgroup -- sh -c ' "$tmp/row"
id=$(awk '{ print $1 }' "$tmp/row")
expect_status 0 "$INBYE" ps --json --all
check "each line is JSON, and ours is there" python3 -c '
import json, sys
found = [s for s in map(json.loads, open(sys.argv[1])) if s["owner_pid"] == int(sys.argv[2])]
assert len(found) == 1, found
s = found[0]
assert s["owner"] == "alive" and s["session"] == sys.argv[3] and s["processes"] == 1 and s["cpu"] is not None, s
assert s["path"].count("/inbye." + s["session"]) == 1 and s["start"].endswith("Z"), s' "$out" "$owner" "$id"

expect_status 0 "$INBYE" gc
check "gc leaves it alone" kill -0 "$owner"
expect_status 0 "$INBYE" ps
match_out "^$id "

# From a pid namespace where the owner's pid is nobody's, or another's, its lock tells.
if unshare --pid --fork --mount-proc true 2>/dev/null; then
        expect_status 0 unshare --pid --fork --mount-proc "$INBYE" gc
        check "gc of another pid namespace leaves it alone" kill -0 "$owner"
        expect_status 0 unshare --pid --fork --mount-proc "$INBYE" ps
        match_out "^$id .* alive "
fi

# Owner and warden dead: the tree lives on until gc comes.
warden=$(warden_of "$owner")
kill -STOP "$owner"
kill -KILL "$warden"
kill -KILL "$owner"
wait "$owner" 2>/dev/null
expect_status 0 "$INBYE" ps
match_out "^$id .* dead "
expect_status 0 "$INBYE" gc --dry-run
match_out "^would remove session $id with 1 process, left by $owner: "
expect_status 0 "$INBYE" ps
match_out "^$id .* dead "
expect_status 0 "$INBYE" gc --json
check "gc says what it did" python3 -c '
import json, sys
found = [s for s in map(json.loads, open(sys.argv[1])) if s["session"] == sys.argv[2]]
assert len(found) == 1 and found[0]["done"] == "removed" and found[0]["error"] is None, found' "$out" "$id"
expect_status 0 "$INBYE" ps
check "it is gone" test -z "$(row_of "$owner")"

# Limits in v1 hierarchies have directories and a warden of their own there.
start_limited() {
        "$INBYE" run --mechanism=cgroup --limit tasks=50 -- sh -c 'echo "$$" >"$0"; exec sleep 1000' "$tmp/line" &
        owner=$!
        read -r member <"$tmp/line"
}
v1_paths() {
        find /sys/fs/cgroup -type d -path '*pids*' -name "$1" 2>/dev/null
}
name=
limited=
if "$INBYE" run --mechanism=cgroup --limit tasks=50 -- true 2>/dev/null; then
        start_limited
        limited=$owner
        name=$(sed -n 's,^[0-9]*:pids:.*/\(inbye\.[0-9a-f]*\)/.*,\1,p' "/proc/$member/cgroup")
fi
if [ "$name" ]; then
        expect_status 0 "$INBYE" ps
        check "limits of a live owner are not listed" test "$(grep -c "^$(echo "$name" | cut -c7-14) " "$out")" = 0
        expect_status 0 "$INBYE" gc
        check "gc leaves them alone" test -n "$(v1_paths "$name")"
        kill -STOP "$owner"
        warden_of "$owner" | while read -r warden; do kill -KILL "$warden"; done
        kill -KILL "$owner"
        wait "$owner" 2>/dev/null
        check "they outlive owner and warden" test -n "$(v1_paths "$name")"
        expect_status 0 "$INBYE" gc --dry-run
        match_out "^would remove limits $(echo "$name" | cut -c7-14) with 1 process, left in /.*/$name\$"
        expect_status 0 "$INBYE" gc
        match_out "^removed limits $(echo "$name" | cut -c7-14) with [01] process(es)?, left in /.*/$name\$"
        check "gc removes them" test -z "$(v1_paths "$name")"
elif [ "$limited" ]; then
        kill "$limited"
        check "limits of cgroup v2 are the session's own" test -z "$name"
else
        expect_status 125 "$INBYE" run --mechanism=cgroup --limit tasks=50 -- true
        match_err "controller .pids. is not in the unified hierarchy"
fi

# A host of v1 alone: ps and gc do with what is there. Mount points of cgroupfs have no blanks.
without_v2() {
        # shellcheck disable=SC2016
        unshare --mount sh -c 'for at in $(awk "\$3 == \"cgroup2\" { print \$2 }" /proc/self/mounts); do umount -l "$at"; done
                exec "$@"' sh "$@"
}
pids_v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/self/mounts)
[ -z "$pids_v1" ] || pids_v1=$pids_v1$(sed -n 's,^[0-9]*:pids:\(.*[^/]\)\{0\,1\}/*$,\1,p' /proc/self/cgroup)
left=inbye.00000000000000000000000000000001
if ! unshare --mount true 2>/dev/null; then
        echo "# no mount namespace to take cgroup2 away in"
elif [ "$pids_v1" ] && mkdir -m 1755 "$pids_v1/$left" 2>/dev/null; then
        expect_status 0 without_v2 "$INBYE" ps
        match_out "^00000000 .* dead "
        expect_status 0 without_v2 "$INBYE" gc
        match_out "^removed limits 00000000 with 0 processes, left in $pids_v1/$left\$"
        check "gc removes what is left in v1" test ! -e "$pids_v1/$left"
        expect_status 0 without_v2 "$INBYE" run true
elif [ -z "$pids_v1" ]; then
        expect_status 125 without_v2 "$INBYE" ps
        match_err 'no cgroup2 file system is mounted here'
fi

# An inbye in a tree of pidns is killed with the tree, and its warden at the same moment; that one is stopped, so that
# it is sure to come too late. Whom the pid meant nobody can say any more: the lock that is free is the proof.
if ! "$INBYE" run --mechanism=pidns -- true 2>/dev/null; then
        skip nested "mechanism pidns does not work here"
        finish
fi
"$INBYE" run --cancel-grace=0 --mechanism=pidns -- "$INBYE" run --mechanism=cgroup -- \
        sh -c 'echo ready >"$0"; exec sleep 1000' "$tmp/line" &
outer=$!
read -r _ <"$tmp/line"
expect_status 0 "$INBYE" ps
id=$(awk '/ alive .* run --mechanism=cgroup -- sh -c .*\/line/ && index($0, tmp) { print $1 }' tmp="$tmp" "$out")
check "an inbye of an inner pid namespace is alive" test -n "$id"
expect_status 0 "$INBYE" gc
check "gc leaves it alone" kill -0 "$outer"
for cmdline in $(grep -alz "^inbye\.$id" /proc/[0-9]*/cmdline 2>/dev/null); do
        pid=${cmdline#/proc/}
        kill -STOP "${pid%/cmdline}"
done
kill -TERM "$outer"
wait "$outer" 2>/dev/null
expect_status 0 "$INBYE" ps
match_out "^$id .* dead +[^ ]+ +0 "
expect_status 0 "$INBYE" gc
match_out "^removed session $id with 0 processes, left by [0-9]+: "
expect_status 0 "$INBYE" ps
check "it is gone, too" test -z "$(awk -v id="$id" '$1 == id' "$out")"

finish
