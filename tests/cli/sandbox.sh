# SPDX-License-Identifier: MIT
# Ways out of a sandbox, as an attacker would try them: each works without one, and with it none does. As root
# and as an ordinary user.
. "$(dirname "$0")/lib.sh"

escape=$tmp/escape
cp "$INBYE_HELPERS/escape" "$escape"
chmod 755 "$tmp" "$escape"
mkdir "$tmp/work" "$tmp/outside"
echo secret >"$tmp/outside/secret"
chmod 777 "$tmp/work" "$tmp/outside"
chmod 644 "$tmp/outside/secret"
cp "$escape" "$tmp/work/escape"
# The limits that untrusted requires cannot be had on every host: they are waived, in words.
unlimited=$tmp/unlimited.ini
printf '%s\n' '[Sandbox]' MemoryMax=infinity TasksMax=infinity RuntimeMaxSec=infinity >"$unlimited"
chmod 644 "$unlimited"

# Who listens where nobody in a sandbox should get: says its port, and lives until its standard input ends.
cat >"$tmp/listen.py" <<'PY'
import socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind("\0" + sys.argv[1])
unix.listen()
print(tcp.getsockname()[1], flush=True)
sys.stdin.read()
PY
mkfifo "$tmp/listen.in" "$tmp/listen.out"
name=inbye-test-$$
python3 "$tmp/listen.py" "$name" <"$tmp/listen.in" >"$tmp/listen.out" &
listener=$!
exec 8>"$tmp/listen.in"
read -r port <"$tmp/listen.out"

# as USER COMMAND...
as() {
        user_=$1
        shift
        case $user_ in
        root) "$@" ;;
        *) setpriv --reuid 65534 --regid 65534 --clear-groups "$@" ;;
        esac
}

# With a mechanism that changes nothing of what is seen, but for untrusted, which brings its own.
# stopped USER PROFILE ATTEMPT ARGUMENT: works without the profile, or it shows nothing; and not with it.
stopped() {
        if ! as "$1" "$INBYE" run --mechanism reaper --cwd "$tmp/work" -- "$escape" "$3" "$4" >/dev/null 2>&1; then
                return 2
        fi
        case $2 in
        untrusted) mechanism= ;;
        *) mechanism=--mechanism=reaper ;;
        esac
        # shellcheck disable=SC2086
        as "$1" "$INBYE" run $mechanism --cwd "$tmp/work" --sandbox "$2" --sandbox "$unlimited" -- "$tmp/work/escape" "$3" "$4" >"$out" 2>"$err"
        [ $? -eq 1 ] && [ -s "$out" ] && ! grep -Evq "^inbye: (denied by|not known to) " "$err"
}

n_shown=0
try() {
        stopped "$@"
        case $? in
        0)
                n_shown=$((n_shown + 1))
                ok "$2 stops $3 of $1"
                ;;
        2) ok "$1 cannot $3 here even without a sandbox" ;;
        *)
                not_ok "$2 does not stop $3 of $1"
                show_streams
                ;;
        esac
}

users=nobody
[ "$(id -u)" -ne 0 ] || users="root nobody"
for user in $users; do
        # What one user may do to itself: a process of its own, outside.
        mkfifo "$tmp/victim.$user"
        as "$user" sh -c 'echo $$; exec cat "$1"' - "$tmp/victim.$user" >"$tmp/victim" &
        waited=$!
        exec 9>"$tmp/victim.$user"
        victim=$(cat "$tmp/victim")
        for attempt in "ptrace $victim" "mount $tmp/outside" keyring io_uring userfaultfd bpf perf tiocsti; do
                # shellcheck disable=SC2086
                try "$user" build ${attempt% *} "${attempt#* }"
                grep -q " $tmp/outside " /proc/self/mounts && umount "$tmp/outside"
        done
        for attempt in "write $tmp/outside/new" "write $tmp/outside/secret" \
                "read $tmp/outside/secret" "read /proc/$victim/environ" "read /sys/kernel/mm/transparent_hugepage/enabled" \
                "read /etc/shadow" "write /proc/sys/kernel/core_pattern" "tcp $port" "abstract $name" \
                "ptrace $victim" "signal $victim" "memory $victim" "mount $tmp/outside" keyring io_uring \
                userfaultfd bpf perf unshare clone clone3 tiocsti "device $tmp/work/device" identity; do
                # shellcheck disable=SC2086
                try "$user" untrusted ${attempt% *} "${attempt#* }"
                grep -q " $tmp/outside " /proc/self/mounts && umount "$tmp/outside"
                rm -f "$tmp/outside/new"
        done
        exec 9>&-
        wait "$waited"
