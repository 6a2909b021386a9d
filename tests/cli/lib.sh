# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For tests in sh: a test sources this file, calls the functions below and ends with `finish`.
#
#   check NAME COMMAND...            COMMAND succeeds
#   expect_status N COMMAND...       COMMAND exits with N; its streams are then in $out and $err
#   expect_out TEXT, expect_err TEXT the stream kept last is exactly TEXT (a last newline apart)
#   match_out ERE, match_err ERE     a line of the stream kept last matches
#   skip NAME WHY                    something that this host cannot do
#   finish                           prints `checks: ...`, exits 1 if anything failed
#
# $INBYE is the command under test, $INBYE_HELPERS the folder with the helper programs, $tmp a directory of the
# test's own that is removed at its end. Nothing here sleeps: wait for a line, an end of file, or a process.

set -u
: "${INBYE:?path of the inbye command}"
: "${INBYE_HELPERS:=}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/inbye-test.XXXXXX") || exit 1
out=$tmp/.out
err=$tmp/.err
n_passed=0
n_failed=0
n_skipped=0
at_exit() {
        rm -rf "$tmp"
}
trap at_exit EXIT
trap 'exit 1' HUP INT TERM

ok() {
        n_passed=$((n_passed + 1))
        printf 'ok %s\n' "$*"
}

not_ok() {
        n_failed=$((n_failed + 1))
        printf 'not ok %s\n' "$*"
}

skip() {
        n_skipped=$((n_skipped + 1))
        printf 'skip %s/%s: %s\n' "$(basename "$0" .sh)" "$1" "$2"
}

check() {
        name_=$1
        shift
        if "$@"; then ok "$name_"; else not_ok "$name_"; fi
}

show_streams() {
        for stream_ in out err; do
                printf '    %s: %s\n' "$stream_" "$(head -c 2000 "$tmp/.$stream_")"
        done
}

# Standard input is the caller's: `expect_status 0 cmd <file`.
expect_status() {
        want_=$1
        shift
        "$@" >"$out" 2>"$err"
        got_=$?
        if [ "$got_" -eq "$want_" ]; then
                ok "status $want_: $*"
        else
                not_ok "status $got_ where $want_ was expected: $*"
                show_streams
        fi
}

expect_stream() {
        if [ "$(cat "$2")" = "$3" ]; then
                ok "$1 is \"$3\""
        else
                not_ok "$1 is not \"$3\""
                show_streams
        fi
}

expect_out() {
        expect_stream stdout "$out" "$1"
}

expect_err() {
        expect_stream stderr "$err" "$1"
}

match_stream() {
        if grep -Eq -- "$3" "$2"; then
                ok "$1 matches /$3/"
        else
                not_ok "$1 does not match /$3/"
                show_streams
        fi
}

match_out() {
        match_stream stdout "$out" "$1"
}

match_err() {
        match_stream stderr "$err" "$1"
}

finish() {
        [ $((n_passed + n_failed + n_skipped)) -gt 0 ] || not_ok "no check was made"
        printf 'checks: %d passed, %d failed, %d skipped\n' "$n_passed" "$n_failed" "$n_skipped"
        [ "$n_failed" -eq 0 ]
        exit
}
