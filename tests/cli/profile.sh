# SPDX-License-Identifier: MIT
# Sandbox profiles of one's own: found, checked, shown, used.
. "$(dirname "$0")/lib.sh"
umask 022
chmod 755 "$tmp"
XDG_CONFIG_HOME=$tmp/config
HOME=$tmp/home
export XDG_CONFIG_HOME HOME
profiles=$XDG_CONFIG_HOME/inbye/profiles
mkdir -p "$profiles" "$HOME/.config/inbye/profiles" "$tmp/work" "$tmp/folder"

# profile FILE LINE...: a file with these lines below [Sandbox].
profile() {
        file_=$1
        shift
        printf '%s\n' '[Sandbox]' "$@" >"$file_"
}

# What is built in.
expect_status 0 "$INBYE" profile list --names
expect_out 'build
measure
none
untrusted'
expect_status 0 "$INBYE" profile show untrusted
match_out '^# untrusted, built in$'
match_out '^PrivateRoot=yes$'
match_out '^CapabilityBoundingSet=$'
expect_status 0 "$INBYE" profile show --json build
python3 - "$out" >"$tmp/shown" <<'PY'
import json, sys
p = json.load(open(sys.argv[1]))
print(p["name"], p["path"], [(s["key"], s["value"], s["file"]) for s in p["settings"]])
PY
check "the JSON has each setting and where it was said" grep -qF \
        "build None [('NoNewPrivileges', 'yes', 'build'), ('SystemCallFilterOf', 'build', 'build')]" "$tmp/shown"

# Found by name, and used.
profile "$profiles/mine.ini" 'Description=of my own' 'NoNewPrivileges=yes' "InaccessiblePaths=$tmp/folder"
echo secret >"$tmp/folder/secret"
expect_status 0 "$INBYE" run -m reaper --sandbox mine -- sh -c "ls '$tmp/folder'; sed -n 's/^NoNewPrivs:.//p' /proc/self/status"
expect_out 1
expect_status 0 "$INBYE" profile list
match_out "^mine  *$profiles/mine.ini\$"
match_out '^ *of my own$'
expect_status 0 "$INBYE" profile list --json
match_out '"name":"mine","path":".*/mine.ini","description":"of my own","error":null'
expect_status 0 env -u XDG_CONFIG_HOME "$INBYE" profile list --names
expect_out 'build
measure
none
untrusted'
cp "$profiles/mine.ini" "$HOME/.config/inbye/profiles/home.ini"
expect_status 0 env -u XDG_CONFIG_HOME "$INBYE" profile show home
expect_status 125 "$INBYE" run --sandbox home -- true
match_err "there is no sandbox profile 'home'"
printf '%s\n' '{"argv":["true"],"sandbox":"mine"}' >"$tmp/jobs"
expect_status 0 "$INBYE" batch -m reaper "$tmp/jobs"

# One builds on another, by name, and by a path from where it is; in the order in which it says so.
profile "$tmp/folder/base.ini" 'InaccessiblePaths=/opt'
profile "$tmp/folder/top.ini" 'ReadOnlyPaths="/usr" \' '        /etc' 'Profile=mine ./base.ini'
expect_status 0 "$INBYE" profile show "$tmp/folder/top.ini"
expect_out "# $tmp/folder/top.ini: $tmp/folder/top.ini
[Sandbox]
ReadOnlyPaths=/usr
ReadOnlyPaths=/etc
NoNewPrivileges=yes
InaccessiblePaths=$tmp/folder
InaccessiblePaths=/opt"
# What is shown can be used as it is.
cp "$out" "$tmp/folder/copy.ini"
cp "$out" "$tmp/first"
expect_status 0 "$INBYE" profile show "$tmp/folder/copy.ini"
check "a copy of what was shown is shown the same" sh -c "sed 1d '$tmp/first' >'$tmp/a'; sed 1d '$out' | cmp - '$tmp/a'"
profile "$tmp/folder/quoted.ini" 'ReadOnlyPaths="/a b" /c\"d'
expect_status 0 "$INBYE" profile show "$tmp/folder/quoted.ini"
match_out '^ReadOnlyPaths="/a b"$'
match_out '^ReadOnlyPaths="/c\\"d"$'

