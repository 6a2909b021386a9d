# SPDX-License-Identifier: MIT
# Every system call that a sandbox is entered by fails once: the command is refused and has not run, with a cause, or it
# runs with all that was to be taken away. Nothing is left behind.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/work" "$tmp/outside"
unlimited=$tmp/unlimited.ini
printf '%s\n' '[Sandbox]' MemoryMax=infinity TasksMax=infinity RuntimeMaxSec=infinity >"$unlimited"
# What is seen from within: no way outside, no rights to gain, a filter, no capability; and a descriptor that
# is kept cannot be opened again, which is Landlock's.
cat >"$tmp/work/look" <<'SH'
echo ran >ran
[ ! -e "$1" ] && grep -q '^NoNewPrivs:.1' /proc/self/status && grep -q '^CapEff:.0*$' /proc/self/status &&
        ! (: >/usr/new) 2>/dev/null && ! (: >>/proc/self/fd/3) 2>/dev/null && grep -q '^Seccomp:.2' /proc/self/status && echo inside
SH

# traced OPTION...: with these of strace; its status.
traced() {
        rm -f "$tmp/work/ran"
        # Leaks cannot be looked for in what is traced.
        ASAN_OPTIONS=detect_leaks=0 timeout 20 strace -f -qq -o "$tmp/trace" "$@" "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" \
                --read-only "$tmp/work/look" --keep-fd 3 -- sh ./look "$tmp/outside" >"$out" 2>"$err" \
                3>"$tmp/kept"
}

calls="openat2 open_tree mount_setattr move_mount fsopen fsconfig fsmount mkdirat mknodat symlinkat pivot_root umount2 \
fchdir chdir capset prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self mount socket rmdir mkdir"
if ! strace -f -qq -o "$tmp/trace" true 2>/dev/null; then
        skip faults "nothing can be traced here"
        finish
fi
traced -e trace=none
check "it runs inside" [ "$(cat "$out")" = inside ]
n_refused=0
for call in $calls; do
        traced -e trace="$call"
        n=$(grep -c "$call(" "$tmp/trace")
        for at in 1 2 $((n / 2)) $((n - 1)); do
                [ "$at" -ge 1 ] || continue
                traced -e trace="$call" -e inject="$call:error=EACCES:when=$at"
                status=$?
                grep -q INJECTED "$tmp/trace" || continue
                if [ $status -eq 125 ] && [ -s "$err" ] && [ ! -e "$tmp/work/ran" ]; then
                        ok "$call $at is refused: $(head -n1 "$err")"
                        n_refused=$((n_refused + 1))
                elif [ "$(cat "$out")" = inside ]; then
                        ok "$call $at takes nothing from the sandbox"
                elif [ ! -e "$tmp/work/ran" ] && [ -s "$err" ]; then
                        ok "$call $at ends it with status $status before it runs"
                else
                        not_ok "$call $at lets it run with less"
                        show_streams
                fi
        done
done
check "most of them are refused" [ $n_refused -ge 20 ]
check "nothing is left of it" sh -c '[ -z "$(ls -A "$1")" ] && ! grep -q "$1" /proc/self/mounts' - "$tmp/outside"
finish
