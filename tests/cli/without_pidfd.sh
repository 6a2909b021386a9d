# SPDX-License-Identifier: MIT
# A kernel or a filter without pidfds: the process group holds, and the end of the command is told all the same.
. "$(dirname "$0")/lib.sh"

without() {
        "$INBYE_HELPERS/without" pidfd -- "$INBYE" "$@"
}

expect_status 0 without doctor
match_out '^  cgroup +does not work'
match_out 'why not: there are no pidfds here'
match_out '^  pgroup +works; used by default'
expect_status 3 without run --report "$tmp/report" -- sh -c 'sleep 1000 & exit 3'
check "it is held by the process group" grep -q '"mechanism":"pgroup"' "$tmp/report"
check "what it left behind is told" grep -q '"n_leftovers":1,"leftovers":.."pid":' "$tmp/report"
expect_status 124 without run --timeout 100ms --grace 10s -- sh -c 'sleep 1000'
expect_status 124 without run --timeout 100ms --grace 100ms -- sh -c 'trap "" TERM; while :; do sleep 1000; done'
expect_status 0 without run --leftovers wait -- sh -c '(read x <"$1"; echo late) & exec true' sh /dev/null
expect_out late
expect_status 137 without run -- sh -c 'kill -9 $$'
expect_status 127 without run -- "$tmp/absent"
seq 100 >"$tmp/items"
expect_status 1 without batch -j 4 --items "$tmp/items" -- sh -c 'test {} -ne 7'
match_err '^  nonzero +1$'
match_err '^  ok +99$'
expect_status 125 without run --require cgroup true
match_err 'there are no pidfds here'

# --- a warden that cannot watch its children ends the tree, and goes
cat >"$tmp/warden" <<END
#!/bin/sh
exec "$INBYE_HELPERS/without" signalfd -- "$INBYE_WARDEN" "\$@"
END
chmod +x "$tmp/warden"
mkfifo "$tmp/gone"
for mechanism in reaper pidns; do
        if [ $mechanism = pidns ] && ! "$INBYE" run -m pidns -- true 2>/dev/null; then
                continue # where there are no user namespaces
        fi
        exec 7<>"$tmp/gone"
        INBYE_WARDEN=$tmp/warden expect_status 137 "$INBYE" run -m $mechanism -- sh -c 'sleep 1000 8>"$0" & sleep 1000' "$tmp/gone"
        exec 8<"$tmp/gone" 7>&-
        check "$mechanism: the tree is gone" timeout 20 cat <&8
        exec 8<&-
done

finish