# The same in JSON.
cat >"$profiles/json.json" <<'JSON'
{
  "description": "in JSON",
  "profile": "mine",
  "no_network": true, "no_capabilities": true,
  "read_only": ["/usr", "/a b"], "bind_read_only": "/opt:/srv"
}
JSON
expect_status 0 "$INBYE" profile show json
expect_out "# json: $profiles/json.json
[Sandbox]
Description=in JSON
NoNewPrivileges=yes
InaccessiblePaths=$tmp/folder
PrivateNetwork=yes
CapabilityBoundingSet=
ReadOnlyPaths=/usr
ReadOnlyPaths=\"/a b\"
BindReadOnlyPaths=/opt:/srv"
cat >"$tmp/folder/wrong.json" <<'JSON'
{ "no_newprivs": true,
  "no_network": false,
  "read_only": ["/usr", 3, null],
  "no_capabilities": "CAP_KILL", "description": 1, "filter_of": ["build"] }
JSON
expect_status 1 "$INBYE" profile check "$tmp/folder/wrong.json"
expect_out "$tmp/folder/wrong.json:1:3: there is no key 'no_newprivs'; did you mean 'no_new_privs'?
$tmp/folder/wrong.json:2:17: no_network: expected yes (in JSON true; a profile only takes away: for 'no' leave it out), not 'false'
$tmp/folder/wrong.json:3:25: read_only: expected absolute paths, not '3'
$tmp/folder/wrong.json:3:28: read_only: expected absolute paths, not 'null'
$tmp/folder/wrong.json:4:22: no_capabilities: expected true
$tmp/folder/wrong.json:4:49: description: expected a string, not a number
$tmp/folder/wrong.json:4:65: filter_of: expected build, untrusted or measure, not an array"
printf '{"read_only": [' >"$tmp/folder/cut.json"
expect_status 1 "$INBYE" profile check "$tmp/folder/cut.json"
match_out 'cut.json:1:16: '
cp "$profiles/mine.ini" "$profiles/json.ini"
expect_status 125 "$INBYE" profile show json
match_err "there are '.*/json.ini' and '.*/json.json': remove one"
rm "$profiles/json.ini" "$profiles/json.json"

# Everything that is wrong, each with its place and a cure.
cat >"$tmp/folder/wrong.ini" <<'INI'
; a comment
[Sandbox]
ReadWritePath=/tmp
PrivateNetwork=no
NoNewPrivileges=yes yes
ReadOnlyPaths=/usr tmp
InaccessiblePaths="/x
Profile=biuld
SystemCallFilterOf=untrustd
CapabilityBoundingSet=CAP_KILL
BindPaths=/a:b
[Service]
foo
INI
expect_status 1 "$INBYE" profile check "$tmp/folder/wrong.ini"
expect_out "$tmp/folder/wrong.ini:3:1: there is no key 'ReadWritePath'; did you mean 'ReadWritePaths'?
$tmp/folder/wrong.ini:4:16: PrivateNetwork: expected yes (in JSON true; a profile only takes away: for 'no' leave it out), not 'no'
$tmp/folder/wrong.ini:5:21: NoNewPrivileges: expected one word
$tmp/folder/wrong.ini:6:20: ReadOnlyPaths: expected absolute paths, not 'tmp'
$tmp/folder/wrong.ini:7:19: nothing ends this quote
$tmp/folder/wrong.ini:8:9: there is no sandbox profile 'biuld'; did you mean 'build'?
$tmp/folder/wrong.ini:9:20: SystemCallFilterOf: expected build, untrusted or measure, not 'untrustd'; did you mean 'untrusted'?
$tmp/folder/wrong.ini:10:23: CapabilityBoundingSet: expected nothing: all capabilities are dropped, or none
$tmp/folder/wrong.ini:11:11: BindPaths: expected SOURCE or SOURCE:TARGET, absolute paths, not '/a:b'
$tmp/folder/wrong.ini:12:1: there is no section 'Service'; all of a profile stands in [Sandbox]
$tmp/folder/wrong.ini:13:1: expected '[Section]', 'Key=value' or a comment"
expect_status 1 "$INBYE" profile check --json "$tmp/folder/wrong.ini"
match_out '"line":3,"column":1,"text":"there is no key .*","hint":"did you mean'
expect_status 125 "$INBYE" run --sandbox "$tmp/folder/wrong.ini" -- true
match_err "wrong.ini:3:1: there is no key 'ReadWritePath'.*did you mean 'ReadWritePaths'"
(cd "$tmp/folder" && exec "$INBYE" profile check top.ini base.ini) >"$out" 2>"$err"
check "a file is one for check whatever it is called" [ $? -eq 0 ]
expect_out ''
expect_status 1 "$INBYE" profile check "$tmp/folder/base.ini" "$tmp/folder/no-such.ini"
match_out "cannot open the profile '.*/no-such.ini': No such file"
profile "$tmp/folder/a.ini" 'Profile=./b.ini'
profile "$tmp/folder/b.ini" 'Profile=./a.ini'
expect_status 1 "$INBYE" profile check "$tmp/folder/a.ini"
match_out '/b.ini:2:9: it builds on itself$'
python3 -c 'print("[Sandbox]\nReadOnlyPaths=" + "/a " * 5000)' >"$tmp/folder/many.ini"
expect_status 1 "$INBYE" profile check "$tmp/folder/many.ini"
match_out 'more than 4096 settings'

