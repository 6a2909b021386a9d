# SPDX-License-Identifier: MIT
# `inbye run`: exit statuses, transparency, settings, reports, and what wrong use gets.
. "$(dirname "$0")/lib.sh"

run() {
        "$INBYE" run "$@"
}

# One line on stderr, nothing on stdout, the status: and the command was not started.
refused() {
        status_=$1 ere_=$2
        shift 2
        rm -f "$tmp/started"
        expect_status "$status_" "$INBYE" "$@"
        match_err "$ere_"
        check "one line of complaint" [ "$(wc -l <"$err")" -eq 1 ]
        check "nothing on stdout" [ ! -s "$out" ]
        check "nothing was started" [ ! -e "$tmp/started" ]
}
touch="touch $tmp/started"

echo "# statuses"
expect_status 0 run true
expect_status 3 run sh -c 'exit 3'
expect_status 255 run sh -c 'exit 255'
expect_status 137 run sh -c 'kill -KILL $$'
expect_status 139 run sh -c 'ulimit -c 0; kill -SEGV $$'
expect_status 143 run sh -c 'kill -TERM $$'
expect_status 130 run sh -c 'kill -INT $$'
expect_status 124 run --timeout 0.05 sleep 50
expect_status 124 run --timeout 0.05 --grace 0.05 sh -c 'trap "" TERM; while :; do sleep 50; done'
expect_status 124 run --timeout 0.05 sh -c 'trap "exit 0" TERM; while :; do sleep 0.01; done'
expect_status 124 run --idle-timeout 0.1 sh -c 'echo out; sleep 50'
expect_out out
for outputs in '--stdout null --stderr null' '--stdout null --stderr merge'; do
        # shellcheck disable=SC2086
        expect_status 125 run --idle-timeout 0.1 $outputs touch "$tmp/silent"
        match_err '^inbye: --idle-timeout sees no output'
done
expect_status 125 run --append touch "$tmp/silent"
match_err '^inbye: --append needs --stdout or --stderr'
expect_status 125 run --capture touch "$tmp/silent"
match_err '^inbye: --capture keeps the output for the report, which --report or --events names'
expect_status 125 run --allow-env PATH touch "$tmp/silent"
match_err '^inbye: --allow-env needs --clear-env'
expect_status 125 run --id= touch "$tmp/silent"
match_err '^inbye: --id: the name of the command is empty'
check "nothing was started that way" [ ! -e "$tmp/silent" ]
expect_status 0 run --capture-limit 2 --report "$tmp/report" echo hello
check "a limit of what is kept captures" grep -q '"stdout":{"bytes":6,"truncated":true' "$tmp/report"
expect_status 124 run --capture-keep fail --capture-limit 100 --stdout /dev/null sh -c 'exec cat /dev/zero >&2' 2>"$tmp/zeros"
expect_status 1 run --leftovers fail sh -c 'sleep 50 & exit 0'
expect_status 4 run --leftovers fail sh -c 'sleep 50 & exit 4'
expect_status 1 run --leftovers fail --success-codes 0,3 sh -c 'sleep 50 & exit 3'
expect_status 0 run --leftovers fail --success-codes 0,3 sh -c 'exit 3'
expect_status 4 run --leftovers fail --success-codes 0,3 sh -c 'sleep 50 & exit 4'
expect_status 0 run --leftovers wait sh -c '(exec >/dev/null; sleep 0.05) & exit 0'
expect_status 0 run --success-codes 0,3-5 sh -c 'exit 4'
expect_status 2 run --success-codes 0,3-5 sh -c 'exit 2'
expect_status 0 run --timeout 0 true

