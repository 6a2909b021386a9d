# SPDX-License-Identifier: MIT
# What a result tells of system calls that a sandbox denied.
. "$(dirname "$0")/lib.sh"

escape=$INBYE_HELPERS/escape
report=$tmp/report

# told EXPRESSION: of the report r, and its denials by name: d
told() {
        if shown_=$(python3 -S -c '
import json, sys
with open(sys.argv[1]) as file:
    r = json.loads(file.readlines()[-1])
d = {x["call"]: x for x in r["denials"]}
print(r["n_denials"], r["denials"])
sys.exit(not eval(sys.argv[2]))' "$report" "$1"); then
                ok "told: $1"
        else
                not_ok "not told: $1, but $shown_"
        fi
}

# Filters from files: filter FILE CALL=VERDICT... | filter FILE opaque; the rest is allowed. Calls: two that
# every machine has, of which one is ours before the program runs.
cat >"$tmp/filter.py" <<'PY'
import os, struct, sys
MACHINES = {"x86_64": (0xC000003E, {"acct": 163, "swapoff": 168, "sendmsg": 46}),
            "aarch64": (0xC00000B7, {"acct": 89, "swapoff": 225, "sendmsg": 211}),
            "riscv64": (0xC00000F3, {"acct": 89, "swapoff": 225, "sendmsg": 211})}
machine, numbers = MACHINES[os.uname().machine]
VERDICTS = {"EPERM": 0x50001, "EXDEV": 0x50012, "nothing": 0x50000, "log": 0x7ffc0000, "kill": 0x80000000, "trap": 0x30000}
code = [(0x20, 0, 0, 4), (0x15, 1, 0, machine), (0x06, 0, 0, 0x7fff0000), (0x20, 0, 0, 0)]
for rule in sys.argv[2:]:
    if rule == "opaque":
        code.insert(0, (0x00, 0, 0, 0))
        continue
    call, verdict = rule.split("=")
    code += [(0x15, 0, 1, numbers[call]), (0x06, 0, 0, VERDICTS[verdict])]
code.append((0x06, 0, 0, 0x7fff0000))
with open(sys.argv[1], "wb") as file:
    for word in code:
        file.write(struct.pack("=HBBI", *word))
# calls NAME TIMES...: makes them and says what became of the last one
with open(os.path.join(os.path.dirname(sys.argv[1]), "calls.py"), "w") as file:
    file.write("import ctypes, errno, sys\nlibc = ctypes.CDLL(None, use_errno=True)\nn = %r\n" % numbers + """
for name, times in zip(sys.argv[1::2], sys.argv[2::2]):
    for i in range(int(times)):
        r = libc.syscall(n[name], ctypes.c_void_p(0x1234), 0, 0)
    print(name, "done" if r == 0 else errno.errorcode[ctypes.get_errno()], flush=True)
""")
PY
filter() {
        file_=$1
        shift
        python3 "$tmp/filter.py" "$tmp/$file_" "$@"
}
run() {
        "$INBYE" run -m reaper --report "$report" "$@"
}
filter one acct=EXDEV swapoff=nothing
filter kills acct=kill swapoff=EPERM
filter ours sendmsg=EPERM acct=EXDEV
filter opaque opaque acct=EXDEV
filter logs acct=log

# Each denied call once, how often, with what errno, and who denied it.
expect_status 0 run --seccomp "$tmp/one" -- python3 -S "$tmp/calls.py" acct 3 swapoff 1
expect_out 'acct EXDEV
swapoff done'
expect_err ''
told 'r["n_denials"] == 4 and len(d) == 2'
told "d['acct']['times'] == 3 and d['acct']['errno'] == 18 and d['acct']['rule'] == '$tmp/one'"
told 'd["acct"]["arguments"][0] == 0x1234 and d["acct"]["program"].startswith("python3") and not d["acct"]["done"]'
told 'd["swapoff"]["errno"] == 0 and not d["swapoff"]["done"]'

# What is done, is done, and told as that.
expect_status 0 run --seccomp "$tmp/logs" -- python3 -S "$tmp/calls.py" acct 2
told 'd["acct"]["done"] and d["acct"]["times"] == 2 and d["acct"]["errno"] == 0'
match_err "done, and beyond $tmp/logs: acct \(2 times\)"

# Of several filters the strictest counts, in whatever order.
for pair in 'logs one' 'one logs'; do
        # shellcheck disable=SC2086
        set -- $pair
        expect_status 0 run --seccomp "$tmp/$1" --seccomp "$tmp/$2" -- python3 -S "$tmp/calls.py" acct 1
        expect_out 'acct EXDEV'
        told "r['n_denials'] == 1 and d['acct']['rule'] == '$tmp/one'"
done
for pair in 'kills one' 'one kills'; do
        # shellcheck disable=SC2086
        set -- $pair
        expect_status 0 run --seccomp "$tmp/$1" --seccomp "$tmp/$2" -- python3 -S "$tmp/calls.py" swapoff 1
        told 'r["n_denials"] == 1'
        expect_status 159 run --seccomp "$tmp/$1" --seccomp "$tmp/$2" -- python3 -S "$tmp/calls.py" swapoff 1 acct 1
        match_err 'killed by a filter of system calls \(SIGSYS\).*ausearch'
        told 'r["signal"] == "SYS" and r["n_denials"] == 1'
done

# Filters that cannot be listened to filter all the same, and nobody says that nothing was denied.
for unheard in ours opaque; do
        expect_status 0 run --seccomp "$tmp/$unheard" -- python3 -S "$tmp/calls.py" acct 1
        expect_out 'acct EXDEV'
        told 'r["n_denials"] is None and not d'
        expect_status 0 run --seccomp "$tmp/one" --seccomp "$tmp/$unheard" -- python3 -S "$tmp/calls.py" swapoff 1 acct 1
        told 'r["n_denials"] is None and d["swapoff"]["times"] == 1'
done
expect_status 0 run --denials ignore --seccomp "$tmp/one" -- python3 -S "$tmp/calls.py" acct 1
expect_out 'acct EXDEV'
told 'r["n_denials"] is None'
expect_status 0 run -- true
told 'r["n_denials"] is None'
# A sandbox in a sandbox: the one inside cannot listen, the one outside is not asked.
expect_status 0 run --seccomp "$tmp/one" -- "$INBYE" run -m reaper --seccomp "$tmp/one" --report "$tmp/inner" -- python3 -S "$tmp/calls.py" acct 1
expect_out 'acct EXDEV'
told 'r["n_denials"] == 0'
check "a sandbox in a sandbox does not know" grep -q '"n_denials":null' "$tmp/inner"

# So many that the owner has to slow the command down.
expect_status 0 run --seccomp "$tmp/one" -- python3 -S "$tmp/calls.py" acct 2500
told 'r["n_denials"] == 2500 and d["acct"]["times"] == 2500'
# They hold nobody up who is to be ended, nor threads and forks at the same time.
mkfifo "$tmp/first"
"$INBYE" run --report "$report" --seccomp "$tmp/one" -- python3 -S "$tmp/calls.py" acct 1 acct 1000000000 >"$tmp/first" &
endless=$!
read -r _ <"$tmp/first"
kill -TERM "$endless"
wait "$endless"
check "who makes denied calls without end is ended" [ $? -eq 143 ]
told 'r["status"] == "cancelled" and r["n_denials"] > 0'
expect_status 0 run --seccomp "$tmp/one" -- sh -c "for i in 1 2 3 4; do python3 -S '$tmp/calls.py' acct 100 & done; wait"
told 'r["n_denials"] == 400'

# Profiles.
expect_status 1 run --sandbox build -- "$escape" mount "$tmp"
expect_err "inbye: denied by profile build: mount; inbye-sandbox(7) says how to allow a call"
told 'd["mount"]["errno"] == 1 and d["mount"]["rule"] == "profile build"'
expect_status 0 run --sandbox build -- sh -c "'$escape' mount '$tmp'; true"
expect_err ''
expect_status 0 run --verbose --sandbox build -- sh -c "'$escape' mount '$tmp'; true"
match_err 'denied by profile build: mount'
mkdir "$tmp/work"
cp "$escape" "$tmp/work"
expect_status 1 "$INBYE" run --cwd "$tmp/work" --report "$report" --sandbox untrusted --limit memory=infinity,tasks=infinity --timeout 0 -- sh -c './escape unshare; ./escape mount; false'
match_err 'not known to profile untrusted: .*unshare'
match_err 'denied by profile untrusted: mount'
told 'd["unshare"]["errno"] == 38 and d["mount"]["errno"] == 1'
expect_status 0 run --sandbox measure -- "$escape" userfaultfd
match_err 'done, and beyond profile measure: userfaultfd'

# The line of a profile that is a file.
printf '[Sandbox]\nDescription=of ours\nSystemCallFilterOf=build\n' >"$tmp/ours.ini"
expect_status 1 run --sandbox "$tmp/ours.ini" -- "$escape" mount "$tmp"
match_err "denied by $tmp/ours.ini:3: mount"

# Batches.
printf '%s\n' '{"argv":["'"$escape"'","mount","'"$tmp"'"],"sandbox":"build"}' \
        '{"argv":["'"$escape"'","mount","'"$tmp"'"],"sandbox":"build","denials":"ignore"}' '{"argv":["true"]}' >"$tmp/jobs"
expect_status 1 "$INBYE" batch -j1 --results "$report.all" "$tmp/jobs"
sed -n 1p "$report.all" >"$report"
told 'd["mount"]["times"] == 1'
for i in 2 3; do
        sed -n ${i}p "$report.all" >"$report"
        told 'r["n_denials"] is None'
done
expect_status 1 "$INBYE" batch -j1 --denials ignore --results "$report" "$tmp/jobs"
check "--denials of the batch holds for its jobs" [ "$(grep -c '"n_denials":null' "$report")" -eq 3 ]

# Wrong use.
expect_status 125 run --denials ignore -- true
match_err 'is about a sandbox'
expect_status 125 run --denials loudly --sandbox build -- true
match_err 'loudly'
echo '{"argv":["true"],"denials":"watch"}' >"$tmp/jobs"
expect_status 125 "$INBYE" batch --sandbox build "$tmp/jobs"
match_err 'none of its own'

finish