done
check "most of the attempts work without a sandbox" [ "$n_shown" -ge 18 ]

# What is written to /tmp and /dev/shm stays in there.
expect_status 0 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- sh -c "echo >/dev/shm/$name && echo >/tmp/$name"
check "nothing of it is seen outside" [ ! -e "/dev/shm/$name" ] && [ ! -e "/tmp/$name" ]
# The warden is process 1 in there: nobody can end it.
expect_status 0 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- sh -c 'kill -9 1; echo alive'
expect_out alive
# No way to cgroups, and no other process is seen.
expect_status 0 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- sh -c 'ls -d /sys/fs 2>&1; echo /proc/[0-9]*'
match_out '^ls: cannot access'
match_out '^/proc/1 /proc/2( /proc/3)?$'
# Devices, and what stands for /dev/null, are the sandbox's own: their modes are nobody's to change.
for device in null zero full urandom tty; do
        expect_status 1 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- chmod 666 /dev/$device
done
before=$(stat -c %Z /dev/null)
for streams in '--stdin null' '--stdout null' '--stdout null --stderr merge'; do
        # shellcheck disable=SC2086
        "$INBYE" run $streams --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- sh -c \
                'chmod 666 /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2' </dev/null >/dev/null 2>/dev/null
done
check "the host's are as they were" test "$(stat -c %Z /dev/null)" = "$before"
# Rules about paths bring no part of the system back that the root directory leaves out.
echo none >"$tmp/none"
for path in /etc /etc/ssh /etc/shadow /dev /proc; do
        [ -e $path ] || continue
        # shellcheck disable=SC2016
        expect_status 0 "$INBYE" run --read-only $path --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- sh -c \
                'head -c 1 /etc/shadow; ls /etc/ssh; ls -d /proc/[0-9]* | wc -l; test ! -e /dev/mem' 2>"$tmp/none"
        match_out '^[234]$'
        check "as small as without the rule: $path" test "$(wc -l <"$out")" -eq 1
        expect_status 125 "$INBYE" run --read-write $path --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- true
        match_err "'$path' belongs to the system.*--bind COPY:$path"
done
# What a job puts in the way of files that are opened for the next one is not followed.
echo data >"$tmp/work/data"
expect_status 0 "$INBYE" run --stdin "$tmp/work/data" --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- cat
expect_out data
(cd "$tmp/work" && "$INBYE" batch -q -j1 --stdin data --sandbox untrusted --sandbox "$unlimited" -- sh -c \
        'cat; ln -sf ../outside/secret data' ::: 1 2) >"$out" 2>"$err"
check "the job after it fails" test $? -eq 1
expect_out data
match_err "job 2 .*cannot open .*data: Too many levels of symbolic links"
rm "$tmp/work/data"
ln -s outside "$tmp/out"
expect_status 125 "$INBYE" run --stdout "$tmp/out/new" --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- true
match_err 'a symlink on the way'
# A program that is not there says so, not that its loader is missing.
expect_status 127 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- "$escape"
match_err "$escape': it is not in the sandbox.*--read-only DIR"
expect_status 126 "$INBYE" run --system-calls '~execve' -- true
match_err "cannot execute 'true': a filter of system calls denies execve"
mkfifo "$tmp/fifo.bpf"
expect_status 125 "$INBYE" run --seccomp "$tmp/fifo.bpf" -- true
match_err 'is no regular file'
# A descriptor left open by mistake does not come in.
exec 7<"$tmp/outside/secret"
expect_status 1 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- ./escape descriptor 7
expect_status 0 "$INBYE" run --keep-fd 7 --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- ./escape descriptor 7
exec 7<&-

# Set-user-id programs gain nothing.
if [ "$(id -u)" -eq 0 ]; then
        cp "$(command -v id)" "$tmp/outside/setuid-id"
        chmod 4755 "$tmp/outside/setuid-id"
        expect_status 0 as nobody "$INBYE" run -m reaper -- "$tmp/outside/setuid-id" -u
        if [ "$(cat "$out")" = 0 ]; then
                expect_status 0 as nobody "$INBYE" run -m reaper --no-new-privs -- "$tmp/outside/setuid-id" -u
                expect_out 65534
                expect_status 0 as nobody "$INBYE" run -m reaper --sandbox build -- "$tmp/outside/setuid-id" -u
                expect_out 65534
        else
                skip set-user-id "the file system has no such programs"
        fi
