# SPDX-License-Identifier: MIT
# More ways out, as root, as root of a user namespace, as the user that root starts a command for, and as nobody:
# to the holder, the cgroup, other networks and namespaces, and what processes share. Each works without a sandbox
# where the kernel lets that user, and with profile untrusted none does.
. "$(dirname "$0")/lib.sh"

escape=$tmp/escape
cp "$INBYE_HELPERS/escape" "$escape"
chmod 755 "$tmp" "$escape"
mkdir "$tmp/work" "$tmp/outside"
chmod 777 "$tmp/work" "$tmp/outside"
echo secret >"$tmp/outside/secret"
chmod 666 "$tmp/outside/secret"
cp "$escape" "$tmp/work/escape"
# The limits that untrusted requires cannot be had on every host: they are waived, in words.
unlimited=$tmp/unlimited.ini
printf '%s\n' '[Sandbox]' MemoryMax=infinity TasksMax=infinity RuntimeMaxSec=infinity >"$unlimited"
chmod 644 "$unlimited"
# Nobody's profile is believed by nobody else: root of nobody's user namespace has its own.
cp "$unlimited" "$tmp/unlimited.userns"
chown 65534 "$tmp/unlimited.userns" 2>/dev/null

# as USER COMMAND...; `another` is root that starts for somebody else.
as() {
        user_=$1
        shift
        case $user_ in
        root | another | self) "$@" ;;
        self-userns) unshare -Ur "$@" ;;
        userns) setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur "$@" ;;
        *) setpriv --reuid 65534 --regid 65534 --clear-groups "$@" ;;
        esac
}

# run USER OPTION...
run() {
        other=
        [ "$1" != another ] || other=--user=65534
        starter=$1
        shift
        # shellcheck disable=SC2086
        as "$starter" "$INBYE" run --cwd "$tmp/work" $other "$@"
}

# untrusted USER ATTEMPT ARGUMENT
untrusted() {
        waived=$unlimited
        [ "$1" != userns ] || waived=$tmp/unlimited.userns
        run "$1" --sandbox untrusted --sandbox "$waived" -- ./escape "$2" "$3"
}

n_shown=0
# try USER ATTEMPT ARGUMENT
try() {
        if run "$1" --mechanism reaper -- "$escape" "$2" "$3" >/dev/null 2>&1; then
                n_shown=$((n_shown + 1))
        fi
        untrusted "$1" "$2" "$3" >"$out" 2>"$err"
        got=$?
        if [ $got -eq 1 ] && [ -s "$out" ] && ! grep -Evq "^inbye: (denied by|not known to) " "$err"; then
                ok "untrusted stops $2 $3 of $1"
        else
                not_ok "untrusted does not stop $2 $3 of $1: status $got"
                show_streams
        fi
}

users=self
[ "$(id -u)" -ne 0 ] || users="root another nobody"
for user in userns self-userns; do
        ! as "$user" true 2>/dev/null || users="$users $user"
done
key=$(($$ + 100000))
"$escape" make-shm $key
name=inbye-test-$$
echo secret >"/dev/shm/$name"
chmod 644 "/dev/shm/$name"
for user in $users; do
        # Sockets: packet, alg, vsock, bluetooth, key, xdp.
        for attempt in "route 192.0.2.1" "socket 17" "socket 38" "socket 40" "socket 31" "socket 15" "socket 44" \
                setns getfd timens chroot pivot "handle $tmp/outside" "handle /" "handle ." hostname rlimit "shm $key" \
                "read /dev/shm/$name" "link $tmp/outside/secret" "link /etc/passwd" "holder exe" "holder root" "holder cwd" \
                "holder fd/0" "holder mem" "holder environ" "holder ns/mnt" walk-out \
                "read /proc/kcore" "read $tmp/work/../outside/secret" \
                "read /proc/self/root$tmp/outside/secret" "read /proc/self/cwd/../outside/secret"; do
                try "$user" "${attempt%% *}" "${attempt#* }"
        done
        # These would do harm outside: the other suite shows that their like works there.
        for path in /proc/sysrq-trigger /proc/sys/kernel/hostname /proc/1/oom_score_adj /etc/passwd /etc/new /usr/bin/true \
                /usr/new /dev/new /new /proc/new; do
                expect_status 1 untrusted "$user" write "$path"
        done
        # What netlink tells is of its own network.
        run "$user" --sandbox untrusted --sandbox "$waived" -- sed -n 's/^ *\(.*\):.*/\1/p' /proc/net/dev >"$out" 2>"$err"
        expect_out lo
        # A log that was opened to append to stays that, whatever /proc/self/fd offers.
        echo first >"$tmp/outside/log"
        chmod 666 "$tmp/outside/log"
        untrusted "$user" reopen 2 >"$out" 2>>"$tmp/outside/log"
        check "untrusted of $user does not open a log again" [ $? -eq 1 ]
        check "nothing of the log of $user is lost" grep -q first "$tmp/outside/log"
done
"$escape" remove-shm $key
rm "/dev/shm/$name"
check "most of the attempts work without a sandbox" [ "$n_shown" -ge 15 ]
finish
