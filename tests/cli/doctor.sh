# SPDX-License-Identifier: MIT
# `inbye doctor`: what it says agrees with what a run does.
. "$(dirname "$0")/lib.sh"

expect_status 0 "$INBYE" doctor
match_out '^Mechanisms, strongest first:$'
match_out '^  pgroup +works'
best=$(sed -n 's/^  \([a-z]*\) .*used by default$/\1/p' "$out")
expect_status 0 "$INBYE" run --report "$tmp/report" true
check "a run is held by what doctor says" grep -q "\"mechanism\":\"$best\"" "$tmp/report"
expect_status 0 "$INBYE" doctor --json
check "it is JSON of one line" python3 -c '
import json, sys
text = open(sys.argv[1]).read()
assert text.count("\n") == 1
json.loads(text)' "$out"
check "what it says of the limits agrees with what a run does" python3 -c '
import json, subprocess, sys
limits = json.load(open(sys.argv[2]))["limits"]
assert [l["name"] for l in limits] == ["memory", "swap", "tasks", "cpu", "cpu-weight", "io-weight", "io-max", "cpus"]
for name, value in ("memory", "1G"), ("tasks", "100"), ("cpu", "1"), ("cpu-weight", "100"), ("io-weight", "100"):
    status = subprocess.run([sys.argv[1], "run", "--limit", name + "=" + value, "true"], stderr=subprocess.DEVNULL).returncode
    limit = next(l for l in limits if l["name"] == name)
    assert limit["works"] == (status == 0), limit
    assert limit["works"] or (limit["reason"] and limit["hint"]), limit' "$INBYE" "$out"
if grep -q '"works":false,"version":null' "$out"; then
        expect_status 1 "$INBYE" doctor --fix-hint
        check "the cures are told" [ -s "$out" ]
        check "each of them once" [ "$(sort "$out" | uniq -d | wc -l)" -eq 0 ]
else
        expect_status 0 "$INBYE" doctor --fix-hint
        check "there is nothing to mend" [ ! -s "$out" ]
fi
# Who may do least is told most; the binary may lie where he cannot reach it.
if [ "$(id -u)" -ne 0 ] || setpriv --reuid 65534 --regid 65534 --clear-groups "$INBYE" --version >/dev/null 2>&1; then
        as_nobody=
        [ "$(id -u)" -ne 0 ] || as_nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
        # shellcheck disable=SC2086
        $as_nobody "$INBYE" doctor --fix-hint >"$out" 2>"$err"
        check "paths in the cures are clean" [ "$(grep -c '[a-z]//' "$out")" -eq 0 ]
fi
expect_status 0 "$INBYE" doctor --require pgroup
"$INBYE" run --require cgroup true 2>/dev/null
works=$?
if [ $works -eq 0 ]; then
        expect_status 0 "$INBYE" doctor --require cgroup --json
else
        expect_status 1 "$INBYE" doctor --require cgroup
        match_err "neither 'cgroup' nor a stronger"
fi
expect_status 125 "$INBYE" doctor --require cgruop
match_err "did you mean 'cgroup'"
expect_status 125 "$INBYE" doctor extra
match_err "unexpected 'extra'"

finish
