#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: jobs in, outputs and results out, and what it refuses.
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1

# --- items and templates
expect_status 0 batch -q -k -- echo 'a{}b' ::: 1 'two words' ''
expect_out 'a1b
atwo wordsb
ab'
expect_status 0 batch -q -k -- printf '%s,%s,%s,%s,%s,%s\n' '{}' '{.}' '{/}' '{//}' '{/.}' '{#}' \
        ::: d/x.tar.gz plain
expect_out 'd/x.tar.gz,d/x.tar,x.tar.gz,d,x.tar,1
plain,plain,plain,.,plain,2'
printf 'x y\n*\n$HOME' >items
# shellcheck disable=SC2016
expect_status 0 batch -q -k -- printf '[%s]\n' <items
# shellcheck disable=SC2016
expect_out '[x y]
[*]
[$HOME]'
expect_status 0 batch -q -k --items items -- printf '[%s]\n'
match_out '^\[x y\]$'
printf 'a\nb\0c' >nulls
expect_status 0 batch -q -k --null -- printf '[%s]\n' <nulls
expect_out '[a
b]
[c]'
expect_status 0 batch -q -- echo </dev/null
expect_out ''
expect_status 0 batch -q -- echo :::
expect_out ''

# --- JSON Lines
cat >list.jsonl <<'END'
["echo", "one"]

