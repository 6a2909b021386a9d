# SPDX-License-Identifier: MIT
# `inbye run` and signals: cancelled by one it ends the tree and dies of it; others are passed on.
. "$(dirname "$0")/lib.sh"

if ! command -v perl >/dev/null; then
        skip all "there is no perl to see wait statuses with"
        finish
fi

# ends HOW ARGUMENT...: how `inbye run ARGUMENT...` ends, "exit 3" or "signal 15"; the command's parent is inbye.
ends() {
        how_=$1
        shift
        got_=$(perl -e '
                open(my $out, ">", shift) or die;
                my $pid = fork // die;
                if ($pid == 0) { open(STDOUT, ">&", $out); exec { $ARGV[0] } @ARGV; exit 99 }
                waitpid($pid, 0);
                printf "%s\n", $? & 127 ? "signal " . ($? & 127) : "exit " . ($? >> 8);
                ' "$out" "$INBYE" run "$@" 2>"$err")
        if [ "$got_" = "$how_" ]; then
                ok "$how_: $*"
        else
                not_ok "$got_ where '$how_' was expected: $*"
                show_streams
        fi
}

# A grandchild in a session of its own; its pid and start time go to a file. gone: it is no longer alive.
cat >"$tmp/stray" <<'SH'
setsid sh -c 'set -- $(cat /proc/self/stat); echo "$$ $(cut -d" " -f22 /proc/$$/stat)" >"$0"; trap "" TERM HUP INT
        while :; do sleep 50; done' "$1" &
until [ -s "$1" ]; do :; done
SH
gone() {
        [ -s "$tmp/pid" ] || return 1
        read -r pid start <"$tmp/pid"
        now=$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)
        [ "$now" != "$start" ] || grep -q '^State:.[ZX]' "/proc/$pid/status"
}

# The helper is first shown to make a stray that is seen.
(
        set -- "$tmp/pid"
        . "$tmp/stray"
)
if gone; then not_ok "a stray would be seen"; else ok "a stray would be seen"; fi
read -r pid start <"$tmp/pid"
kill -KILL -"$pid"

for signo in 15 2 1 3; do
        rm -f "$tmp/pid"
        ends "signal $signo" --cancel-grace 0.05 sh -c "ulimit -c 0; set -- $tmp/pid; . $tmp/stray; kill -$signo \$PPID; exec sleep 50"
        check "the tree is gone" gone
done
ends "signal 15" sh -c 'kill -TERM $PPID; exec sleep 50'
ends "signal 15" sh -c 'trap "echo ended well; exit 0" TERM; kill -TERM $PPID; sleep 50 & wait'
match_out 'ended well'
ends "signal 15" --cancel-grace 0.05 sh -c 'trap "" TERM; kill -TERM $PPID; while :; do sleep 50; done'
ends "signal 2" --cancel-grace 50 sh -c 'trap "" INT TERM; kill -INT $PPID; kill -INT $PPID; kill -TERM $PPID; while :; do sleep 50; done'
ends "signal 15" --timeout 0.05 --grace 50 --cancel-grace 0.01 sh -c 'trap "kill -TERM $PPID" TERM; while :; do sleep 50 & wait; done'

rm -f "$tmp/pid"
ends "signal 15" --report "$tmp/report" --cancel-grace 0 sh -c "set -- $tmp/pid; . $tmp/stray; kill -TERM \$PPID; exec sleep 50"
check "the tree is gone" gone
check "the report says cancelled" grep -q '"status":"cancelled"' "$tmp/report"

# What is not for the command and would end inbye is a cancel too; a process group would otherwise live on.
for name in ALRM VTALRM PROF XCPU IO PWR STKFLT SYS RTMIN RTMAX; do
        rm -f "$tmp/pid"
        ends "signal $(bash -c "kill -l $name")" --mechanism pgroup --report "$tmp/report" --cancel-grace 0.05 bash -c "echo \"\$\$ \$(cut -d' ' -f22 /proc/\$\$/stat)\" >$tmp/pid; trap '' $name; kill -$name \$PPID; while :; do sleep 50; done"
        check "the tree is gone" gone
        check "the report says cancelled" grep -q '"status":"cancelled"' "$tmp/report"
done
for name in USR1 USR2 WINCH CONT; do
        ends "exit 5" bash -c "trap 'exit 5' $name; kill -$name \$PPID; sleep 50 & wait"
done
rm -f "$tmp/pid"
ends "exit 5" bash -c "trap 'exit 5' USR1; set -- $tmp/pid; . $tmp/stray; kill -USR1 \$PPID; while :; do wait; done"
check "what is left behind at an end of its own is gone too" gone

(
        trap '' HUP INT
        ends "exit 4" sh -c 'kill -HUP $PPID; kill -INT $PPID; exit 4'
        [ "$n_failed" -eq 0 ]
)
check "what was ignored at the start stays ignored" [ $? -eq 0 ]
ends "exit 143" perl -e '
        use POSIX; my $s = POSIX::SigSet->new(SIGTERM, SIGINT, SIGCHLD, SIGHUP);
        sigprocmask(SIG_BLOCK, $s); exec @ARGV' "$INBYE" run --cancel-grace 0.05 sh -c 'kill -TERM $PPID; exec sleep 50'
ends "exit 143" sh -c 'kill -TERM $$'
ends "exit 124" --timeout 0.05 sh -c 'kill -STOP $$'
ends "exit 124" --timeout 0.05 --grace 0 sh -c 'kill -TSTP $$; kill -TTIN $$; sleep 50'
ends "exit 3" sh -c "trap '' TERM; kill 0; exit 3"
ends "exit 137" sh -c 'kill -KILL 0'

finish
