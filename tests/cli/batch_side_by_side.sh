#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch beside xargs -P and the two parallels: the same outputs, byte for byte; with --keep-order in the same order.
. "$(dirname "$0")/lib.sh"

batch() {
        "$INBYE" batch "$@"
}
cd "$tmp" || exit 1

# Outputs of one line, written in one go: nobody mixes them, so that sorted lines are comparable.
i=0
while [ "$i" -lt 200 ]; do
        printf '%s\n' "item $i" "  \"quoted' $i\"  " "a\\b\$HOME*$i"
        i=$((i + 1))
done >items
# shellcheck disable=SC2016
echo='printf "%s\n" "<$1>"'
tr '\n' '\0' <items | xargs -0 -n 1 -P 4 sh -c "$echo" - | sort >xargs.out
batch -q -j 4 -- sh -c "$echo" - <items | sort >batch.out
check "600 outputs" test "$(wc -l <batch.out)" -eq 600
check "the outputs of xargs -P" cmp xargs.out batch.out
tr '\n' '\0' <items | batch -q -0 -j 4 -- sh -c "$echo" - | sort >batch.out
check "the same with --null" cmp xargs.out batch.out
tr '\n' '\0' <items | xargs -0 -n 1 sh -c "$echo" - >xargs.out
batch -q -k -j 4 -- sh -c "$echo" - <items >batch.out
check "the order of xargs with --keep-order" cmp xargs.out batch.out

# Outputs of many lines and bytes, which stand in one piece.
# shellcheck disable=SC2016
flood='i=0; while [ $i -lt 50 ]; do printf "%s \377\001 %s\n" "$1" $i; i=$((i + 1)); done; printf "no newline %s" "$1"'
head -n 30 items | tr '\n' '\0' | xargs -0 -n 1 sh -c "$flood" - >xargs.out
head -n 30 items | batch -q -k -j 4 -- sh -c "$flood" - >batch.out
check "floods in the order of xargs" cmp xargs.out batch.out

# Debian has GNU parallel and that of moreutils side by side: the one that came first is parallel.
gnu=
other=
for name in parallel parallel.moreutils; do
        if "$name" --version </dev/null 2>/dev/null | grep -q 'GNU parallel'; then
                gnu=$name
        elif command -v "$name" >/dev/null 2>&1; then
                other=$name
        fi
done
if [ "$gnu" ]; then
        # -q: it would give the words to a shell once more
        "$gnu" --will-cite -q -k -j 4 sh -c "$echo" - <items >parallel.out 2>/dev/null
        batch -q -k -j 4 -- sh -c "$echo" - <items >batch.out
        check "the outputs of GNU parallel -k" cmp parallel.out batch.out
        head -n 30 items | "$gnu" --will-cite -q -k -j 4 sh -c "$flood" - >parallel.out 2>/dev/null
        head -n 30 items | batch -q -k -j 4 -- sh -c "$flood" - >batch.out
        check "floods in the order of GNU parallel -k" cmp parallel.out batch.out
        seq 30 | "$gnu" --will-cite -q --line-buffer --tag -j 4 sh -c 'seq -f "$1 %.0f" 100' - 2>/dev/null | sort >parallel.out
        seq 30 | batch -q --live -j 4 -- sh -c 'seq -f "$1 %.0f" 100' - | sort >batch.out
        check "the lines of GNU parallel --line-buffer --tag with --live" cmp parallel.out batch.out
else
        ok "no GNU parallel is installed to be compared with"
fi
if [ "$other" ]; then
        # Arguments behind --, no order. It kills those who pass its outputs on while they may still hold some
        # (0.67): so the commands write to a file themselves.
        "$other" -j 4 sh -c "$echo >>\"\$0\"" parallel.lines -- one two 'three  four' '$x'
        batch -q -j 4 -- sh -c "$echo >>\"\$0\"" batch.lines ::: one two 'three  four' '$x'
        sort parallel.lines >parallel.out
        sort batch.lines >batch.out
        check "four words, as moreutils parallel hands them on" cmp parallel.out batch.out
        check "all four" test "$(wc -l <parallel.out)" -eq 4
else
        ok "no parallel of moreutils is installed to be compared with"
fi
finish
