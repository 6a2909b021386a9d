# SPDX-License-Identifier: MIT
# `inbye batch --trace` and `--html`: what is in the files, and where they are not written. What a browser makes of
# the page is batch_page.sh.
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")
inbye() {
        "$INBYE" "$@"
}
page=$tmp/page.html
trace=$tmp/trace.json

is_trace() {
        python3 "$here/trace.py" "$@"
}
is_page() {
        grep -q '^<!DOCTYPE html>' "$1" && [ "$(tail -n 1 "$1")" = "</html>" ]
}
has_rest() {
        find "$tmp" -name '.inbye-*' | grep -q .
}

# A trace

expect_status 1 inbye batch -q -j4 --trace "$trace" -- sh -c 'exit $(($0 % 2))' ::: 1 2 3 4 5 6 7 8 9
check "a trace has a lane per slot, a complete event per job and a counter" is_trace "$trace" 9
expect_status 1 inbye batch -q -j2 --trace "$trace" -- /does/not/exist ::: 1 2 3
check "a job that never started is a moment of the trace, without a lane" is_trace "$trace" 3
check "its status is told" grep -q '"ph":"i".*"status":"spawn_error"' "$trace"
expect_status 1 inbye batch -q -j2 --retries 2 --retry-delay 1ms --trace "$trace" -- sh -c 'exit "$0"' ::: 0 3
check "each attempt of a job that is tried again has an event" [ "$(grep -c '"ph":"X"' "$trace")" -eq 4 ]
check "the trace of a batch with further attempts has its lanes right" is_trace "$trace" 2
expect_status 0 inbye batch -q -k -j3 --trace "$trace" -- sh -c 'exec 2>&-; : $0' ::: 1 2 3 4 5 6 7
check "the trace of a batch that keeps the order has its lanes right" is_trace "$trace" 7
expect_status 0 inbye batch -q --trace "$trace" -- true </dev/null
check "the trace of a batch without jobs is an array" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$trace"

# Killed while it runs: what had ended is there, and it is JSON to the end.
mkfifo "$tmp/line" "$tmp/hold"
"$INBYE" batch -q -j2 --trace "$trace" --html "$page" -- \
        sh -c '[ "$0" = hang ] && exec cat "$1"; echo "ended $0"' '{}' "$tmp/hold" ::: hang a >"$tmp/line" 2>/dev/null &
pid=$!
read -r line <"$tmp/line"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
check "inbye had written what ended" [ "$line" = "ended a" ]
check "the trace of a batch that was killed is whole" python3 -c '
import json, sys
events = json.load(open(sys.argv[1]))
assert [e["args"]["job"] for e in events if e["ph"] == "X"] == [2]' "$trace"
check "no page stands where the batch was killed" [ ! -e "$page" ]
check "nothing of an unfinished page is left" eval '! has_rest'

# A page

printf 'before\n' >"$page"
expect_status 1 inbye batch -q --html "$page" -- sh -c 'echo "</script><!--$0"; exit 3' ::: 1 2
check "a page replaces what was there" is_page "$page"
check "nothing that a job writes ends the script element" [ "$(grep -c '</script' "$page")" -eq 2 ]
ln -s page.html "$tmp/link.html"
expect_status 0 inbye batch -q --html "$tmp/link.html" -- true ::: 1
check "a link to the page stays a link" [ -L "$tmp/link.html" ]
check "no word of the page is fetched" eval '! grep -Eq "(src|href)=\"(https?:)?//" "$page"'
(umask 077 && exec "$INBYE" batch -q --html "$tmp/own.html" -- true ::: 1)
check "the umask holds for the page" [ "$(stat -c %a "$tmp/own.html")" = 600 ]

# Refused before anything runs

printf '["touch", "%s/ran"]\n' "$tmp" >"$tmp/jobs"
mkfifo "$tmp/pipe"
for option in --trace --html; do
        expect_status 125 inbye batch "$option" "$tmp/none/file" "$tmp/jobs"
        match_err "cannot write '.*/none/file': No such file"
        expect_status 125 inbye batch "$option" "$tmp" "$tmp/jobs"
        match_err "is no regular file"
        expect_status 125 inbye batch "$option" "$tmp/pipe" "$tmp/jobs"
        match_err "is no regular file"
        expect_status 125 inbye batch "$option" "$tmp/jobs" "$tmp/jobs"
        match_err "is the file that the jobs are read from"
        expect_status 125 inbye batch "$option" "$tmp/same" --results "$tmp/same" "$tmp/jobs"
        match_err "/same' is named twice"
done
check "nothing ran that was refused" [ ! -e "$tmp/ran" ]
check "the list of jobs was not emptied" [ -s "$tmp/jobs" ]

# No room: as on a full disk, but by the limit of this process

limited() {
        blocks=$1
        shift
        sh -c 'trap "" XFSZ; ulimit -f "$0"; exec "$@"' "$blocks" "$@"
}
expect_status 125 limited 8 "$INBYE" batch --html "$tmp/full.html" "$tmp/jobs"
match_err "cannot write '.*full.html': File too large"
check "nothing ran where there is no room for a page" [ ! -e "$tmp/ran" ]
cp "$page" "$tmp/kept.html"
expect_status 125 limited 300 "$INBYE" batch -q --html "$tmp/kept.html" -- sh -c 'seq 900; exit 1' ::: $(seq 60)
match_err "cannot write '.*kept.html': File too large"
check "where there was no room for the new page the old one is still there" cmp -s "$page" "$tmp/kept.html"
check "nothing of it is left beside" eval '! has_rest'
expect_status 125 limited 8 "$INBYE" batch -q --trace "$tmp/full.json" -- true ::: $(seq 60)
match_err "cannot write '.*full.json': File too large"
check "a trace that met the end of the room is JSON" python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))) > 5' "$tmp/full.json"

finish
