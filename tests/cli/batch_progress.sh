#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: how far it is, and which jobs are slow.
. "$(dirname "$0")/lib.sh"

progress=$(cd "$(dirname "$0")" && pwd)/progress.py
batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1

mkfifo go
check "a bar fits its terminal, and is taken away" python3 "$progress" "$INBYE" go
expect_status 0 batch -- true ::: 1 2
check "no bar where there is no terminal" sh -c 'grep -q "jobs," "$0"; [ $? -eq 1 ]' "$err"
expect_status 0 batch --progress plain -- true ::: 1 2
match_err '^inbye: 2/2 jobs, 0 running, 0:0'
expect_status 0 batch --progress none -- true ::: 1
expect_status 125 batch --progress bar -- touch started ::: 1
match_err 'no terminal'
expect_status 125 batch --progress never -- touch started ::: 1

expect_status 0 batch -j1 --slow 100ms --results res -- sleep ::: 0 0.3 0.2
match_err '^inbye: SLOW after 0\.3[0-9] s: job 2 \(0\.3\): sleep 0\.3$'
check "two are slow" test "$(grep -c '"slow":true' res)" -eq 2
check "the slowest is the first of the table" sh -c \
        'sed -n "/^inbye: the slowest:/,\$p" "$0" | sed -n 2p | grep -q "job 2 (0.3): sleep 0.3$"' "$err"
expect_status 0 batch -- true ::: 1 2
check "nothing is slow that is not" sh -c 'grep -qi slow "$0"; [ $? -eq 1 ]' "$err"
expect_status 125 batch --slow soon -- touch started ::: 1
check "misuse starts nothing" test ! -e started
finish