fi

# Single parts.
for user in $users; do
        expect_status 1 as "$user" "$INBYE" run --read-only / --read-write "$tmp/work" -- "$escape" write "$tmp/outside/new"
        expect_out "Read-only file system"
        expect_status 0 as "$user" "$INBYE" run --read-only / --read-write "$tmp/work" -- "$escape" write "$tmp/work/new-$user"
        expect_status 1 as "$user" "$INBYE" run --landlock-rw "$tmp/work" -- "$escape" write "$tmp/outside/new"
        expect_out "Permission denied"
        expect_status 0 as "$user" "$INBYE" run --landlock-rw "$tmp/work" -- "$escape" write "$tmp/work/landlock-$user"
        expect_status 1 as "$user" "$INBYE" run --hide "$tmp/outside" -- "$escape" read "$tmp/outside/secret"
        expect_status 1 as "$user" "$INBYE" run --hide "$tmp/outside/secret" -- "$escape" read "$tmp/outside/secret"
        expect_status 0 as "$user" "$INBYE" run --bind "$tmp/outside:$tmp/work" -- "$escape" read "$tmp/work/secret"
        expect_status 1 as "$user" "$INBYE" run --no-network -- "$escape" tcp "$port"
        expect_status 0 as "$user" "$INBYE" run --no-network -- python3 -c '
import socket
a = socket.create_server(("127.0.0.1", 0))
socket.create_connection(a.getsockname())'
        expect_status 0 as "$user" "$INBYE" run --no-capabilities -- sh -c 'grep "^Cap[^B]" /proc/self/status | grep -v 0000000000000000; true'
        expect_out ''
done

# Symlinks and `..` in the rules: followed before the start, refused behind it.
ln -s outside "$tmp/link"
expect_status 0 "$INBYE" run --hide "$tmp/link" -- sh -c "ls '$tmp/outside'"
expect_out ''
expect_status 125 "$INBYE" run --bind "$tmp/outside:$tmp/link" -- true
match_err "cannot place '$tmp/outside' in the sandbox.*symlink"
expect_status 0 "$INBYE" run --hide "$tmp/work/../outside" -- sh -c "ls '$tmp/outside'"
expect_out ''

# The working directory of a root of its own is a rule as well; it may be named as seen from here.
cd "$tmp" || exit 1
expect_status 0 "$INBYE" run --cwd work --sandbox untrusted --sandbox "$unlimited" -- pwd
expect_out "$tmp/work"
expect_status 0 "$INBYE" run --cwd work --hide /opt -- pwd
expect_out "$tmp/work"
cd work || exit 1
expect_status 0 "$INBYE" run --cwd ../outside --sandbox untrusted --sandbox "$unlimited" -- pwd
expect_out "$tmp/outside"
cd "$OLDPWD" || exit 1
expect_status 125 "$INBYE" run --cwd link --sandbox untrusted --sandbox "$unlimited" -- true
match_err "cannot change to the directory 'link'.*follows no symlink"
expect_status 125 "$INBYE" run --cwd work/../outside --sandbox untrusted --sandbox "$unlimited" -- true
match_err "cannot change to the directory 'work/../outside'"
# A signal to its own process group does not go to one outside.
expect_status 0 "$INBYE" run --cwd work --sandbox untrusted --sandbox "$unlimited" -- cut -d ' ' -f 5 /proc/self/stat
match_out '^[1-9]'
ln -s outside "$tmp/loop-b" && expect_status 0 "$INBYE" run --bind "$tmp/loop-b:$tmp/work" -- cat "$tmp/work/secret"

# Filters from files.
printf '\006\000\000\000\000\000\377\177' >"$tmp/allow.bpf"
expect_status 0 "$INBYE" run --seccomp "$tmp/allow.bpf" -- grep ^Seccomp: /proc/self/status
match_out '^Seccomp:[[:space:]]*2$'
printf 'short' >"$tmp/short.bpf"
expect_status 125 "$INBYE" run --seccomp "$tmp/short.bpf" -- true
match_err 'is no filter'
printf '\377\000\000\000\000\000\377\177' >"$tmp/bad.bpf"
expect_status 125 "$INBYE" run --seccomp "$tmp/bad.bpf" -- true
match_err 'cannot load the filter.*classic BPF'


