#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch: memory stays where it is, whatever jobs write and however many they are.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1

# Runs a batch with its output thrown away; prints peak resident KiB and exit status.
cat >peak.py <<'END'
import os, subprocess, sys
null = open(os.devnull, 'w')
child = subprocess.Popen(sys.argv[1:], stdin=open('items'), stdout=null, stderr=null)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss, os.waitstatus_to_exitcode(status))
END
peak() {
        python3 peak.py "$INBYE" batch "$@"
}
under() {
        limit_=$1
        shift
        # shellcheck disable=SC2046
        set -- $(peak "$@")
        printf '%s KiB, status %s\n' "$1" "$2"
        [ "$2" -eq 0 ] && [ "$1" -lt "$limit_" ]
}
# A sanitizer's shadow, and what it keeps of freed memory, is not ours to count.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1
export ASAN_OPTIONS
factor=1
if nm "$INBYE" 2>/dev/null | grep -q __asan_init; then factor=16; fi

seq 16 >items
check "16 floods of 50 MB at once stay under 64 MiB" under $((factor * 65536)) -j16 -- \
        sh -c 'head -c 50000000 /dev/zero'
check "on both streams, in order" under $((factor * 65536)) -k -j16 -- \
        sh -c 'head -c 20000000 /dev/zero; head -c 20000000 /dev/zero >&2'
check "as results" under $((factor * 65536)) -j16 --results res -- sh -c 'yes | head -c 20000000'
rm -f res
seq 1 >items
check "a line of 300 MB without an end" under $((factor * 32768)) -- sh -c 'head -c 300000000 /dev/zero'

# One job that lasts while hundreds end after it: what waits for it is bounded.
mkfifo go
seq 60 >items
check "in order behind a slow one" under $((factor * 98304)) -k -j4 -- \
        sh -c '[ "$1" != 1 ] || { read -r _ <go; }; head -c 4000000 /dev/zero; [ "$1" != 4 ] || echo >go' -

# The last job looks at the one that started it: what python's child reports begins with python's own size.
cat >look.sh <<'END'
#!/bin/sh
sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' /proc/$PPID/status
END
chmod +x look.sh
kib_after() {
        { yes true | head -n "$1" && echo ./look.sh; } | "$INBYE" batch -q -j1 -- '{}'
}
few=$(kib_after 200)
many=$(kib_after 4000)
echo "after 200 jobs: $few KiB, after 4000: $many KiB"
check "as much memory for 4000 jobs as for 200" test "$many" -lt $((few + factor * 256))
finish
