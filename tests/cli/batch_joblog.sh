#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: the job log, and going on from it.
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
# column N: of each line of the log but the first
column() {
        tail -n +2 log | cut -f "$1"
}
cd "$tmp" || exit 1
tab=$(printf '\t')

# --- the form
expect_status 1 batch -q -k --joblog log -- sh -c 'echo out; exit {}' ::: 0 3 0
check "the header is GNU parallel's, and three columns more" test "$(head -n 1 log)" = \
        "$(printf 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tStatus\tDigest\tAttempts')"
check "a line for each job" test "$(wc -l <log)" -eq 4
check "numbers" test "$(column 1 | tr -d '\n')" = 123
check "bytes received" test "$(column 6 | sort -u)" = 4
check "exit codes" test "$(column 7 | tr -d '\n')" = 030
check "statuses" test "$(column 10 | tr '\n' ' ')" = "ok nonzero ok "
check "the command is quoted for a shell" test "$(column 9 | head -n 1)" = "sh -c 'echo out; exit 0'"
check "equal jobs have one digest and are counted" test \
        "$(column 11 | sed -n 1p):2" = "$(column 11 | sed -n 3p)"
check "another job has another digest" test "$(column 11 | cut -c 1-64 | sort -u | wc -l)" -eq 2
check "one attempt each" test "$(column 12 | sort -u)" = 1
check "times" sh -c 'tail -n +2 "$0" | cut -f 3,4 | grep -Evq "^[0-9]{10}\.[0-9]{3}	 *[0-9]+\.[0-9]{3}$"; [ $? -eq 1 ]' log

# --- a newline and a tab in an argument stay inside their column
expect_status 0 batch -q --joblog log -- printf '%s' ::: "a
b${tab}c"
check "one line" test "$(wc -l <log)" -eq 2
check "twelve columns" test "$(tail -n 1 log | tr -dc '\t' | wc -c)" -eq 11