# Files that others could have written, or that are none.
cp "$tmp/folder/base.ini" "$tmp/folder/shared.ini"
chmod 664 "$tmp/folder/shared.ini"
expect_status 125 "$INBYE" run --sandbox "$tmp/folder/shared.ini" -- true
match_err 'may be written by others than its owner.*chmod go-w'
mkfifo "$tmp/folder/fifo.ini"
expect_status 125 "$INBYE" run --sandbox "$tmp/folder/fifo.ini" -- true
match_err 'is no regular file'
head -c 1048577 /dev/zero >"$tmp/folder/large.ini"
expect_status 125 "$INBYE" run --sandbox "$tmp/folder/large.ini" -- true
match_err 'more than 1 MiB'
if [ "$(id -u)" -eq 0 ]; then
        cp "$tmp/folder/base.ini" "$tmp/folder/theirs.ini"
        chown 65534 "$tmp/folder/theirs.ini"
        expect_status 125 "$INBYE" run --sandbox "$tmp/folder/theirs.ini" -- true
        match_err 'belongs to another user'
        expect_status 0 setpriv --reuid 65533 --regid 65533 --clear-groups "$INBYE" profile check "$tmp/folder/base.ini"
fi

# Names that are taken: what is built in cannot be shadowed.
profile "$profiles/build.ini" 'NoNewPrivileges=yes'
expect_status 125 "$INBYE" run --sandbox build -- true
match_err "build.ini' has the name of a sandbox profile that is built in.*rename it"
expect_status 0 "$INBYE" profile list
match_out 'has the name of a sandbox profile that is built in'
rm "$profiles/build.ini"
expect_status 125 "$INBYE" run --sandbox mien -- true
match_err "no sandbox profile 'mien'.*did you mean 'mine'"

# The user's own stands before the system's.
if unshare -rm true 2>/dev/null; then
        mkdir -p "$tmp/etc/inbye/profiles"
        profile "$tmp/etc/inbye/profiles/mine.ini" 'Description=of the system'
        profile "$tmp/etc/inbye/profiles/site.ini" 'Description=of the site'
        expect_status 0 unshare -rm sh -c 'mount --bind "$1" /etc && exec "$2" profile list' - "$tmp/etc" "$INBYE"
        match_out 'of the site'
        match_out 'of my own'
        check "what the user has of the same name hides it" sh -c "! grep -q 'of the system' '$out'"
else
        expect_status 0 "$INBYE" profile show mine
fi

# Limits: those of a profile and those of the options, the stricter counts; refused where they cannot be had.
profile "$tmp/folder/timed.ini" 'RuntimeMaxSec=100ms' 'RequireLimits=timeout'
expect_status 124 "$INBYE" run --sandbox "$tmp/folder/timed.ini" --timeout 1m -- sh -c 'read x' <>"$tmp/folder/fifo.ini"
profile "$tmp/folder/timed.ini" 'RuntimeMaxSec=1m' 'RequireLimits=timeout'
expect_status 124 "$INBYE" run --sandbox "$tmp/folder/timed.ini" --timeout 0.1 -- sh -c 'read x' <>"$tmp/folder/fifo.ini"
profile "$tmp/folder/few.ini" 'TasksMax=3'
# As the same limit by an option has it: enforced, or refused with the same words.
"$INBYE" run --limit tasks=3 -- true >"$out" 2>"$err"
as_option=$?
sed 's/^inbye: //' "$err" >"$tmp/as_option"
expect_status $as_option "$INBYE" run --sandbox "$tmp/folder/few.ini" -- true
check "what it says of the host is the same" sh -c "sed 's/^inbye: //' '$err' | cmp - '$tmp/as_option'"
if [ $as_option -eq 0 ]; then
        "$INBYE" run --report "$tmp/report" --sandbox "$tmp/folder/few.ini" -- sh -c 'for i in 1 2 3 4; do sleep 100 & done; wait' >"$out" 2>"$err"
        check "the limit is that of the tree" grep -q '"status":"limit".*"limits":{"tasks":"tripped"}' "$tmp/report"
