# SPDX-License-Identifier: MIT
# `inbye timeout`, called through a symlink named timeout, side by side with timeout(1) of coreutils: what they
# print on both streams and how they end (exit code or signal) has to be the same, in the C locale and in UTF-8.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/ours"
ln -s "$INBYE" "$tmp/ours/timeout"
original=$(PATH=/usr/bin:/bin command -v timeout)
case $("$original" --version 2>/dev/null | head -n 1) in
*coreutils*) ;;
*)
        skip all "there is no timeout(1) of coreutils here"
        finish
        ;;
esac
if ! command -v perl >/dev/null; then
        skip all "there is no perl to see wait statuses with"
        finish
fi

# how DIR OUT ERR ARGUMENT...: run DIR/timeout as "timeout", print its wait status.
how() {
        dir_=$1 out_=$2 err_=$3
        shift 3
        PATH=$dir_:/usr/bin:/bin perl -e '
                system { "timeout" } "timeout", @ARGV;
                printf "%s\n", $? & 127 ? "signal " . ($? & 127) : "exit " . ($? >> 8);
                ' -- "$@" 3>"$tmp/status" >"$out_" 2>"$err_" </dev/null
}

# The wait status is the last line of stdout: nobody closes or redirects it there.
same() {
        how "$(dirname "$original")" "$tmp/o1" "$tmp/e1" "$@"
        how "$tmp/ours" "$tmp/o2" "$tmp/e2" "$@"
        if cmp -s "$tmp/o1" "$tmp/o2" && cmp -s "$tmp/e1" "$tmp/e2"; then
                ok "[$LC_ALL] timeout $* ($(tail -n 1 "$tmp/o1"))"
        else
                not_ok "[$LC_ALL] timeout $*"
                diff "$tmp/o1" "$tmp/o2" | sed 's/^/    out: /'
                diff "$tmp/e1" "$tmp/e2" | sed 's/^/    err: /'
        fi
}

printf 'echo no interpreter line\n' >"$tmp/plain"
printf '#!/nonexistent/interpreter\n' >"$tmp/bad"
: >"$tmp/data"
chmod 755 "$tmp/plain" "$tmp/bad"
weird=$(printf "it's a\\\\b \\001\\t\\377 \\303\\251")

# For the command: until the original waits for it. A signal that comes before ends the original as if it had none,
# and there is no event for that.
waits='until grep -q "^State:.S" /proc/$PPID/status; do :; done'

compare_messages() {
        # misuse
        same
        same 1
        same --foo 1 true
        same --verb=1 1 true
        same --ver
        same --s
        same -x 1 true
        same -k
        same -s
        same --kill-after
        for duration in '' x 1x 1ss -1 nan -nan 1e400 0x 1,5 1.5.5 ' ' 1µ infinityx "$weird"; do
                same -- "$duration" true
                same -k "$duration" 1 true
        done
        for name in '' FOO 255 33 65 99999999999 9x SIGSIGTERM +9 ' 9' EMT RTMIN+99 "$weird"; do
                same -s "$name" 1 true
        done
        # what cannot be run
        same 1 /nonexistent/program
        same 1 no-such-program-anywhere
        same 1 ''
        same 1 /
        same 1 "$tmp/data"
        same 1 "$tmp/data/below"
        same 1 "$tmp/plain"
        same 1 "$tmp/bad"
        same 1 "$weird"
        # what is sent, to whom
        same -v 0.05 sleep 5
        same -v -s HUP 0.05 sleep 5
        same -v -s KILL 0.05 sleep 5
        same -v -s 34 0.05 sleep 5
        same -v -k 0.05 0.05 sh -c 'trap "" TERM; while :; do sleep 5; done'
        same -v --foreground 0.05 sleep 5
        same -v --foreground -s KILL 0.05 sleep 5
        same -v 0.05 sh -c 'sleep 5' "$weird"
        same -v 5 sh -c "$waits"'; kill -TERM $PPID; sleep 5'
}

