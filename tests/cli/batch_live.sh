#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch --live: the lines of jobs as they come, whole, in turns, and none is lost.
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1

# --- lines
expect_status 0 batch --live -q -j1 -- sh -c 'echo a; echo b >&2; printf "c\nd"; printf e >&2' ::: x 'y
z'
expect_out 'x	a
x	c
x	d
y?z	a
y?z	c
y?z	d'
expect_err 'x	b
x	e
y?z	b
y?z	e'
expect_status 0 batch --live --no-tag -q -- printf 'a\0b\n\nc' ::: x
printf 'a\0b\n\nc\n' >want
check "without a tag: the bytes as they are" cmp "$out" want
printf '["echo","one"]\n{"argv":["echo","two"],"id":"named"}\n' >list.jsonl
expect_status 0 batch --live -q -j1 list.jsonl
expect_out '1	one
named	two'

# --- as they come: the job waits until its first line was read
mkfifo go lines
# shellcheck disable=SC2016
batch --live -q -- sh -c 'echo first; echo err >&2; read -r go <go; echo "$go"' ::: x >lines 2>err &
pid=$!
exec 3<lines
read -r line <&3
check "a line comes while its job runs" test "$line" = "x	first"
echo second >go
read -r line <&3
check "and the next one when it is written" test "$line" = "x	second"
check "then the end" test -z "$(cat <&3)"
exec 3<&-
wait "$pid"
check "its status" test $? -eq 0
check "its stderr" test "$(cat err)" = "x	err"

# --- lines that never end
expect_status 0 batch --live -q -- sh -c 'head -c 40000 /dev/zero | tr "\0" a' ::: x
check "a long line in pieces" test "$(awk '{ printf "%d ", length($2) }' "$out")" = "16384 16384 7232 "
expect_status 0 batch --live -q -- sh -c 'head -c 16384 /dev/zero | tr "\0" a; echo; echo b' ::: x
check "one that just fits is one" test "$(awk '{ printf "%d ", length($2) }' "$out")" = "16384 1 "

# --- nothing is lost of a flood, nor called cut where nothing else keeps it
for i in 1 2 3; do
        seq -f "$i %.0f" 200000
done | sort >want
# shellcheck disable=SC2016
expect_status 0 batch --live --no-tag -j3 -- sh -c 'seq -f "$1 %.0f" 200000' - ::: 1 2 3
sort "$out" >got
check "three floods, every line whole" cmp want got
check "nothing is said of what was not kept" sh -c '! grep -Eq "cut|left out" "$0"' "$err"
expect_status 0 batch --live --no-tag --capture-limit 1K --results results -- sh -c 'seq 10000' ::: x
match_err '^inbye: job 1 \(x\): ok, .*; stdout: [0-9]+ bytes left out after the first 512'
check "results have what is kept" grep -q '"truncated":true,"gap":512,"data":"1\\n2\\n' results

# --- a tree that is killed while nobody reads: `held` ends when all of it is gone
mkfifo held
batch --live --no-tag -q -t 300ms -g 0 -- sh -c 'exec 9>held; seq 1000000' ::: x | {
        cat held
        cat
} >got
n=$(($(wc -c <got) - 1))
check "more than its share and a pipe was written" test "$n" -gt 100000
seq 1000000 | head -c "$n" >want
head -c "$n" got >cut
check "nothing is missing in it" cmp want cut

# --- a flood does not keep the others from their turn, nor memory from staying small
# shellcheck disable=SC2016
expect_status 0 batch --live -q -j3 --halt now,success=1 -- sh -c '[ "$1" = steady ] || exec yes "$1"; seq 2000' - \
        ::: flood steady torrent
check "every line of the steady one" test "$(grep -c '^steady	' "$out")" -eq 2000
cat >peak.py <<'END_OF_PYTHON'
import resource, subprocess, sys

# Nobody reads until all of them are dead.
batch = subprocess.Popen([sys.argv[1], "batch", "--live", "-q", "-j4", "-t", "500ms", "-g", "0", "--",
                          "sh", "-c", "exec 9>held; yes; :", "-", ":::", "a", "b", "c", "d"], stdout=subprocess.PIPE)
with open("held", "rb") as held:
    held.read()
for _ in iter(lambda: batch.stdout.read(1 << 16), b""):
    pass
batch.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END_OF_PYTHON
# A sanitizer's shadow is not ours to count.
factor=1
if nm "$INBYE" 2>/dev/null | grep -q __asan_init; then factor=16; fi
peak=$(python3 peak.py "$INBYE")
check "four that write for ever stay small: $peak KiB" test "$peak" -lt $((factor * 32768))
# shellcheck disable=SC2016
check "a reader that goes away ends them" test "$(batch --live -q -- yes ::: a 2>/dev/null | head -n 1)" = "a	a"

# --- again
# shellcheck disable=SC2016
expect_status 0 batch --live -q --retries 1 --retry-delay 1ms -- sh -c 'echo try; [ -e again ] || { : >again; exit 1; }' ::: x
expect_out 'x	try
x	try'

# --- refused
expect_status 125 batch --live -k -- touch started ::: x
match_err '^inbye: --live and --keep-order exclude each other: '
for what in results tap; do
        expect_status 125 batch --live --$what=- -- touch started ::: x
        match_err "^inbye: --live writes outputs to standard output, and --$what=- "
done
check "nothing was started" test ! -e started
finish
