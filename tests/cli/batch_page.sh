# SPDX-License-Identifier: MIT
# The page of `inbye batch --html` in a browser.
. "$(dirname "$0")/lib.sh"

if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
        skip all "needs chromium"
        finish
fi
PYTHONDONTWRITEBYTECODE=1 python3 "$(dirname "$0")/html_page.py" "$tmp" >"$tmp/log" 2>&1
cat "$tmp/log"
n_passed=$(grep -c '^ok ' "$tmp/log")
n_failed=$(grep -c '^not ok ' "$tmp/log")
grep -q '^done$' "$tmp/log" || not_ok "html_page.py came to its end"
finish