echo "# as without inbye"
expect_status 0 run sh -c 'cat; echo err >&2' <"$0"
check "stdin goes through" cmp -s "$out" "$0"
expect_err err
expect_status 0 run -- printf '%s|' --timeout 1 -v ''
expect_out '--timeout|1|-v||'
printf 'echo by a shell: $1\n' >"$tmp/plain"
chmod +x "$tmp/plain"
expect_status 0 run "$tmp/plain" word
expect_out 'by a shell: word'
expect_status 0 run grep -E '^Sig(Ign|Blk)' /proc/self/status
cp "$out" "$tmp/with"
grep -E '^Sig(Ign|Blk)' /proc/self/status >"$tmp/without"
check "signals are as without" cmp -s "$tmp/with" "$tmp/without"
(
        trap '' HUP INT QUIT TERM USR1 PIPE WINCH
        run grep -E '^Sig(Ign|Blk)' /proc/self/status >"$tmp/with"
        grep -E '^Sig(Ign|Blk)' /proc/self/status >"$tmp/without"
)
check "ignored signals stay ignored" cmp -s "$tmp/with" "$tmp/without"
(
        trap '' CHLD
        run sh -c 'exit 3'
        [ $? -eq 3 ]
)
check "SIGCHLD may be ignored" [ $? -eq 0 ]
expect_status 0 run ls /proc/self/fd 7<"$0"
check "descriptors of others are closed" sh -c "! grep -qx 7 '$out'"
expect_status 0 run --keep-fd 7 sh -c 'cat <&7' 7<"$0"
check "a descriptor is kept on request" cmp -s "$out" "$0"
MAKEFLAGS=' -j4 --jobserver-auth=5,6 --jobserver-auth=7,8' expect_status 0 run sh -c 'cat <&7 && echo token >&8' 7<"$0" 8>"$tmp/token"
check "make's jobserver is kept" [ "$(cat "$tmp/token")" = token ]
MAKEFLAGS=' -j4 --jobserver-auth=fifo:/nowhere' expect_status 0 run true
LISTEN_FDS=2 expect_status 0 run sh -c 'cat <&3 && echo token >&4' 3<"$0" 4>"$tmp/token"
check "sockets of LISTEN_FDS are kept" cmp -s "$out" "$0"
expect_status 0 sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" run sh -c "echo \$LISTEN_PID; echo \$\$" 3</dev/null' "$INBYE"
check "LISTEN_PID becomes the pid of the command" [ "$(uniq "$out" | wc -l)" -eq 1 ]
LISTEN_PID=1 LISTEN_FDS=1 expect_status 0 run sh -c 'echo $LISTEN_PID'
expect_out 1
if command -v make >/dev/null; then
        printf 'all: a b\na b:\n\t+@"$$INBYE" run $(MAKE) --no-print-directory -s -f %s/sub\n' "$tmp" >"$tmp/top"
        printf 'all: x y\nx y:\n\t@echo $@ $(filter --jobserver%%,$(MAKEFLAGS))\n' >"$tmp/sub"
        INBYE=$INBYE expect_status 0 make -s -j2 -f "$tmp/top"
        expect_err ''
        match_out '^[xy] --jobserver'
fi
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
        sh -c "'$INBYE' run sh -c 'echo out; echo err >&2; cat; ls /proc/self/fd >\"$tmp/fds\"; exit 3' $closed" >"$out" 2>"$err" </dev/null
        check "works with $closed" [ $? -eq 3 ]
done
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
        for how in '' "'$INBYE' run" "'$INBYE' run --mechanism=pgroup" "'$INBYE' timeout 9"; do
                sh -c "$how python3 -c 'import os
