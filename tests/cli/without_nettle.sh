# SPDX-License-Identifier: MIT
# Built without nettle: what has to know a job again is refused before anything runs, all else is there.
. "$(dirname "$0")/lib.sh"

cd "$tmp" || exit 1
expect_status 125 "$INBYE" batch --joblog log -- touch ::: started
match_err 'built without nettle'
match_err 'nettle-dev'
check "nothing started" test ! -e started
check "no log came of it" test ! -e log
expect_status 0 "$INBYE" batch -q -- echo ::: 1
expect_out 1

finish