# The same in JSON: what Docker and Podman ship, and what is wrong said with its place.
if printf '{"defaultAction":"SCMP_ACT_ALLOW"}' >"$tmp/all.json" && "$INBYE" run --seccomp "$tmp/all.json" -- true 2>"$err"; then
        for program in docker podman; do
                expect_status 0 "$INBYE" run --seccomp "$INBYE_SOURCE/tests/unit/seccomp/$program.json" -- \
                        sh -c 'ls / >/dev/null && python3 -c "import threading; threading.Thread(target=print, args=[1]).start()"'
                expect_out 1
        done
        # What depends on capabilities goes by those of the command.
        expect_status 1 "$INBYE" run --no-capabilities --seccomp "$INBYE_SOURCE/tests/unit/seccomp/docker.json" -- "$escape" unshare
        printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat","no_such"],
                "action":"SCMP_ACT_ERRNO","errno":"ENOSPC"}]}' >"$tmp/mkdir.json"
        expect_status 1 "$INBYE" run --seccomp "$tmp/mkdir.json" -- mkdir "$tmp/never"
        match_err 'No space left'
        # refused JSON PATTERN
        refused() {
                printf '%s' "$1" >"$tmp/wrong.json"
                expect_status 125 "$INBYE" run --seccomp "$tmp/wrong.json" -- true
                match_err "$2"
        }
        refused '{"defaultAction":"SCMP_ACT_ALOW"}' "wrong.json:1:18: there is no action 'SCMP_ACT_ALOW'.*did you mean 'SCMP_ACT_ALLOW'"
        refused '{"defaultAction":"SCMP_ACT_NOTIFY"}' 'nobody here would answer'
        refused '{"defaultAction":"SCMP_ACT_ALLOW", "sycalls":[]}' "1:36: there is no key 'sycalls'.*did you mean 'syscalls'"
        refused '{"defaultAction":"SCMP_ACT_ALLOW",}' '1:35: a key in quotes is expected'
        refused '{}' '1:1: a filter needs a "defaultAction"'
        refused '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOSYSS"}' "there is no error 'ENOSYSS'.*did you mean 'ENOSYS'"
        refused '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":5000}' 'a whole number from 0 to 4095'
        refused '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_46"]}' "no architecture.*did you mean"
        refused '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOGS"]}' "no flag.*did you mean"
        refused '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"]}]}' '1:47: a rule needs an "action"'
        refused '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_KILL"}]}' 'a rule needs "names"'
        refused '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}}' '1:46: an array is expected here, not an object'
        rule='{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL",'
        refused "$rule"'"args":[{"index":0,"value":1,"op":"SCMP_CMP_QE"}]}]}' "no comparison 'SCMP_CMP_QE'.*did you mean"
        refused "$rule"'"args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}]}]}' '"index" is a whole number from 0 to 5'
        refused "$rule"'"args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]}]}' '"value" is a whole number'
        refused "$rule"'"args":[{"index":0,"value":1}]}]}' 'needs "index" and "op"'
        refused "$rule"'"includes":{"caps":["CAP_SYS_ADMN"]}}]}' "no capability 'CAP_SYS_ADMN'.*did you mean 'CAP_SYS_ADMIN'"
        refused "$rule"'"includes":{"minKernel":"four"}}]}' "'four' is no version"
        # In words.
        expect_status 1 "$INBYE" run --system-calls '~mkdir mkdirat:ENOSPC mkdir:ENOSPC' -- mkdir "$tmp/never"
        match_err 'No space left'
        expect_status 0 "$INBYE" run --system-calls '@system-service' -- python3 -c 'print(1)'
        expect_status 1 "$INBYE" run --system-calls '@system-service' --system-calls '~@keyring' -- "$escape" keyring
        expect_status 125 "$INBYE" run --system-calls '~@monut' -- true
        match_err "no group of system calls '@monut'.*did you mean '@mount'"
        printf '{"argv":["mkdir","%s"],"system_calls":["@system-service","~mkdir mkdirat"]}\n' "$tmp/never" >"$tmp/jobs"
        expect_status 1 "$INBYE" batch -j1 "$tmp/jobs"
        match_err 'Operation not permitted'
else
        check "without libseccomp JSON is refused" grep -q 'built without libseccomp' "$err"
fi

