# SPDX-License-Identifier: MIT
# `inbye run` on a terminal, below an interactive shell with job control: keys, stops, pipelines, modes.
. "$(dirname "$0")/lib.sh"

if ! command -v bash >/dev/null || ! command -v python3 >/dev/null; then
        skip all "needs bash and python3"
        finish
fi
python3 "$(dirname "$0")/terminal.py" "$tmp" >"$tmp/log" 2>&1
cat "$tmp/log"
n_passed=$(grep -c '^ok ' "$tmp/log")
n_failed=$(grep -c '^not ok ' "$tmp/log")
grep -q '^done$' "$tmp/log" || not_ok "terminal.py came to its end"
finish