{"argv": ["sh", "-c", "cat; echo $VALUE; pwd; exit 3"], "id": "two", "stdin": "in\n",
END
expect_status 125 batch list.jsonl
match_err '^inbye: list.jsonl:3:[0-9]+: not JSON: '
cat >list.jsonl <<'END'
["echo", "one"]

{"argv": ["sh", "-c", "cat; echo $VALUE; pwd; exit 3"], "id": "two", "stdin": "in\n", "env": {"VALUE": "v"}, "cwd": "/", "success_codes": [0, 3]}
{"argv": ["sh", "-c", "echo $VALUE"], "env": {"VALUE": null}}
END
VALUE=outer
export VALUE
expect_status 0 batch -q --tag -k list.jsonl
expect_out '1	one
two	in
two	v
two	/
3	'
expect_status 0 batch -q --tag -k - <list.jsonl
match_out '^two	v$'
check "a pipe is read like a file" test "$(cat list.jsonl | batch -q -k | grep -c '^v$')" -eq 1
expect_status 0 batch -q -k --env VALUE=all -- sh -c 'echo $VALUE' ::: x
expect_out all

# --- nothing starts when a line is wrong
cat >list.jsonl <<'END'
["touch", "started"]
{"argv": ["touch", "started"], "timout": 3}
END
for how in file pipe; do
        if [ $how = file ]; then
                expect_status 125 batch list.jsonl
                match_err "^inbye: list.jsonl:2:32: unknown key 'timout'; did you mean 'timeout'\?$"
        else
                check "a bad line in a pipe" sh -c 'cat list.jsonl | "$INBYE" batch 2>err; [ $? -eq 125 ]'
                check "is told" grep -q '^inbye: stdin:2:32: ' err
        fi
        check "nothing was started ($how)" test ! -e started
done
expect_status 1 batch --skip-invalid list.jsonl
match_err '^inbye: list.jsonl:2:32: '
match_err '^  invalid lines +1$'
check "the good one was started" test -e started
rm started
expect_status 125 batch --stream list.jsonl
check "a stream starts before its bad line" test -e started
rm started

# --- misuse
expect_status 125 batch --jbos 3 -- true
expect_status 125 batch -j many -- true
match_err "'many' is no number"
expect_status 125 batch --tmeout 3 -- true
match_err "did you mean '--timeout'"
expect_status 125 batch true now
match_err "behind '--'"
expect_status 125 batch --
expect_status 125 batch -- ::: a
expect_status 125 batch --items items -- echo ::: a
expect_status 125 batch --null list.jsonl
expect_status 125 batch no-such-file
match_err 'No such file'
expect_status 125 batch "$tmp"
match_err 'Is a directory'
expect_status 125 batch --stdin inherit -- true ::: 1
expect_status 125 batch --timeout soon -- true ::: 1
expect_status 125 batch --results /nonexistent/results -- touch started ::: 1
expect_status 125 batch --env-file /nonexistent/env -- touch started ::: 1
expect_status 125 batch --summary fd:77 -- touch started ::: 1
check "misuse starts nothing" test ! -e started
printf 'a\0b\n' >nulls
expect_status 125 batch -- echo <nulls
match_err '^inbye: stdin:1: a NUL'
head -c 200000 /dev/zero | tr '\0' x >long
expect_status 125 batch -- echo <long
match_err '^inbye: stdin:1: longer than'

# --- statuses, counts
cat >list.jsonl <<'END'
["true"]
["false"]
{"argv": ["sleep", "1000"], "timeout": 0.1, "grace": 0}
{"argv": ["sleep", "1000"], "idle_timeout": "100ms", "grace": 0}
["/nonexistent/program"]
["sh", "-c", "kill -9 $$"]
{"argv": ["yes"], "capture_keep": "fail", "capture_limit": "64K"}
{"argv": ["true"], "cwd": "/nonexistent"}
END
expect_status 1 batch --json list.jsonl
match_out '^\{"jobs":8,"by_status":\{"ok":1,"nonzero":1,"signaled":1,"timeout":1,"idle_timeout":1,"cancelled":0,"output_limit":1,.*"spawn_error":2,'
match_out '"not_started":0,"skipped":0,'
match_err '^inbye: job 2: nonzero, exit 1 after '
match_err '^inbye: job 5: spawn_error: .*nonexistent'
match_err '^  timeout +1$'
expect_status 1 batch -q --summary sum --results res list.jsonl
match_err '^inbye: job 5: spawn_error: '
match_err '^inbye: job 8: spawn_error: '
check "quiet tells only of what could not be started" test "$(wc -l <"$err")" -eq 2
check "eight results" test "$(wc -l <res)" -eq 8
check "the summary is in its file" grep -q '"jobs":8' sum
check "stages are told apart" grep -q '"job":8,.*"stage":"chdir"' res
expect_status 1 batch -q -k --results - list.jsonl
check "in order" sh -c 'sed "s/^{\"job\":\([0-9]*\),.*/\1/" "$0" | tr -d "\n" | grep -qx 12345678' "$out"
check "each is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$out"

# --- results hold the output, which then is not printed
expect_status 0 batch -q --results - -- sh -c 'echo out; echo err >&2' ::: x
match_out '^\{"job":1,.*"id":"x",.*"data":"out\\n".*"data":"err\\n"'
expect_err ''
batch -q --results fd:4 -- echo ::: x 4>res >"$out"
expect_out x
check "results to a descriptor" grep -q '^{"job":1,' res

# --- quiet or not, lost output and jobs that could not be started are told
expect_status 1 batch -q --stdin=/nonexistent/input -- cat ::: a b
check "both are told" test "$(grep -c '^inbye: job [12] ([ab]): spawn_error: ' "$err")" -eq 2
expect_status 0 batch -q --capture-limit 10 -- echo 'longer than that' ::: a b
expect_err 'inbye: the output of 2 jobs was cut to fit; raise --capture-limit'
expect_status 0 batch -q --results res --capture-limit 10 -- echo ::: 'longer than that' short
expect_err 'inbye: the output of 1 job was cut to fit; raise --capture-limit'
expect_status 0 batch -q -- echo ::: short
expect_err ''

# --- a timeout of less than a nanosecond is one, not none
echo '{"argv": ["sleep", "1000"], "timeout": 0.0000000001, "grace": 0}' >tiny.jsonl
expect_status 1 batch --json -q tiny.jsonl
match_out '"timeout":1,'

# --- the list of jobs is not emptied for results
echo '["true"]' >list.jsonl
ln -s list.jsonl link.jsonl
for option in --results=list.jsonl --summary=list.jsonl --results=link.jsonl; do
        expect_status 125 batch "$option" list.jsonl
        match_err 'the jobs are read from'
        expect_status 125 batch "$option" --items=list.jsonl -- echo
        expect_status 125 batch "$option" <list.jsonl
done
expect_status 125 batch --results=res --summary=list.jsonl list.jsonl
check "the list is still there" grep -qx '\["true"\]' list.jsonl
check "nor is anything else emptied" test -s res

# --- the output of a job stands in one piece
printf '%s\n' 1 2 3 4 5 6 >items
expect_status 0 batch -q -j3 --tag -- sh -c 'echo a; echo b; printf c' <items
check "three lines for each of six" test "$(wc -l <"$out")" -eq 18
check "lines of a job stand together" test "$(cut -f1 <"$out" | uniq | wc -l)" -eq 6
check "a last newline is added" test "$(grep -c '^[1-6]	c$' "$out")" -eq 6

# --- what a job leaves behind
expect_status 0 batch -- sh -c 'sleep 1000 & echo $!' ::: x
match_err '^inbye: job 1 \(x\): ok, .*left over: 1 \([a-z]+ [0-9]+\), ended: '
check "it is gone" sh -c '! kill -0 "$(cat "$0")" 2>/dev/null || grep -q "^State:.Z" "/proc/$(cat "$0")/status"' "$out"

# --- the cap
cat >count.sh <<'END'
mkdir "here.$1"
ls -d here.* | wc -l
rmdir "here.$1"
END
seq 30 >items
expect_status 0 batch -q -j3 -- sh count.sh <items
check "never more than three" test "$(sort -rn "$out" | head -n 1)" -le 3
check "all thirty" test "$(wc -l <"$out")" -eq 30
finish
