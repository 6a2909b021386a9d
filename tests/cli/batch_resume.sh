#!/bin/sh
# SPDX-License-Identifier: MIT
# inbye batch killed with SIGKILL again and again, and resumed until all is done.
. "$(dirname "$0")/lib.sh"

seed=${SEED:-$$}
for order in '' --keep-order; do
        # shellcheck disable=SC2086
        check "no job is lost, none that was logged runs again (seed $seed) $order" \
                python3 "$(dirname "$0")/resume.py" "$INBYE" "$tmp/resume$order" "$seed" $order
done
finish
