#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: input as it arrives, output that nobody takes, signals. Who has to wait waits for a line of a fifo.
# shellcheck disable=SC2094 # fifos are read and written by one pipeline
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1
mkfifo in ready go

# --- a job starts while its list is still being written
for how in items json; do
        if [ $how = items ]; then
                "$INBYE" batch -q -- sh -c 'echo "$1" >ready; echo "$1"' - <in >"$out" 2>"$err" &
                first=one
        else
                "$INBYE" batch -q --stream <in >"$out" 2>"$err" &
                first='["sh", "-c", "echo one >ready; echo one"]'
        fi
        pid=$!
        exec 5>in
        echo "$first" >&5
        read -r line <ready
        check "the first job has run ($how)" test "$line" = one
        exec 5>&-
        wait $pid
        check "all ok ($how)" test $? -eq 0
        expect_out one
done

# --- nobody reads: what runs is ended, the status is 1
expect_status 0 sh -c '{ "$INBYE" batch -j2 -g 0 -- sh -c "echo \$0; [ \$0 != 3 ] || exec sleep 1000" ::: 1 2 3 4 5 6 2>err; echo $? >status; } | true'
check "status 1 where nobody reads" grep -qx 1 status
check "which is told" grep -q '^inbye: cannot write to standard output: Broken pipe' err
if [ -w /dev/full ]; then
        "$INBYE" batch -j2 -g 0 -- sh -c 'echo $0; [ $0 != 2 ] || exec sleep 1000' ::: 1 2 3 >/dev/full 2>"$err"
        check "status 125 where there is no room" test $? -eq 125
        match_err '^inbye: cannot write to standard output: No space left'
        expect_status 125 batch -q -g 0 --results /dev/full -- echo ::: 1
        match_err '/dev/full: No space left'
        expect_status 125 batch -q --summary /dev/full -- echo ::: 1
        match_err '/dev/full.*: No space left'
fi

# --- a reader that does not read holds new jobs back, and no clock
cat >reader.py <<'END'
import glob, json, os, subprocess, sys
flood = 'head -c 900000 /dev/zero; touch "mark.$0"; '
with open('list.jsonl', 'w') as jobs:
    for i in '123456':
        job = {'argv': ['sh', '-c', flood + 'echo >ready; exec sleep 1000' if i == '2' else flood, i]}
        if i == '2':
            job['timeout'], job['grace'] = 2, 0
        jobs.write(json.dumps(job) + '\n')
batch = subprocess.Popen([sys.argv[1], 'batch', '-q', '-j2', '--results', 'res', 'list.jsonl'],
                         stdout=subprocess.PIPE)
open('ready').read()
os.read(batch.stdout.fileno(), 1)
# the outputs of two fill the queue: no more than the first three were started
held = len(glob.glob('mark.*'))
n = sum(len(piece) for piece in iter(lambda: os.read(batch.stdout.fileno(), 65536), b''))
print(held <= 3, n > 5300000, batch.wait())
END
check "a slow reader" test "$(python3 reader.py "$INBYE")" = "True True 1"
check "the timeout fired" grep -q '"job":2,.*"status":"timeout"' res

# --- signals
start() {
        "$INBYE" batch "$@" >"$out" 2>"$err" &
        pid=$!
        read -r _ <ready
}
start --json -j1 -g 1000 -- sh -c 'echo >ready; exec sleep 1000' ::: a b c
kill -TERM $pid
wait $pid
check "dies of the signal" test $? -eq 143
match_out '"cancelled":1,.*"not_started":2,.*"signal":"TERM"'
start --json -j1 -g 1000 -- sh -c 'trap "echo >ready" TERM; echo >ready; while :; do sleep 1000 & wait; done' ::: a b
kill -TERM $pid
read -r _ <ready
kill -HUP $pid
wait $pid
check "dies of the first signal" test $? -eq 143
match_err '^inbye: job 1 \(a\): cancelled, SIGKILL '
mkfifo said
"$INBYE" batch -j1 -- sh -c 'echo >ready; read x <go; exit 0' ::: a >"$out" 2>said &
pid=$!
exec 6<said
read -r _ <ready
kill -USR1 $pid
read -r line <&6
check "USR1: how many" test "$line" = "inbye: 1 running, 0 ended"
read -r line <&6
check "USR1: which" test "${line#inbye: job 1 for }" != "$line"
echo >go
wait $pid
check "USR1 only asks" test $? -eq 0
exec 6<&-
sh -c 'trap "" INT; exec "$INBYE" batch -q -- sh -c "echo >ready; read x <go; kill -INT \$\$; echo alive" ::: a' >"$out" 2>"$err" &
pid=$!
read -r _ <ready
kill -INT $pid
echo >go
wait $pid
check "a signal that was ignored stays so" test $? -eq 0
expect_out alive

# --- Ctrl-Z
cat >stop.py <<'END'
import os, signal, subprocess, sys
script = 'echo >ready; while read x <go; do echo "$x"; [ "$x" != end ] || exit 0; done'
batch = subprocess.Popen([sys.argv[1], 'batch', '-q', '-t', '1000', '--', 'sh', '-c', script, ':::', 'x'],
                         stdout=subprocess.PIPE, preexec_fn=lambda: os.setpgid(0, 0))
open('ready').read()
os.kill(batch.pid, signal.SIGTSTP)
status = os.waitpid(batch.pid, os.WUNTRACED)[1]
job = open('/proc/%d/task/%d/children' % (batch.pid, batch.pid)).read().split()
job = [pid for pid in job if open('/proc/%s/comm' % pid).read() != 'inbye-warden\n']
states = [open('/proc/%s/stat' % pid).read().rsplit(')', 1)[1].split()[0] for pid in job]
os.kill(batch.pid, signal.SIGCONT)
open('go', 'w').write('end\n')
print(os.WIFSTOPPED(status), os.WSTOPSIG(status) == signal.SIGTSTP, len(job), batch.stdout.read().decode().strip(), batch.wait())
END
check "stops and goes on" test "$(python3 stop.py "$INBYE")" = "True True 1 end 0"
# --- a reader that never reads: two signals end the batch all the same
mkfifo "$tmp/stuck"
check "nobody has to read for a batch to be ended" python3 - "$INBYE" "$tmp/stuck" "$err" <<'PY'
import fcntl, os, signal, subprocess, sys
inbye, path, err = sys.argv[1:]
reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(writer, b"x" * 4096)
except BlockingIOError:
    pass
batch = subprocess.Popen([inbye, "batch", "-q", "-j2", "--results", path, "--", "echo"] + [":::"] + ["x"] * 3000,
                         stdout=subprocess.PIPE, stderr=open(err, "wb"))
batch.stdout.readline()
batch.send_signal(signal.SIGINT)
batch.send_signal(signal.SIGTERM)
assert batch.wait(20) == -signal.SIGINT, batch.returncode
PY
match_err '^inbye: a reader is too slow, the rest is lost$'

finish