fi
printf '{"limits": {"memory": "64M", "tasks": 8, "cpu": 0.5}, "timeout": "1m", "require_limits": ["tasks"]}' >"$tmp/folder/limits.json"
expect_status 0 "$INBYE" profile show "$tmp/folder/limits.json"
match_out '^MemoryMax=64M$'
match_out '^CPUQuota=0.5$'
profile "$tmp/folder/wrong.ini" MemoryMax=lots TasksMax=0 CPUQuota=0% RuntimeMaxSec=0 RequireLimits=cpu
expect_status 1 "$INBYE" profile check "$tmp/folder/wrong.ini"
expect_out "$tmp/folder/wrong.ini:2:11: MemoryMax: expected a size, as in 512M, or infinity, not 'lots'
$tmp/folder/wrong.ini:3:10: TasksMax: expected a number of tasks, or infinity, not '0'
$tmp/folder/wrong.ini:4:10: CPUQuota: expected CPUs, as in 50% or 0.5, or infinity, not '0%'
$tmp/folder/wrong.ini:5:15: RuntimeMaxSec: expected a time, as in 1m, or infinity, not '0'
$tmp/folder/wrong.ini:6:15: RequireLimits: expected memory, tasks or timeout, not 'cpu'"
printf '{"limits": {"memroy": 1}, "limits.tasks": 3}' >"$tmp/folder/limits.json"
expect_status 1 "$INBYE" profile check "$tmp/folder/limits.json"
match_out "limits.json:1:13: there is no key 'limits.memroy'; did you mean 'limits.memory'"
match_out "limits.json:1:27: there is no key 'limits.tasks'"

# Optional parts: done where they can be; where not, left out and told. The others are refused as ever.
# reported FILE: the parts that a report names as skipped.
reported() {
        python3 -c 'import json, sys
for s in json.load(open(sys.argv[1]))["sandbox_skipped"]: print(s["part"], bool(s["reason"]))' "$1"
}
profile "$tmp/folder/optional.ini" "InaccessiblePaths=-/no/such -$tmp/folder" 'PrivateNetwork=-yes' 'PrivateIPC=-yes' \
        'LandlockReadWrite=-/no/landlock -/' 'TasksMax=-5000'
expect_status 0 "$INBYE" profile show "$tmp/folder/optional.ini"
match_out '^PrivateNetwork=-yes$'
match_out "^InaccessiblePaths=-$tmp/folder\$"
expect_status 0 "$INBYE" profile show --json "$tmp/folder/optional.ini"
match_out '"key":"PrivateNetwork","value":"yes","optional":true'
expect_status 0 "$INBYE" run -m reaper --report "$tmp/report" --sandbox "$tmp/folder/optional.ini" -- true
expect_status 0 "$INBYE" run -v -m reaper --sandbox "$tmp/folder/optional.ini" -- true
match_err 'the sandbox did without /no/such: No such file'
reported "$tmp/report" >"$tmp/skipped"
check "a path that is not there is left out and told" grep -qx '/no/such True' "$tmp/skipped"
if "$INBYE" run -m reaper --no-network --hide "$tmp/folder" -- true 2>/dev/null; then
        check "what can be done is not left out" sh -c "! grep -Eq 'Private|$tmp' '$tmp/skipped'"
        expect_status 0 "$INBYE" run -m reaper --sandbox "$tmp/folder/optional.ini" -- sh -c "ls '$tmp/folder'; grep -c : /proc/net/dev"
        expect_out 1
fi
"$INBYE" run --limit tasks=5000 -- true 2>/dev/null
as_option=$?
"$INBYE" run --report "$tmp/report" --sandbox "$tmp/folder/optional.ini" -- true 2>"$err"
reported "$tmp/report" >"$tmp/skipped"
if [ $as_option -eq 0 ]; then
        check "a limit that can be had is in force" grep -q '"limits":{"tasks":"not_tripped"}' "$tmp/report"
else
        check "a limit that cannot be had is left out and told" grep -qx 'tasks True' "$tmp/skipped"
fi
# Where namespaces are forbidden.
"$INBYE_HELPERS/without" container -- "$INBYE" run -m reaper --report "$tmp/report" --sandbox "$tmp/folder/optional.ini" -- true 2>"$err"
case $? in
0)
        reported "$tmp/report" >"$tmp/skipped"
        for part in PrivateNetwork=yes PrivateIPC=yes "InaccessiblePaths=$tmp/folder"; do
                check "$part is left out and told" grep -qx "$part True" "$tmp/skipped"
        done
        sed 's/=-/=/' "$tmp/folder/optional.ini" >"$tmp/folder/needed.ini"
        expect_status 125 "$INBYE_HELPERS/without" container -- "$INBYE" run -m reaper --sandbox "$tmp/folder/needed.ini" -- true
        printf '%s\n' '[Sandbox]' PrivateNetwork=yes >"$tmp/folder/needed.ini"
        expect_status 125 "$INBYE_HELPERS/without" container -- "$INBYE" run -m reaper --sandbox "$tmp/folder/needed.ini" -- true
        match_err 'cannot make the namespaces of the sandbox'
        ;;
