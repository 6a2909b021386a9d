# SPDX-License-Identifier: MIT
# Completions: every shell that is here accepts its script; bash completes what it should.
. "$(dirname "$0")/lib.sh"

for shell in bash zsh fish; do
        expect_status 0 "$INBYE" completions $shell
        cp "$out" "$tmp/$shell"
        command -v $shell >/dev/null && check "$shell accepts it" $shell -n "$tmp/$shell"
done
expect_status 125 "$INBYE" completions powershell
match_err 'one of: bash zsh fish'
expect_status 125 "$INBYE" completions

# completes WANTED WORD...: what bash offers for the last word; an ERE over the offers, each with blanks around.
completes() {
        wanted_=$1
        shift
        got_=$(bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _inbye; echo " ${COMPREPLY[*]} "' "$tmp/bash" "$@")
        if printf '%s\n' "$got_" | grep -Eq -- "$wanted_"; then
                ok "$* -> $wanted_"
        else
                not_ok "$* -> $got_"
        fi
}
if command -v bash >/dev/null; then
        completes '^ run $' inbye ru
        completes ' run .* doctor ' inbye ''
        completes '^ --timeout $' inbye run --time
        completes '^ kill wait fail $' inbye run --leftovers ''
        completes '^ kill $' inbye run --leftovers = k
        completes '^ TERM $' inbye run -s TE
        completes ' grep ' inbye run gre
        completes ' grep ' inbye run --timeout 5 -v gre
        completes ' grep ' inbye run -- gre
        completes '^  $' inbye run --timeout 5 grep --ver
        completes '^ zsh $' inbye completions z
        completes '^ show $' inbye profile sh
        mkdir "$tmp/path"
        ln -s "$INBYE" "$tmp/path/inbye"
        PATH=$tmp/path:$PATH
        completes '^ untrusted $' inbye run --sandbox untr
        completes '^ untrusted $' inbye profile show untr
        completes '^ run $' inbye help ru
        completes '^ --json --fix-hint --require --help $' inbye doctor --
fi

finish