compare_ends() {
        # the command ends by itself
        same 5 true
        same 5 false
        same 5 sh -c 'exit 3'
        same 5 sh -c 'exit 255'
        same 0 sh -c 'exit 4'
        same 5 sh -c 'echo out; echo err >&2'
        for signo in HUP INT QUIT KILL SEGV TERM USR1 PIPE ALRM ABRT; do
                same 5 sh -c "ulimit -c 0; kill -$signo \$\$"
                same --preserve-status 5 sh -c "ulimit -c 0; kill -$signo \$\$"
        done
        # the time is up
        for duration in 0.05 .05 5e-2 0x.1 0.0005m 0.00001h 0.000001d ' .05' +.05; do
                same "$duration" sleep 5
        done
        for duration in 1e3 1d infinity INF 0x10 1e300 0.0 0d 1e-400; do
                same "$duration" true
        done
        same 1e-300 sleep 5
        same --preserve-status 0.05 sleep 5
        same --preserve-status -s INT 0.05 sleep 5
        same --preserve-status 0.05 sh -c 'exec 2>/dev/null; trap "exit 7" TERM; while :; do sleep 0.01; done'
        same 0.05 sh -c 'exec 2>/dev/null; trap "exit 7" TERM; while :; do sleep 0.01; done'
        same 0.05 sh -c 'trap "" TERM; sleep 0.2; exit 3'
        same -s 0 0.05 sleep 0.1
        same -s EXIT 0.05 sleep 0.1
        same -s CONT 0.05 sleep 0.1
        same -s URG 0.05 sleep 0.1
        same -s KILL 0.05 sleep 5
        same -s 137 0.05 sleep 5
        same -s kill 0.05 sleep 5
        same -s SIGKILL --foreground 0.05 sleep 5
        same -s KILL --preserve-status 0.05 sleep 5
        same -k 0.05 0.05 sh -c 'trap "" TERM; sleep 5'
        same -k 0.05 --foreground 0.05 sh -c 'trap "" TERM; exec sleep 5'
        same -k 0.05 --preserve-status 0.05 sh -c 'trap "" TERM; exec sleep 5'
        same -k 5 0.05 sleep 5
        same -k 0 0.05 sleep 5
        same --kill=5 --sig=INT 0.05 sleep 5
        same --fore --pres 0.05 sleep 5
        # somebody signals timeout itself
        for signo in TERM INT HUP QUIT ALRM; do
                same 5 sh -c "$waits; ulimit -c 0; kill -$signo \$PPID; exec sleep 5"
                same --foreground 5 sh -c "$waits; ulimit -c 0; kill -$signo \$PPID; exec sleep 5"
                same -k 0.05 5 sh -c "$waits; trap '' $signo; kill -$signo \$PPID; exec sleep 5"
        done
        same -s USR1 5 sh -c "$waits"'; kill -USR1 $PPID; exec sleep 5'
        # what is inherited
        same 5 grep -E '^Sig(Ign|Blk)' /proc/self/status
        same 5 sh -c 'echo into three >&3 && cat "$0"' "$tmp/status"
        same 5 sh -c 'ps -o pgid= -p $$ | grep -qx " *$PPID" && echo in its group'
        same --foreground 5 sh -c 'ps -o pgid= -p $$ | grep -qx " *$PPID" || echo in the group of others'
}

for LC_ALL in C C.UTF-8; do
        export LC_ALL
        compare_messages
done
compare_ends

# with signals ignored from the start, as below nohup or in a script's background
trap '' INT QUIT HUP TERM USR1 PIPE CHLD ALRM TTIN
same 5 grep -E '^Sig(Ign|Blk)' /proc/self/status
same 0.05 sleep 5
same 5 sh -c "$waits"'; kill -INT $PPID; exec sleep 5'
trap - INT QUIT HUP TERM USR1 PIPE CHLD ALRM TTIN

finish
