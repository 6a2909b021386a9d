# SPDX-License-Identifier: MIT
# What `inbye timeout` does beyond timeout(1): nothing of the tree is left. The rest: timeout_vs_coreutils.sh.
. "$(dirname "$0")/lib.sh"

gone() {
        [ -s "$tmp/pid" ] || return 1
        read -r pid start <"$tmp/pid"
        now=$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)
        [ "$now" != "$start" ] || grep -q '^State:.[ZX]' "/proc/$pid/status"
}

# A grandchild out of the session, deaf to TERM.
cat >"$tmp/stray" <<'SH'
setsid sh -c 'echo "$$ $(cut -d" " -f22 /proc/$$/stat)" >"$0"; trap "" TERM; while :; do sleep 50; done' "$1" &
until [ -s "$1" ]; do :; done
SH
stray="set -- $tmp/pid; . $tmp/stray"

rm -f "$tmp/pid"
expect_status 0 "$INBYE" timeout 50 sh -c "$stray"
check "gone when the command ends" gone
rm -f "$tmp/pid"
expect_status 124 "$INBYE" timeout 0.6 sh -c "$stray; sleep 50"
check "gone when the time is up" gone
rm -f "$tmp/pid"
expect_status 137 "$INBYE" timeout -s KILL 0.6 sh -c "$stray; sleep 50"
check "gone after KILL" gone
rm -f "$tmp/pid"
expect_status 124 "$INBYE" timeout --foreground 0.6 sh -c "$stray; exec sleep 50"
check "gone in the foreground" gone
rm -f "$tmp/pid"
expect_status 143 "$INBYE" timeout 50 sh -c "$stray; kill -TERM \$PPID; exec sleep 50"
check "gone after a signal to timeout" gone

expect_status 125 "$INBYE" timeout x true
match_err "^inbye timeout: invalid time interval .x.$"
match_err "^Try 'inbye timeout --help' for more information"
expect_status 0 "$INBYE" timeout --help
match_out '--kill-after'
expect_status 0 "$INBYE" timeout --version
match_out '^timeout \(inbye\) [0-9]'
ln -s "$INBYE" "$tmp/timeout"
expect_status 124 "$tmp/timeout" 0.01 sleep 50
expect_status 125 "$tmp/timeout" x true
match_err "^$tmp/timeout: invalid time interval"
expect_status 3 "$INBYE" timeout 50 "$tmp/timeout" 50 sh -c 'exit 3'

finish