seen = str([os.path.exists(f\"/proc/self/fd/{n}\") for n in range(3)])
open(\"$tmp/closed\", \"w\").write(seen)' $closed" \
                        </dev/null >/dev/null 2>&1
                [ -n "$how" ] || mv "$tmp/closed" "$tmp/wanted"
        done
        check "what was closed stays closed: $closed ($(cat "$tmp/closed"))" cmp -s "$tmp/closed" "$tmp/wanted"
done
sh -c "'$INBYE' run --report - true >&-" 2>"$err"
check "no report goes to what is closed" [ $? -eq 125 ]
match_err "cannot write '-': .*closed"
echo text >"$tmp/text"
expect_status 0 run cat /dev/fd/9 9<"$tmp/text"
expect_out text
expect_status 0 run cat /proc/self/fd/9 8<"$tmp/text" 9<&8
expect_out text
expect_status 0 run sh -c 'cat "${1#--config=}"; ls "/proc/$$/fd"' sh --config=/dev/fd/9 8</dev/null 9<"$tmp/text"
expect_out "$(printf 'text\n0\n1\n2\n9')"
if command -v bash >/dev/null; then
        expect_status 0 bash -c '"$0" run cat <(echo 1) <(echo 2)' "$INBYE"
        expect_out "$(printf '1\n2')"
fi
expect_status 1 run cat /dev/fd/99
cat >"$tmp/ignored.py" <<'PY'
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
PY
ignored='print(signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN)'
for choice in --leftovers=kill --mechanism=pgroup; do
        expect_status 0 python3 "$tmp/ignored.py" "$INBYE" run $choice \
                python3 -c "import signal; $ignored"
        expect_out True
        expect_status 0 run $choice python3 -c "import signal; $ignored"
        expect_out False
        expect_status 3 python3 "$tmp/ignored.py" "$INBYE" run $choice sh -c 'exit 3'
done
expect_status 0 python3 "$tmp/ignored.py" "$INBYE" batch -q -- python3 -c "import signal; $ignored" ::: 1
expect_out True
expect_status 3 run "$INBYE" run sh -c 'exit 3'

echo "# settings"
cd "$tmp" || exit 1
expect_status 0 run --cwd / pwd
expect_out /
expect_status 0 run --clear-env --env A=1 --allow-env HOME --env 'B=x=y z' /usr/bin/env
expect_out "$(printf 'HOME=%s\nA=1\nB=x=y z' "$HOME")"
expect_status 0 run --clear-env -e A=1 -e A=2 --unset-env B -e B=3 --unset-env A /usr/bin/env
expect_out B=3
printf '# comment\nC=3\n\nD=a b\n' >"$tmp/env"
expect_status 0 run --clear-env --env-file "$tmp/env" /usr/bin/env
expect_out "$(printf 'C=3\nD=a b')"
expect_status 0 run --program /bin/echo other word
expect_out word
expect_status 0 run --umask 027 sh -c umask
expect_out 0027
expect_status 0 run --rlimit nofile=33:44 sh -c 'ulimit -Sn; ulimit -Hn'
expect_out "$(printf '33\n44')"
expect_status 0 run --rlimit nofile=33:44 --rlimit core=0 --rlimit nofile=55:66 sh -c 'ulimit -Sn; ulimit -Hn'
expect_out "$(printf '55\n66')"
expect_status 0 run --nice 7 nice
expect_out 7
expect_status 0 run --affinity 0 grep Cpus_allowed_list /proc/self/status
match_out '0$'
expect_status 0 run --setsid sh -c '[ "$(ps -o sid= -p $$)" -eq $$ ]'
expect_status 0 run --stdin null cat
expect_out ''
expect_status 0 run --stdin "$tmp/env" cat
check "stdin from a file" cmp -s "$out" "$tmp/env"
expect_status 0 run --stdout "$tmp/file" --stderr merge sh -c 'echo 1; echo 2 >&2'
expect_status 0 run --append --stdout "$tmp/file" --stderr null sh -c 'echo 3; echo 4 >&2'
check "output into a file" [ "$(tr '\n' ' ' <"$tmp/file")" = '1 2 3 ' ]
if [ "$(id -u)" -eq 0 ]; then
        expect_status 0 run --user nobody sh -c 'id -un; id -Gn'
        expect_out "$(printf 'nobody\n%s' "$(id -Gn nobody)")"
        expect_status 0 run --user nobody --group daemon --groups 1,2 sh -c 'id -un; id -gn; id -G'
        expect_out "$(printf 'nobody\ndaemon\n1 2')"
        chmod 755 "$tmp"
        for as in "--user nobody" "--user 4711 --group 4712 --groups 4713"; do
                name=${as#--user }
                name=${name%% *}
                # shellcheck disable=SC2086 # words
                expect_status 0 run $as -- "$INBYE" run --mechanism=pgroup --user "$name" sh -c 'id -u; id -g; id -G'
                wanted=$("$INBYE" run $as sh -c 'id -u; id -g; id -G')
                check "one may name oneself: $name" [ "$(cat "$out")" = "$wanted" ]
        done
        expect_status 125 run --user nobody -- "$INBYE" run --user daemon true
else
        skip user "needs root"
fi

echo "# reports"
expect_status 3 run --id name --capture --report "$tmp/report" sh -c 'echo out; echo err >&2; exit 3'
expect_out out
expect_err err
check "the report is complete" python3 - "$tmp/report" <<'PY'
import json, sys
r = json.loads(open(sys.argv[1]).read())
assert r["id"] == "name" and r["status"] == "nonzero" and r["code"] == 3 and r["argv"][0] == "sh"
assert r["stdout"]["data"] == "out\n" and r["stderr"]["data"] == "err\n" and r["n_leftovers"] == 0
PY
expect_status 0 run --report fd:7 true 7>"$tmp/report"
check "the report goes to a descriptor" grep -q '"status":"ok"' "$tmp/report"
expect_status 124 run --timeout 0.05 --events "$tmp/events" -c sh -c 'echo out; sleep 50'
check "events tell the life" python3 - "$tmp/events" <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
kinds = [e["event"] for e in events]
assert kinds == ["started", "output", "limit", "signal", "exited", "ended"], kinds
assert events[1]["data"] == "out\n" and events[2]["status"] == "timeout" and events[3]["signal"] == "TERM"
assert events[-1]["result"]["status"] == "timeout" and events[0]["pid"] == events[-1]["result"]["pid"]
assert [e["since_start"] for e in events] == sorted(e["since_start"] for e in events)
PY
expect_status 127 run --report "$tmp/report" --events "$tmp/events" no-such-program
check "what was not started is reported" grep -q '"status":"spawn_error".*"stage":"exec"' "$tmp/report"
check "and told as an event" grep -q '"event":"ended".*"spawn_error"' "$tmp/events"
expect_status 0 run --verbose --env SECRET=hidden sh -c 'sleep 50 &'
match_err '^inbye: started sh -c .sleep 50 &. as [0-9]+, held by '
match_err '^inbye: leftover [0-9]+ \((sleep|sh)\)'
match_err '^inbye: ok after '
check "no values of the environment" sh -c "! grep -q hidden '$err'"
echo kept >"$tmp/own"
ln "$tmp/own" "$tmp/link"
for sink in report events; do
        for stream in stdin stdout stderr; do
                expect_status 125 run --$sink "$tmp/link" --$stream "$tmp/own" touch "$tmp/touched"
                match_err "'$tmp/link' is a file of the command's own"
                expect_status 125 run --$sink "$tmp/new" --stdout "$tmp/./new" touch "$tmp/touched"
                rm -f "$tmp/new"
        done
        expect_status 0 run --$sink /dev/null --stdin /dev/null --stdout /dev/null true
done
check "such a file is not emptied, nor anything started" [ "$(cat "$tmp/own")" = kept -a ! -e "$tmp/touched" ]
if [ -w /dev/full ]; then
        expect_status 125 run --report /dev/full echo out
        expect_out out
        expect_err "inbye: cannot write '/dev/full': No space left on device"
        expect_status 125 run --events /dev/full true
fi

echo "# readers that are slow or gone"
mkfifo "$tmp/slow"
exec 8<>"$tmp/slow"
expect_status 124 timeout 20 "$INBYE" run -c -t .3 -g .1 --events fd:8 --report "$tmp/report" --stderr null yes >/dev/null
match_err "^inbye: cannot write 'fd:8': its reader is too slow"
check "one line of complaint" [ "$(wc -l <"$err")" -eq 1 ]
check "a slow reader of events stops no timeout" python3 - "$tmp/report" <<'PY'
import json, sys
r = json.loads(open(sys.argv[1]).read())
assert r["status"] == "timeout" and r["duration"] < 1.5, r
PY
expect_status 125 timeout 20 "$INBYE" run --events fd:8 true
expect_status 125 timeout 20 "$INBYE" run --report fd:8 true
match_err "^inbye: cannot write 'fd:8': its reader is too slow"
exec 8>&-
mkfifo "$tmp/large"
"$INBYE" run -c --report "$tmp/large" sh -c 'yes | head -c 3000000' >/dev/null &
pid=$!
python3 - "$tmp/large" <<'PY'
import json, os, select, sys
fd, text = os.open(sys.argv[1], os.O_RDONLY), b""
while piece := os.read(fd, 5000):
    text += piece
    select.select([], [], [], .001)
assert len(json.loads(text)["stdout"]["data"]) == 3000000
PY
check "a slow reader of a report that goes on reading gets all of it" [ $? -eq 0 ]
wait $pid
check "and inbye is content" [ $? -eq 0 ]
mkfifo "$tmp/go" "$tmp/late"
{
        read -r _ <"$tmp/go"
        cat
} <"$tmp/late" >"$tmp/events" &
"$INBYE" run -c --events "$tmp/late" sh -c 'yes | head -c 8000000; echo >"$0"' "$tmp/go" >/dev/null
check "a late reader gets the end" [ $? -eq 0 ]
wait $!
check "output events are dropped and counted" python3 - "$tmp/events" <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events[0]["event"] == "started" and events[-1]["event"] == "ended"
assert "exited" in [e["event"] for e in events]
assert events[-1]["dropped"] > 0 and events[-1]["result"]["stdout"]["bytes"] == 8000000
PY
if [ -w /dev/full ]; then
        "$INBYE" run --idle-timeout 1h echo out >/dev/full 2>"$err"
        check "output that is lost is a failure" [ $? -eq 125 ]
        expect_err "inbye: cannot write stdout: No space left on device"
        "$INBYE" run --idle-timeout 1h sh -c 'echo out; exit 3' >/dev/full 2>"$err"
        check "the status of a command that failed stays" [ $? -eq 3 ]
        expect_err "inbye: cannot write stdout: No space left on device"
fi
{
        timeout 20 "$INBYE" run --idle-timeout 1h yes 2>"$err"
        echo $? >"$tmp/status"
} | head -n 1 >"$out"
check "a reader that has gone ends the command" [ "$(cat "$tmp/status")" -eq 141 ]
expect_out y
expect_err ''

echo "# wrong use"
refused 125 "^inbye: a command is missing"
refused 125 "unknown command 'rum'; did you mean 'run'" rum
refused 125 "unknown option '--frob'" --frob
refused 125 "the command to run is missing" run
refused 125 "unknown option '--timout'; did you mean '--timeout'" run --timout 1 $touch
refused 125 "unknown option '-Q'" run -Q $touch
refused 125 "option '--timeout' needs DURATION" run --timeout
refused 125 "option '--verbose' takes no value" run --verbose=yes $touch
refused 125 "option '--s' is ambiguous" run --s 1 $touch
for duration in '' x -1 1x 1e3 nan 99999999999999999999; do
        refused 125 "^inbye: --timeout: '$duration' is " run --timeout "$duration" $touch
done
refused 125 "'FOO' is no signal" run --signal FOO $touch
refused 125 "'kil' is no .*did you mean 'kill'" run --leftovers kil $touch
refused 125 "'cgruop' is no mechanism; did you mean 'cgroup'" run --mechanism cgruop $touch
refused 125 "as strong as --require" run --mechanism pgroup --require cgroup $touch
refused 125 "NAME=VALUE" run --env hidden $touch
check "what may be a secret is not repeated" sh -c "! grep -q hidden '$err'"
refused 125 "no-such-user.*is no user" run --user no-such-user $touch
refused 125 "give --group" run --user 3999999999 $touch
refused 125 "is no group" run --group no-such-group $touch
refused 125 "is no nice value" run --nice 20 $touch
refused 125 "is no octal mask" run --umask 8 $touch
refused 125 "is no limit" run --rlimit nofiles=1 $touch
refused 125 "is no list of CPUs" run --affinity 3-1 $touch
refused 125 "is no class of I/O priority" run --ioprio high $touch
refused 125 "is no size" run --capture-limit 1X $touch
refused 125 "holds a number above 255" run --success-codes 256 $touch
refused 125 "descriptor 99: Bad file descriptor" run --keep-fd 99 $touch
refused 125 "the command is empty" run ''
refused 125 "directory '/no/such'" run --cwd /no/such $touch
refused 125 "directory '/dev/null'.*Not a directory" run --cwd /dev/null $touch
refused 125 "/no/such.*No such file" run --env-file /no/such $touch
refused 125 "/no/such.*No such file" run --stdin /no/such $touch
refused 125 "/no/such.*No such file" run --stdout /no/such $touch
refused 125 "/no/such.*No such file" run --report /no/such $touch
refused 125 "/no/such.*No such file" run --events /no/such $touch
refused 125 "descriptor 99" run --report fd:99 $touch
refused 125 "'x' is no descriptor" run --report fd:x $touch
refused 125 "not open for writing" run --report fd:0 $touch </dev/null
refused 127 "no-such-program.*looked in" run no-such-program
refused 127 "/no/such/program" run /no/such/program
refused 126 "it is a directory" run /
: >"$tmp/data"
refused 126 "chmod \+x" run "$tmp/data"
printf '#!/no/such/interpreter\n' >"$tmp/script"
chmod +x "$tmp/script"
refused 127 "/no/such/interpreter" run "$tmp/script"
{
        printf 'A='
        head -c 200000 /dev/zero | tr '\0' x
} >"$tmp/env"
refused 126 "[Aa]rgument list too long" run --env-file "$tmp/env" /bin/$touch
refused 127 "^inbye: cannot execute '\?\[31m\?/x'" run "$(printf '\033[31m\001')/x"
for n in 5 7 9 12; do
        sh -c "ulimit -n $n; exec '$INBYE' run $touch" 2>"$err"
        check "with $n descriptors: says so" grep -q '^inbye: .*Too many open files$' "$err"
        check "with $n descriptors: one line" [ "$(wc -l <"$err")" -eq 1 ]
        check "nothing was started" [ ! -e "$tmp/started" ]
done
(
        ulimit -n 20
        run true
)
check "20 descriptors are enough" [ $? -eq 0 ]

echo "# help"
for word in --help help 'help run' 'run --help' 'batch -h' 'timeout --help' 'doctor --help' --version version 'completions bash'; do
        # shellcheck disable=SC2086
        expect_status 0 "$INBYE" $word
        check "it goes to stdout" [ -s "$out" -a ! -s "$err" ]
done
expect_status 125 sh -c "'$INBYE' run --help >/dev/full"
match_err 'cannot write to standard output: No space left'
expect_status 0 bash -n -c "$("$INBYE" completions bash)"

finish