# Wrong use is refused, with a cure.
expect_status 125 "$INBYE" run --sandbox biuld -- true
match_err "no sandbox profile 'biuld'.*did you mean 'build'"
expect_status 125 "$INBYE" run --sandbox untrusted --mechanism pgroup -- true
match_err 'needs mechanism cgroup\+pidns or pidns'
expect_status 125 "$INBYE" run --cwd /usr --sandbox untrusted --sandbox "$unlimited" -- true
match_err "belongs to the system.*--cwd DIR"
expect_status 125 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted -- true
match_err 'requires limits that were not said: memory tasks timeout; as in --limit memory=512M'
expect_status 125 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --limit tasks=infinity --timeout 1m -- true
match_err 'requires limits that were not said: memory;'
(cd "$tmp" && exec "$INBYE" run --cwd work --sandbox untrusted --limit memory=infinity,tasks=infinity --timeout 1m -- pwd) >"$out" 2>"$err"
check "limits that are waived are not missed" [ $? -eq 0 ]
expect_out "$tmp/work"
expect_status 125 "$INBYE" batch --sandbox untrusted --timeout 1m -- echo ::: a b
match_err '^inbye: the sandbox requires limits.*memory tasks;'
printf '%s\n' '["true"]' >"$tmp/jobs"
expect_status 125 "$INBYE" batch --sandbox untrusted --timeout 1m "$tmp/jobs"
match_err '^inbye: .*/jobs:1:1: the sandbox requires limits.*memory tasks;'
printf '%s\n' '{"argv":["pwd"],"limits":{"memory":"infinity","tasks":"infinity"}}' >"$tmp/jobs"
expect_status 0 "$INBYE" batch --sandbox untrusted --timeout 1m --cwd "$tmp/work" "$tmp/jobs"
expect_status 125 "$INBYE" run --read-only /no/such -- true
match_err "cannot find '/no/such'"
for rule in --read-write=/ --hide=/ --bind=/usr:/ '--sandbox=untrusted --read-only=/'; do
        # shellcheck disable=SC2086
        expect_status 125 "$INBYE" run --cwd "$tmp/work" --sandbox "$unlimited" $rule -- true
        match_err "the root directory '/' can be made read-only"
done
expect_status 125 "$INBYE" run --bind /etc -- true
match_err 'is not SOURCE:TARGET'

# What profiles leave in peace.
expect_status 0 "$INBYE" run --sandbox none -- true
expect_status 0 "$INBYE" run --sandbox measure -- "$escape" write "$tmp/outside/measured"
cat >"$tmp/work/Makefile" <<'MAKE'
all: one two
one two: %: %.c
	cc -pthread -o $@ $<
	./$@
MAKE
for program in one two; do
        printf '#include <pthread.h>\n#include <stdio.h>\nstatic void *f(void *p) { return p; }\nint main(void) { pthread_t t; pthread_create(&t, 0, f, 0); pthread_join(t, 0); return puts("%s") < 0; }\n' \
                "$program" >"$tmp/work/$program.c"
done
for profile in build untrusted; do
        for user in $users; do
                rm -rf "$tmp/work/one" "$tmp/work/two" "$tmp/work/repository"
                expect_status 0 as "$user" "$INBYE" run --cwd "$tmp/work" --sandbox "$profile" --sandbox "$unlimited" -- make -s -j2
                match_out '^one$'
                match_out '^two$'
                expect_status 0 as "$user" "$INBYE" run --cwd "$tmp/work" --sandbox "$profile" --sandbox "$unlimited" -- /usr/bin/python3 -c '
import concurrent.futures, multiprocessing, subprocess, tempfile
with tempfile.TemporaryFile() as f, concurrent.futures.ThreadPoolExecutor(2) as pool:
    f.write(b"x")
    print(sum(pool.map(abs, range(10))), subprocess.check_output(["echo", "hi"]), multiprocessing.Lock() and "lock")'
                expect_out "45 b'hi\\n' lock"
                if command -v git >/dev/null; then
                        expect_status 0 as "$user" "$INBYE" run --cwd "$tmp/work" -e HOME="$tmp/work" --sandbox "$profile" --sandbox "$unlimited" -- sh -ec '
                                git init -q repository && cd repository
                                echo a >a && git add a
                                git -c user.name=n -c user.email=e commit -qm first && git log --oneline'
                        match_out first
                fi
        done
done

# Jobs of a batch.
printf '%s\n' '{"argv":["'"$escape"'","tiocsti"],"sandbox":"build"}' '{"argv":["'"$escape"'","tiocsti"]}' >"$tmp/jobs"
expect_status 1 "$INBYE" batch -j1 --results - "$tmp/jobs"
expect_status 125 "$INBYE" batch --sandbox build -j1 "$tmp/jobs"
match_err 'the batch has a sandbox'

exec 8>&-
wait "$listener"
finish
