#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch --output-dir: files for each job, by names that stay.
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1

# --- names
# shellcheck disable=SC2016
expect_status 0 batch -q --output-dir o --results results -j3 -- sh -c 'printf "out %s" "$1"; echo "err $1" >&2' - \
        ::: a a a/b ../x . '' 100% a.2 a 'n
l'
expect_out ''
expect_err ''
for pair in 'a=a' 'a.2=a' 'a%2Fb=a/b' '%2E.%2Fx=../x' '%2E=.' '6=' '100%25=100%' 'a.2.2=a.2' 'a.3=a' 'n%0Al=n
l'; do
        check "$pair: stdout" test "$(cat "o/${pair%%=*}/stdout")" = "out ${pair#*=}"
        check "$pair: stderr" test "$(cat "o/${pair%%=*}/stderr")" = "err ${pair#*=}"
done
check "and no more of them" test "$(ls o | wc -l)" -eq 10
check "results name the files" grep -q '"id":"a/b",.*"stdout":null,"stderr":null,"stdout_file":"[^"]*/o/a%2Fb/stdout","stderr_file":"/[^"]*/o/a%2Fb/stderr",' results
check "by paths that hold anywhere" grep -qF "\"stdout_file\":\"$(pwd -P)/o/" results
long=$(head -c 1000 /dev/zero | tr '\0' z)
expect_status 0 batch -q --output-dir long -- echo ::: "$long" "${long}y"
check "a name that is too long is cut" test "$(cat long/*z/stdout)" = "$long"
check "and another one is told apart" test "$(cat long/*z.2/stdout)" = "${long}y"
(umask 027 && batch -q --output-dir umask -- echo ::: x)
check "modes are the umask's" test "$(stat -c %a umask umask/x umask/x/stdout | tr '\n' ' ')" = "750 750 640 "

# --- descriptors of the job itself: no cap, no copy, positions as of a file
# shellcheck disable=SC2016
expect_status 0 batch -q --output-dir big -- sh -c 'head -c 9000000 /dev/zero; f=$(readlink /proc/$$/fd/1); echo "$f" >&2' ::: x
check "more than any cap" test "$(wc -c <big/x/stdout)" -eq 9000000
check "straight into the file" test "$(cat big/x/stderr)" = "$(pwd -P)/big/x/stdout"

# --- retried: files of the last attempt
# shellcheck disable=SC2016
expect_status 0 batch -q --output-dir retry --retries 1 --retry-delay 1ms -- \
        sh -c 'echo "$0 try"; [ -e tried ] || { : >tried; exit 1; }' ::: x
check "of attempts the last" test "$(wc -l <retry/x/stdout)" -eq 1

# --- a job that puts a symlink in the way of another
mkdir -p outside linked
echo keep >outside/stdout
ln -s linked way-in
# shellcheck disable=SC2016
swap='ln -s ../outside way-in/b; echo "$1"'
expect_status 1 batch -q -j1 --output-dir way-in --results results -- sh -c "$swap" - ::: a b
check "what it leads to is left alone" test "$(cat outside/stdout)" = keep
match_err "job 2 .*cannot open .*linked/b/stdout: Too many levels of symbolic links"
check "the directory itself may be named by one" test "$(cat linked/a/stdout)" = a
ln -sf ../../outside/stdout linked/a/stdout
expect_status 1 batch -q -j1 --output-dir way-in -- echo ::: a
check "nor is a file in its place" test "$(cat outside/stdout)" = keep

# --- jobs that never start have no directory
expect_status 1 batch -q --output-dir halt --halt now,fail=1 -j1 --results results -- false ::: 1 2 3
check "only of what was started" test "$(ls halt)" = 1
check "nor a name in its result" test "$(grep -c stdout_file results)" -eq 1

# --- refused before anything runs
: >file
mkdir way
: >way/x
expect_status 125 batch --output-dir file -- touch started ::: x
match_err "^inbye: cannot make the directory 'file': File exists$"
expect_status 125 batch --output-dir no/such -- touch started ::: x
match_err "^inbye: cannot make the directory 'no/such': No such file or directory$"
echo kept >results
expect_status 125 batch --output-dir way --results results -- touch started ::: y x
match_err "^inbye: 'way/x' is no directory, in the way of what the job is to write; name another --output-dir$"
check "no other file was emptied" test "$(cat results)" = kept
mkdir -p way2/x/stderr
printf '{"argv": ["touch", "started"], "id": "x"}\n' >list.jsonl
expect_status 125 batch --output-dir way2 list.jsonl
match_err "^inbye: 'way2/x/stderr' is a directory, "
for option in --live --tag; do
        expect_status 125 batch --output-dir d $option -- touch started ::: x
        match_err "^inbye: $option and --output-dir exclude each other: "
done
for option in --idle-timeout=1 --capture-limit=1 --capture-keep=head; do
        expect_status 125 batch --output-dir d $option -- touch started ::: x
        match_err "^inbye: ${option%=*}: nobody reads what goes into the files of --output-dir "
done
printf '{"argv": ["touch", "started"], "idle_timeout": 1}\n' >list.jsonl
expect_status 125 batch --output-dir d list.jsonl
match_err "^inbye: list.jsonl:1:32: idle_timeout: nobody reads "
expect_status 125 batch --output-dir= -- touch started ::: x
check "nothing was started, nothing made" test ! -e started -a ! -e d

# --- items that nobody knew beforehand
printf 'y\nx\n' | batch --output-dir way -- echo 2>"$err"
check "one that cannot write fails alone" test "$(cat way/y/stdout)" = y
match_err "^inbye: cannot make the directory '/.*/way/x': File exists$"
match_err '^inbye: job 2 \(x\): spawn_error: cannot open /.*/way/x/stdout: Not a directory: '
finish
