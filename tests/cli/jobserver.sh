#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch as client and as server of make's jobserver.
#
# The "compiler" says how many of its kind run, itself included, and waits until it is let go: so nothing here
# depends on time, and a start that should not be is seen.
. "$(dirname "$0")/lib.sh"

cd "$tmp" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir run
mkfifo said go tokens
exec 7<>said 6<>go 3<>tokens

# Counted are locks: the kernel gives one up when the last process that holds it is dead, whatever killed it.
cat >compile <<'END'
#!/bin/sh
exec 9>>mutex
flock 9
exec 8>"run/$$"
flock 8
n=0
for file in run/*; do
        if flock -n "$file" true; then rm "$file"; else n=$((n + 1)); fi
done
echo "$n $1" >said
exec 9>&-
head -c 1 <go >/dev/null
END
chmod +x compile
cat >Makefile <<'END'
all: $(addprefix $(J).,1 2 3 4)
$(J).%:
	@./compile $@
END

batch() {
        { "$INBYE" batch -q "$@" >out 2>err; echo "end $?" >said; } 3<&3 &
        pid=$!
}
let_go() {
        printf '%*s' "$1" '' >&6
}
# The next COUNT lines of what is said, in $got.
hear() {
        got=
        i=0
        while [ $i -lt "$1" ]; do
                read -r line <&7
                got="$got$line;"
                i=$((i + 1))
        done
}
numbers() {
        printf '%s' "$got" | tr ';' '\n' | cut -d' ' -f1 | tr '\n' ' '
}
# WHAT TOTAL WIDTH: WIDTH compilers start; each time one is let go another starts, and there are WIDTH again.
expect_width() {
        hear "$3"
        wanted=$(seq -s ' ' "$3")' '
        check "$1: $3 start" test "$(numbers)" = "$wanted"
        n=$3
        bad=
        while [ "$n" -lt "$2" ]; do
                let_go 1
                hear 1
                [ "$(numbers)" = "$3 " ] || bad="$bad $got"
                n=$((n + 1))
        done
        check "$1: never more, never fewer (${bad:-always $3})" test -z "$bad"
        let_go "$3"
}
expect_end() {
        hear 1
        check "$1: it ends with $2 ($got)" test "$got" = "end $2;"
        wait "$pid"
}

# --- server: makes share what the jobs leave over
if command -v make >/dev/null; then
        batch -j4 --jobserver -- make J={} ::: a b c d
        expect_width 'four makes' 16 4
        expect_end 'four makes' 0
        batch -j4 --jobserver -- make J={} ::: a b c d e f g
        expect_width 'seven makes' 28 4
        expect_end 'seven makes' 0
        batch -j4 --jobserver -- make J={} ::: a
        expect_width 'one make' 4 4
        expect_end 'one make' 0
        batch -j4 --jobserver=2 -- make J={} ::: a b c
        expect_width 'fewer tokens than jobs' 12 2
        expect_end 'fewer tokens than jobs' 0
        batch -j1 --jobserver=3 -- make J={} ::: a b
        expect_width 'more tokens than jobs' 4 3
        expect_width 'the second' 4 3
        expect_end 'more tokens than jobs' 0

        # A number of jobs of their own, with which makes leave a jobserver.
        cat >list <<'END'
["make", "-j4", "J=a"]
["make", "-kj", "4", "J=b"]
["make", "J=c", "--jobs=4"]
{"argv": ["called otherwise", "-j", "J=d"], "program": "make"}
END
        batch -j4 --jobserver --results=results list
        expect_width 'four makes with -j4' 16 4
        expect_end 'four makes with -j4' 0
        check 'no make complains of its flags' test ! -s err
        for words in '"make","J=a"' '"make","-k","J=b"' '"make","J=c"' '"called otherwise","J=d"'; do
                check "the result shows what was run: $words" grep -q "\"argv\":\[$words\]" results
        done
        batch -j4 --jobserver --results=results -- make -j1 J={} ::: a
        expect_width 'a make that runs one at a time' 4 1
        expect_end 'a make that runs one at a time' 0
        check 'is left alone' grep -q '"argv":\["make","-j1","J=a"\]' results

        # Jobs that are no makes, and want nothing: what they are offered finds who does.
        cat >list <<'END'
["./compile", "idle"]
["./compile", "idle"]
["make", "J=a"]
END
        batch -j4 --jobserver list
        hear 4
        check 'one token among three jobs finds the make' test "$(numbers)" = '1 2 3 4 '
        let_go 6
        hear 2
        expect_end 'idle jobs' 0

        # A make that is killed while it holds tokens.
        cat >list <<'END'
{"argv": ["make", "J=x", "-j4"], "timeout": "4s", "grace": "0"}
["make", "J=y", "-j4"]
["make", "J=z", "-j4"]
END
        batch -j5 --jobserver list
        hear 5
        n_killed=$(printf '%s' "$got" | tr ';' '\n' | grep -c ' x')
        hear "$n_killed"
        check "what a killed make held ($n_killed) is used again ($got)" grep -q '5 $' <<END
$(numbers)
END
        n=$((5 + n_killed))
        bad=
        while [ "$n" -lt $((8 + n_killed)) ]; do
                let_go 1
                hear 1
                [ "$(numbers)" = '5 ' ] || bad="$bad $got"
                n=$((n + 1))
        done
        check "after a timeout never more, never fewer (${bad:-always 5})" test -z "$bad"
        let_go 5
        expect_end 'a killed make' 1

        # Both at once: under a make that lets us have three.
        cat >outer <<'END'
all:
	+@"$(INBYE)" batch -q -j8 --jobserver -- $(MAKE) -f Makefile J={} ::: a b c
END
        { make --no-print-directory -f outer INBYE="$INBYE" -j3 >out 2>err; echo "end $?" >said; } &
        pid=$!
        expect_width 'server under a make' 12 3
        expect_end 'server under a make' 0
        cat >outer <<'END'
all:
	+@"$(INBYE)" batch -q -j8 -- $(MAKE) -f Makefile J={} ::: a b c
END
        { make --no-print-directory -f outer INBYE="$INBYE" -j3 >out 2>err; echo "end $?" >said; } &
        pid=$!
        expect_width 'makes of the jobs use the jobserver above' 12 3
        expect_end 'makes of the jobs use the jobserver above' 0
        check 'and no make complains' test ! -s err
        sed -i 's/+@/@/; s/$(MAKE)/make/' outer # make knows its own name for a make
        { make --no-print-directory -f outer INBYE="$INBYE" -j3 >out 2>err; echo "end $?" >said; } &
        pid=$!
        hear 1
        check 'without + it is alone' test "$(numbers)" = '1 '
        let_go 12
        hear 11
        expect_end 'without + it is alone' 0
        check 'and says so' grep -q "^inbye: warning: the jobserver of make cannot be used: .*'+'" err
else
        skip server 'no make'
fi

expect_status 0 "$INBYE" batch -q --jobserver=7 --env MAKEFLAGS='k -j9 --jobserver-auth=3,4 -- A=b' \
        -- printenv ::: MAKEFLAGS
check 'flags of the job are kept, its jobserver is ours' grep -Eq \
        '^k -j7 --jobserver-fds=([0-9]+,[0-9]+) --jobserver-auth=\1 -- A=b$' "$out"
for value in 0 -1 x '' 99999999999; do
        expect_status 125 "$INBYE" batch "--jobserver=$value" -- touch started ::: x
        match_err 'is neither a number of tokens'
done
check 'nothing was started' test ! -e started

# --- client: the pipe is ours, each token another byte
fill_pool() {
        printf 'abc' >&3
}
# All that is in the pool, in order of the alphabet, and the pool empty.
pool() {
        printf . >&3
        head -c 1 <&3 >byte
        : >bytes
        while [ "$(cat byte)" != . ]; do
                cat byte >>bytes
                head -c 1 <&3 >byte
        done
        fold -w1 bytes | sort | tr -d '\n'
}
pipe_flags() {
        grep ^flags: "/proc/$$/fdinfo/3"
}
before=$(pipe_flags)
for auth in --jobserver-auth=3,3 "--jobserver-auth=9,9 --jobserver-auth=fifo:$tmp/tokens" --jobserver-fds=3,3; do
        MAKEFLAGS=" -j4 $auth"
        export MAKEFLAGS
        what=${auth##*-}
        fill_pool
        batch -j8 -- ./compile ::: 1 2 3 4 5 6 7 8 9
        expect_width "client, $what" 9 4
        expect_end "client, $what" 0
        check "each token is given back as it was ($what)" test "$(pool)" = abc
        batch -j8 -- ./compile ::: 1 2 3
        expect_width "client, no token there, $what" 3 1
        expect_end "client, no token there, $what" 0
        check "and nothing is given that was not taken ($what)" test "$(pool)" = ''
        batch -j8 -- ./compile ::: 1 2 3 4
        hear 1
        printf q >&3
        hear 1
        check "a token that comes later starts a job ($what)" test "$(numbers)" = '2 '
        let_go 4
        hear 2
        expect_end "a token that comes later, $what" 0
        check "and is given back ($what)" test "$(pool)" = q
done
MAKEFLAGS='--jobserver-auth=3,3'
for signal in HUP TERM KILL; do
        fill_pool
        { exec "$INBYE" batch -q -j8 --grace=0 -- ./compile ::: 1 2 3 4 5 6 >/dev/null 2>&1; } &
        pid=$!
        hear 4
        kill -$signal "$pid"
        wait "$pid"
        if [ $signal = KILL ]; then
                # As of every client; the bytes were in its memory alone.
                check 'tokens of a client that got SIGKILL are lost' test "$(pool)" = ''
        else
                check "tokens are given back when SIG$signal ends it" test "$(pool)" = abc
        fi
done
fill_pool
expect_status 1 "$INBYE" batch -q -j8 --timeout=100ms -- sleep ::: 1000 1000 1000 1000
check 'tokens are given back after timeouts' test "$(pool)" = abc
fill_pool
expect_status 124 "$INBYE" batch -q -j8 --deadline=100ms -- sleep ::: 1000 1000 1000 1000 1000
check 'tokens are given back after the deadline' test "$(pool)" = abc
# HALT STATUS N-LET-GO ITEM...: four run, N of them are let go, and that ends it.
expect_halt() {
        what=--halt=$1
        wanted=$2
        n=$3
        shift 3
        fill_pool
        batch -j8 "$what" -- ./ender ::: "$@"
        hear 4
        let_go "$n"
        expect_end "$what" "$wanted"
        check "tokens are given back after $what" test "$(pool)" = abc
}
cat >ender <<'END'
#!/bin/sh
echo "1 $1" >said
[ "$1" != hang ] || exec sleep 1000
head -c 1 <go >/dev/null
exit "$1"
END
chmod +x ender
expect_halt now,fail=1 1 1 hang hang 3 hang 0 0
expect_halt now,done=1 1 1 hang 0 hang hang 0 0
expect_halt now,success=1 0 1 hang hang hang 0 0 0
expect_halt soon,fail=1 1 4 3 3 3 3 0 0
fill_pool
expect_status 1 "$INBYE" batch -q -j8 -- ./missing ::: 1 2 3 4
check 'tokens are given back when nothing can be started' test "$(pool)" = abc
fill_pool
seq 1 200 | "$INBYE" batch -q -j8 -- true &
first=$!
seq 1 200 | "$INBYE" batch -q -j8 -- true
wait "$first"
check 'two clients at once leave what was there' test "$(pool)" = abc
check 'the pipe is as it was, blocking' test "$(pipe_flags)" = "$before"

batch -j2 --jobserver=off -- ./compile ::: 1 2 3
expect_width 'off: no token is asked for' 3 2
expect_end 'off: no token is asked for' 0
for flags in --jobserver-auth=5,5 --jobserver-auth=-2,-2 --jobserver-auth=0,1 --jobserver-auth= \
        --jobserver-auth=what --jobserver-auth=fifo:missing "--jobserver-auth=fifo:$tmp/Makefile"; do
        MAKEFLAGS=$flags
        batch -- ./compile ::: 1 2
        expect_width "$flags: one at a time" 2 1
        expect_end "$flags: one at a time" 0
        check "$flags: is told" grep -q '^inbye: warning: the jobserver of make cannot be used' err
        batch -j2 -- ./compile ::: 1 2
        expect_width "$flags: -j counts" 2 2
        expect_end "$flags: -j counts" 0
done
MAKEFLAGS='ks -- A=--jobserver-auth=5,5'
batch -j2 -- ./compile ::: 1 2
expect_width 'no jobserver' 2 2
expect_end 'no jobserver' 0
check 'no jobserver, no warning' test ! -s err
finish
