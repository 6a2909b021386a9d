# SPDX-License-Identifier: MIT
# A build for POSIX alone: what it holds, what it refuses, what it does not know.
. "$(dirname "$0")/lib.sh"

expect_status 0 "$INBYE" doctor
match_out '^  cgroup +does not work'
match_out 'why not: this build is posix_only'
match_out '^  pgroup +works; used by default'
expect_status 3 "$INBYE" run --report "$tmp/report" -- sh -c 'sleep 1000 & exit 3'
check "that somebody was left behind is known, not who" grep -q '"n_leftovers":null,"leftovers":\[\]' "$tmp/report"
check "what POSIX does not tell is unknown" grep -q '"cpu_user":null' "$tmp/report"
expect_status 124 "$INBYE" run --timeout 100ms --grace 100ms -- sh -c 'trap "" TERM; while :; do sleep 1000; done'
expect_status 125 "$INBYE" run --affinity 0 true
expect_status 125 "$INBYE" run --setsid true
match_err 'cannot hold a session'
expect_status 125 "$INBYE" run --require cgroup true
match_err 'this build is posix_only'
expect_status 125 "$INBYE" ps
match_err 'this build is posix_only'
expect_status 125 "$INBYE" gc
match_err 'this build is posix_only'

# Its owner is killed: the anchor ends the group. The FIFO tells of the end of the last who has it open.
mkfifo "$tmp/alive"
"$INBYE" run -- sh -c 'exec 3>"$1"; echo up >&3; sleep 1000 & wait' sh "$tmp/alive" &
owner=$!
exec 4<"$tmp/alive"
read -r line <&4
kill -9 "$owner"
check "the tree came up" [ "$line" = up ]
check "nobody of the tree outlives its owner" [ -z "$(timeout 10 cat <&4 || echo alive)" ]

finish