# --- ends that are not exits
cat >list <<'END'
{"argv": ["sleep", "1000"], "timeout": 0.1, "grace": 0}
["sh", "-c", "kill -9 $$"]
["/nonexistent/program"]
{"argv": ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"], "timeout": 0.2, "grace": 60}
{"argv": ["sh", "-c", "exit 3"], "success_codes": [3]}
END
expect_status 1 batch -q -k --joblog log list
check "statuses of them" test "$(column 10 | tr '\n' ' ')" = "timeout signaled spawn_error timeout ok "
check "exit values of them" test "$(column 7 | tr '\n' ' ')" = "0 0 127 -1 3 "
check "signals of them" test "$(column 8 | tr '\n' ' ')" = "9 9 0 0 0 "

# --- a job is one in its sandbox, whatever its limits are
expect_status 0 batch -q --joblog sandbox.log -- true ::: 1
expect_status 0 batch -q --joblog sandbox.log --resume --timeout 1m -- true ::: 1
check "another limit makes no other job" test "$(wc -l <sandbox.log)" -eq 2
expect_status 0 batch -q --joblog sandbox.log --resume --no-new-privs -- true ::: 1
check "another sandbox does" test "$(wc -l <sandbox.log)" -eq 3
expect_status 0 batch -q --joblog sandbox.log --resume --no-new-privs -- true ::: 1
check "the same one does not" test "$(wc -l <sandbox.log)" -eq 3

# --- going on
mark="echo x >>$tmp/ran.\$1; [ ! -e $tmp/fail.\$1 ]"
ran() {
        cat ran.* 2>/dev/null | wc -l
}
touch fail.2
rm -f ran.*
expect_status 1 batch -q --joblog log -- sh -c "$mark" - ::: 1 2 3
check "three ran" test "$(ran)" -eq 3
expect_status 0 batch --joblog log --resume -- sh -c "$mark" - ::: 1 2 3 4
check "the fourth ran" test "$(ran)" -eq 4
match_err '^  ended earlier +3$'
expect_status 1 batch -q --joblog log --resume-failed -- sh -c "$mark" - ::: 1 2 3 4
check "the second ran again" test "$(ran)" -eq 5
rm fail.2
expect_status 0 batch -q --json --joblog log --resume-failed -- sh -c "$mark" - ::: 1 2 3 4
match_out '"jobs":1,.*"ended_earlier":3,'
expect_status 0 batch -q --joblog log --resume-failed -- sh -c "$mark" - ::: 4 3 2 1
check "the last line of a job counts, and not its number" test "$(ran)" -eq 6

# --- results go on in their file
for n in 1 2 3; do
        # shellcheck disable=SC2046
        expect_status 0 batch -q -j1 --joblog results.log --resume --results results -- true ::: $(seq $n)
done
check "a resumed run appends its results" test "$(sed 's/,.*//' results)" = '{"job":1
{"job":2
{"job":3'
printf '{"job":7,"ver' >>results
expect_status 0 batch -q --joblog results.log --resume --results results -- true ::: 1 2 3 4
check "half a line goes" test "$(sed 's/,.*//' results | tail -n 2)" = '{"job":3
{"job":4'
head -c 10000 /dev/zero >results
expect_status 0 batch -q --joblog results.log --resume --results results -- true ::: 1 2 3 4
check "also where there is no whole one" test ! -s results
mkfifo results.fifo
cat results.fifo >copy &
expect_status 0 batch -q --joblog results.log --resume --results results.fifo -- true ::: 1 2 3 4 5
wait $!
check "a fifo gets the new ones" test "$(sed 's/,.*//' copy)" = '{"job":5'
expect_status 0 batch -q --joblog results.log --results results -- true ::: 1
check "without --resume the file is emptied" test "$(wc -l <results)" -eq 1

expect_status 0 batch -q --joblog log -- sh -c "$mark" - ::: 1
check "without --resume the log begins anew" test "$(wc -l <log)" -eq 2

# --- what makes a job the same
same() { # N OPTION...: of two jobs, how many run in a second run with these options?
        n_=$1
        shift
        rm -f ran.*
        batch -q --joblog log -- sh -c "$mark" - ::: 1 2
        batch -q --joblog log --resume "$@" -- sh -c "$mark" - ::: 1 2
        check "$n_ of two run again with $*" test "$(ran)" -eq $((2 + n_))
}
same 0 -t 100
same 0 -j 1
same 2 -e A=b
same 2 --stdin /etc/passwd
mkdir -p other
same 2 -C "$tmp/other"

# --- equal jobs: the nth is known by being the nth
rm -f ran.*
echo x >turn
both='read -r t <turn; echo x >>ran.1; [ "$t" = good ]'
echo bad >turn
expect_status 1 batch -q -j 1 --joblog log -- sh -c "$both" ::: 1
echo good >turn
expect_status 0 batch -q -j 1 --joblog log --resume-failed -- sh -c "$both" ::: 1
check "a failure and its repetition are two lines" test "$(wc -l <log)" -eq 3
expect_status 0 batch -q -j 1 --joblog log --resume -- sh -c "$both" ::: 1 1
check "and yet they are one job: its equal runs" test "$(ran)" -eq 3

# --- output directories: the same names again
# shellcheck disable=SC2016
script='echo "$1"; [ -e fixed ] || [ "$1" != two ]'
for id in one two; do
        printf '{"argv": ["sh", "-c", "%s", "-", "%s"], "id": "same"}\n' \
                "$(printf '%s' "$script" | sed 's/"/\\"/g')" $id
done >list.jsonl
expect_status 1 batch -q --output-dir again --joblog again.log list.jsonl
check "the first of two" test "$(cat again/same/stdout)" = one
check "the second of two" test "$(cat again/same.2/stdout)" = two
: >fixed
rm again/same/stdout
echo "longer than what comes" >again/same.2/stdout
expect_status 0 batch -q --output-dir again --joblog again.log --resume-failed list.jsonl
check "the same name when it is resumed" test "$(cat again/same.2/stdout)" = two
check "what is passed over writes nothing" test ! -e again/same/stdout

# --- a torn last line, or header
rm -f ran.*
batch -q -j 1 --joblog log -- sh -c "$mark" - ::: 1 2 3
cp log whole
size=$(wc -c <whole)
for cut in 1 40 110; do
        head -c $((size - cut)) whole >log
        rm -f ran.*
        expect_status 0 batch -q --joblog log --resume -- sh -c "$mark" - ::: 1 2 3
        check "of a torn line ($cut bytes) the job runs again, and no other" test "$(ran)" -eq 1
        check "and the log is whole" test "$(wc -l <log)" -eq 4
done
head -c 20 whole >log
rm -f ran.*
expect_status 0 batch -q --joblog log --resume -- sh -c "$mark" - ::: 1 2 3
check "a torn header is no line" test "$(wc -l <log)" -eq 4
: >log
expect_status 0 batch -q --joblog log --resume -- true ::: 1
check "an empty log is a log" test "$(wc -l <log)" -eq 2
rm log
expect_status 0 batch -q --joblog log --resume --joblog-sync -- true ::: 1
check "so is none" test "$(wc -l <log)" -eq 2

# --- misuse: nothing starts, nothing is lost
printf 'somebody'"'"'s\nfile' >file
cp file copy
expect_status 125 batch --joblog file --resume -- touch started ::: 1
match_err '^inbye: file:1: this is no line of a job log'
check "somebody's file is as it was" cmp file copy
printf '%s\nnonsense\n' "$(head -n 1 whole)" >file
cp file copy
expect_status 125 batch --joblog file --resume -- touch started ::: 1
match_err '^inbye: file:2: '
check "a log with somebody's line is as it was" cmp file copy
expect_status 125 batch --resume -- touch started ::: 1
match_err 'needs the log: name it with --joblog'
expect_status 125 batch --joblog-sync -- touch started ::: 1
expect_status 125 batch --joblog . -- touch started ::: 1
expect_status 125 batch --joblog /dev/null -- touch started ::: 1
match_err 'no regular file'
expect_status 125 batch --joblog /nonexistent/log -- touch started ::: 1
printf '["true"]\n' >list
expect_status 125 batch --joblog list list
match_err 'the jobs are read from'
check "misuse starts nothing" test ! -e started

# --- one writer at a time
mkfifo go up
"$INBYE" batch -q --joblog log -- sh -c 'echo up >up; read -r line <go' ::: 1 &
owner=$!
read -r _ <up
expect_status 125 batch --joblog log --resume -- touch started ::: 1
match_err "^inbye: another batch writes to 'log'"
echo >go
wait "$owner"

# --- a cancelled job has not ended
"$INBYE" batch -q --joblog log -- sh -c 'echo up >up; exec sleep 1000' ::: 1 2>/dev/null &
owner=$!
read -r _ <up
kill -TERM "$owner"
wait "$owner"
check "it has no line" test "$(wc -l <log)" -eq 1

# --- a disk that is full
if [ -e /dev/full ]; then
        expect_status 125 sh -c 'ulimit -f 1; exec "$0" batch -q --joblog log -- sh -c "echo ran >&2" ::: "$(head -c 3000 /dev/zero | tr "\0" x)" b' "$INBYE"
        match_err "^inbye: cannot write to log: "
        check "there is no half line" test "$(tail -c 1 log | wc -l)" -eq 1
fi
finish