77) ok "this host does not let namespaces be taken away" ;;
*) not_ok "optional parts let a command run where namespaces are forbidden: $(cat "$err")" ;;
esac
profile "$tmp/folder/wrong.ini" 'NoNewPrivileges=-yes' 'RequireLimits=-memory'
expect_status 1 "$INBYE" profile check "$tmp/folder/wrong.ini"
match_out "wrong.ini:2:17: NoNewPrivileges: expected yes .*, not '-yes'"
match_out "wrong.ini:3:15: RequireLimits: expected .*, not '-memory'"

# A filter of system calls from a file: any that --seccomp takes.
printf '\006\000\000\000\000\000\377\177' >"$tmp/folder/allow.bpf"
profile "$tmp/folder/filter.ini" 'SeccompProfile=-/no/filter' NoNewPrivileges=yes
expect_status 0 "$INBYE" run -m reaper --report "$tmp/report" --sandbox "$tmp/folder/filter.ini" -- true
check "one that is not there and optional is left out and told" test "$(reported "$tmp/report")" = 'SeccompProfile=/no/filter True'
profile "$tmp/folder/filter.ini" "SeccompProfile=$tmp/folder/allow.bpf"
expect_status 0 "$INBYE" run -m reaper --sandbox "$tmp/folder/filter.ini" -- grep ^Seccomp: /proc/self/status
match_out '^Seccomp:[[:space:]]*2$'
profile "$tmp/folder/filter.ini" "SeccompProfile=/no/such.bpf"
expect_status 125 "$INBYE" run --sandbox "$tmp/folder/filter.ini" -- true
match_err "filter.ini:2:16: SeccompProfile=/no/such.bpf: cannot open the filter"

# One in words: lines that allow are one list, each that denies is a filter.
profile "$tmp/folder/calls.ini" 'SystemCallFilter=@system-service \' '  mount' 'NoNewPrivileges=yes' 'SystemCallFilter=ptrace' \
        'SystemCallFilter=~@clock keyctl:ENOSYS'
expect_status 0 "$INBYE" profile show "$tmp/folder/calls.ini"
match_out '^SystemCallFilter="@system-service mount ptrace"$'
match_out '^SystemCallFilter="~@clock keyctl:ENOSYS"$'
check "both stand in it once" [ "$(grep -c SystemCallFilter "$out")" -eq 2 ]
printf '{"system_calls": ["@system-service", "~chmod fchmod fchmodat fchmodat2"]}' >"$tmp/folder/calls.json"
expect_status 0 "$INBYE" profile check "$tmp/folder/calls.json"
if "$INBYE" run -m reaper --system-calls '~mount' -- true 2>/dev/null; then
        echo >"$tmp/folder/file"
        expect_status 1 "$INBYE" run -m reaper --sandbox "$tmp/folder/calls.json" -- chmod 600 "$tmp/folder/file"
        match_err 'Operation not permitted'
        expect_status 0 "$INBYE" run -m reaper --sandbox "$tmp/folder/calls.ini" -- chmod 600 "$tmp/folder/file"
        profile "$tmp/folder/wrong.ini" 'SystemCallFilter=@system-servic' 'SystemCallFilter=open:EFOO' 'SystemCallFilter='
        expect_status 1 "$INBYE" profile check "$tmp/folder/wrong.ini"
        match_out "wrong.ini:2:18: SystemCallFilter: .*'@system-servic'; did you mean '@system-service'"
        match_out "wrong.ini:3:18: SystemCallFilter: there is no error 'EFOO'"
        match_out "wrong.ini:4:18: SystemCallFilter: expected system calls"
else
        expect_status 125 "$INBYE" run -m reaper --sandbox "$tmp/folder/calls.json" -- true
        match_err 'calls.json:1:19: SystemCallFilter='
fi

# Wrong use.
for words in '' lst 'list x' 'show' 'show a b' check 'show --names build' 'list --names --json'; do
        # shellcheck disable=SC2086
        expect_status 125 "$INBYE" profile $words
done
match_err 'exclude each other'
expect_status 125 "$INBYE" profile show untrustd
match_err "did you mean 'untrusted'"

finish
