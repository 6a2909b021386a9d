# SPDX-License-Identifier: MIT
# Directories on the way to what rules and working directories name are swapped for symlinks, before a start and while
# a thousand of them go on: what gets into the sandbox is what was named, or nothing starts.
. "$(dirname "$0")/lib.sh"

users=self
[ "$(id -u)" -ne 0 ] || users="root nobody"
chmod 755 "$tmp"
mkdir "$tmp/outside" "$tmp/there"
work=$tmp/work
# The limits that untrusted requires cannot be had on every host: they are waived, in words.
unlimited=$tmp/unlimited.ini
printf '%s\n' '[Sandbox]' MemoryMax=infinity TasksMax=infinity RuntimeMaxSec=infinity >"$unlimited"
outside=$tmp/outside

# as USER COMMAND...
as() {
        user_=$1
        shift
        case $user_ in
        root | self) "$@" ;;
        *) setpriv --reuid 65534 --regid 65534 --clear-groups "$@" ;;
        esac
}

# prepare USER: what is named, and what is not, with the same names in both.
prepare() {
        rm -rf "$work"
        mkdir -m 777 "$work"
        mkdir -p "$outside/sub"
        chmod 777 "$outside" "$outside/sub"
        echo secret >"$outside/sub/secret"
        as "$1" mkdir -p "$work/a/sub"
        as "$1" sh -c 'echo inside >"$1"' - "$work/a/sub/secret"
        mkfifo -m 666 "$work/started" "$work/go"
}

# Whatever is in there beyond what prepare() made.
strays_outside() {
        find "$outside" -mindepth 1 ! -path "$outside/sub" ! -path "$outside/sub/secret"
}

# The first job lets the neighbour act once all rules were said, and waits until that is done.
first='{"argv":["sh","-c","echo >started; cat go"],"cwd":"'$work'"}'
# neighbour LINK: swaps `a` for a symlink.
neighbour() {
        timeout 5 cat "$work/started" >/dev/null
        mv "$work/a" "$work/moved"
        ln -s "$1" "$work/a"
        timeout 5 sh -c 'echo >"$1"' - "$work/go"
}

# swapped USER LINK SECOND-JOB OPTION...: the second job is refused, and nothing came of it outside.
swapped() {
        user=$1 link=$2
        prepare "$user"
        printf '%s\n' "$first" "$3" >"$tmp/jobs"
        shift 3
        neighbour "$link" &
        as "$user" timeout 20 "$INBYE" batch -j1 "$@" "$tmp/jobs" >"$out" 2>"$err"
        wait $!
        match_err "job 2: spawn_error.*'[^']*$work/a/.*symlink"
        check "$user: $* with $link: nothing of outside is seen" sh -c '! grep -q ^secret "$1"' - "$out"
        check "$user: $* with $link: nothing is made outside" [ -z "$(strays_outside)" ]
        rm -rf "$outside"
        mkdir "$outside"
}

tries='["sh","-c","cat '$work'/a/sub/secret sub/secret ./secret; for i in '$work'/a/sub . sub; do >$i/made; done"]'
in_work="{\"argv\":$tries,\"cwd\":\"$work\"}"
in_sub="{\"argv\":$tries,\"cwd\":\"$work/a/sub\"}"
for user in $users; do
        for link in "$outside" ../outside "/.inbye-host$outside"; do
                for rule in read-write read-only hide; do
                        swapped "$user" "$link" "$in_work" --sandbox untrusted --sandbox "$unlimited" "--$rule" "$work/a/sub"
                done
                swapped "$user" "$link" "$in_work" --sandbox untrusted --sandbox "$unlimited" --bind "/usr:$work/a/place"
                swapped "$user" "$link" "$in_work" --sandbox untrusted --sandbox "$unlimited" --bind "/etc/passwd:$work/a/place"
                # A job's own rules and its working directory.
                own='{"argv":["true"],"cwd":"'$work'","sandbox":["untrusted","'$unlimited'"],"read_write":"'$work/a/sub'"}'
                swapped "$user" "$link" "$own" --mechanism cgroup+pidns,pidns
                swapped "$user" "$link" "$in_sub" --sandbox untrusted --sandbox "$unlimited" --read-write "$work"
        done
        # Where the root directory is that of the host.
        for rule in read-write read-only hide landlock-rw; do
                swapped "$user" "$outside" "$tries" "--$rule" "$work/a/sub" --landlock-rw "$work"
        done
        swapped "$user" "$outside" "$tries" --bind "$work/a/sub:$tmp/there"
done

# swapper FIFO: goes on until that ends.
swapper() {
        timeout 5 cat "$work/started" >/dev/null
        timeout 5 sh -c 'echo >"$1"' - "$work/go"
        exec "$INBYE_HELPERS/escape" swap "$work/a:$work/link" <"$1"
}

# race USER STARTS JOB OPTION...: a neighbour swaps all the time.
race() {
        user=$1 n=$2
        prepare "$user"
        ln -s "$outside" "$work/link"
        printf '%s\n' "$3" "$first" >"$tmp/jobs" # one is started before anything is swapped
        yes "$3" | head -n "$n" >>"$tmp/jobs"
        shift 3
        mkfifo "$tmp/swap"
        swapper "$tmp/swap" &
        swapper=$!
        exec 9<>"$tmp/swap"
        as "$user" timeout 60 "$INBYE" batch -j2 "$@" "$tmp/jobs" >"$out" 2>"$err"
        exec 9>&-
        check "$user: $*: the neighbour swapped to the end" wait $swapper
        rm "$tmp/swap"
        check "$user: $*: in $n starts some see what was named" grep -q '^inside$' "$out"
        check "$user: $*: in $n starts some are refused" grep -q 'symlink' "$err"
        check "$user: $*: in $n starts none sees anything else" sh -c '! grep -v "^inside$" "$1" | grep .' - "$out"
        check "$user: $*: in $n starts none makes anything outside" [ -z "$(strays_outside)" ]
        rm -rf "$outside"
        mkdir "$outside"
}
for user in $users; do
        job='{"argv":["sh","-c","cat '$tmp'/there/secret; echo >'$tmp'/there/made; true"]}'
        race "$user" 300 "$job" --read-write "$work" --bind "$work/a/sub:$tmp/there"
        race "$user" 150 '{"argv":["sh","-c","cat secret; echo >made"],"cwd":"'$work/a/sub'"}' --sandbox untrusted --sandbox "$unlimited"
        job='{"argv":["sh","-c","cat '$work/a/sub/secret'; echo >'$work/a/sub/made'"],"cwd":"'$tmp/there'"}'
        race "$user" 150 "$job" --sandbox untrusted --sandbox "$unlimited" --read-write "$work/a/sub" --bind "/usr:$work/a/place"
done
finish
