#!/bin/sh
# SPDX-License-Identifier: MIT
# showcase.sh INBYE [FOLDER]: the main job, on this machine, in a quarter of a minute.
#
# A batch of commands, real ones (which of the C headers that are installed here can be included alone?) and such as
# no caller wants: they leave their session, fork twice, are deaf to SIGTERM, write 200 MB, start a crowd. First what
# becomes of the hostile ones under a plain timeout(1): that also proves that the count below would see a stray. Then
# the whole batch with inbye, the same count, and pictures of the batch in FOLDER [.].
set -eu
inbye=$(readlink -f "$1")
folder=$(readlink -f "${2:-.}")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/inbye-show.XXXXXX")
mark="86399.$$" # every hostile process is, at its end, a sleep of this odd length: so it can be found again
printf '%s' "$mark" >"$tmp/mark"

# Pids of all processes with the mark in their arguments.
strays() {
        for dir in /proc/[0-9]*; do
                if grep -qaFf "$tmp/mark" "$dir/cmdline" 2>/dev/null; then echo "${dir#/proc/}"; fi
        done
}

count_strays() {
        strays | wc -l
}

end_strays() {
        strays | while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done
}
at_exit() {
        end_strays
        rm -rf "$tmp"
}
trap at_exit EXIT
trap 'exit 1' HUP INT TERM

escaper="setsid sleep $mark & sleep $mark"
forker="(setsid sh -c 'sleep $mark & exit' &) ; sleep $mark"
deaf="trap '' TERM INT HUP; while :; do sleep $mark; done"
crowd="for i in \$(seq 300); do sleep $mark & done; wait"
daemon="echo started; setsid sleep $mark & exit 0"
check="-fsyntax-only -fmax-errors=1 -fno-diagnostics-show-caret -x c"
flood="yes 'all work and no play' | head -c 200000000"

echo "== Without inbye: the hostile commands under timeout(1)"
for script in "$escaper" "$forker" "$deaf" "$daemon"; do
        timeout -k 0.2 0.3 sh -c "$script" >/dev/null 2>&1 || true
done
without=$(count_strays)
end_strays
echo "processes that strayed: $without"

# job ID SCRIPT [MORE]: one job as a line of JSON.
job() {
        script=$(printf '%s' "$2" | sed 's/\\/\\\\/g; s/"/\\"/g')
        printf '{"id": "%s", "argv": ["sh", "-c", "%s"]%s}\n' "$1" "$script" "${3:-}"
}
{
        job version "uname -sr"
        job sum "cat /usr/include/*.h | sha256sum" ', "timeout": "30s"'
        job compress "tar -cf - -C /usr/include linux | gzip -1 | wc -c" ', "timeout": "30s"'
        job compile "printf 'int main(void) { return 0; }' | cc -x c -O2 -o $tmp/a.out - && $tmp/a.out" ', "timeout": "30s"'
        job words "cat /usr/share/common-licenses/* | tr -cs A-Za-z '\\n' | sort | uniq -c | sort -rn | head -n 3"
        job fails "echo 'no such luck' >&2; exit 3"
        job missing "exec /does/not/exist"
        job crash "kill -SEGV \$\$"
        job escaper "$escaper"
        job double-fork "$forker"
        job deaf "$deaf"
        job crowd "$crowd"
        job daemon "$daemon"
        job flood "$flood" ', "timeout": "30s", "capture_limit": "96"'
        for header in /usr/include/*.h; do
                job "${header##*/}" "cc $check -include $header /dev/null" ', "timeout": "30s"'
        done
} >"$tmp/jobs"

echo
echo "== With inbye: $(wc -l <"$tmp/jobs") jobs, four at a time, one second for each that is hostile"
status=0
"$inbye" batch -j 4 --timeout 1s --grace 200ms --tag --results "$tmp/results" \
        --html "$folder/showcase.html" --trace "$folder/showcase.json" "$tmp/jobs" 2>&1 || status=$?
echo "inbye batch: exit status $status; one of its results:"
grep '"id":"daemon"' "$tmp/results" || tail -n 1 "$tmp/results"

left=$(count_strays)
leaves=$(find /sys/fs/cgroup -type d -name 'inbye.*' -newer "$tmp/jobs" 2>/dev/null | wc -l)
echo
echo "== What is left"
echo "processes that strayed: $left (without inbye: $without)"
echo "cgroups: $leaves"
echo
echo "== Pictures"
echo "page:  file://$folder/showcase.html"
echo "trace: $folder/showcase.json, for ui.perfetto.dev or chrome://tracing"
[ "$left" -eq 0 ] && [ "$without" -gt 0 ] && [ "$status" -eq 1 ]
