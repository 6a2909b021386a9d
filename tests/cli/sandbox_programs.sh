# SPDX-License-Identifier: MIT
# Real programs are not hindered: command lines of every day in profile build, compilers and test runners in untrusted
# with a working directory of their own; as root and as nobody. The argument is the profile. What is not here is not tried, but for what ./dev setup
# brings.
. "$(dirname "$0")/lib.sh"

chmod 755 "$tmp"
mkdir "$tmp/work"
chmod 777 "$tmp/work"
# The limits that untrusted requires cannot be had on every host: they are waived, in words.
unlimited=$tmp/unlimited.ini
printf '%s\n' '[Sandbox]' MemoryMax=infinity TasksMax=infinity RuntimeMaxSec=infinity >"$unlimited"
chmod 644 "$unlimited"
users=self
[ "$(id -u)" -ne 0 ] || users="root nobody"

# as USER COMMAND...
as() {
        user_=$1
        shift
        case $user_ in
        root | self) "$@" ;;
        *) setpriv --reuid 65534 --regid 65534 --clear-groups "$@" ;;
        esac
}

profile=$1
# unhindered SCRIPT: it ends well, and for the first user what it prints is the same as without.
unhindered() {
        for user in $users; do
                for where in none "$profile"; do
                        [ "$where" != none ] || [ "$user" = "${users%% *}" ] || continue
                        rm -rf "$tmp/work"
                        mkdir "$tmp/work"
                        chmod 777 "$tmp/work"
                        as "$user" "$INBYE" run --cwd "$tmp/work" -e HOME="$tmp/work" --sandbox "$where" --sandbox "$unlimited" -- \
                                sh -ec "$1" >"$tmp/printed.$where" 2>"$tmp/err.$where"
                        status=$?
                        if [ $status -eq 0 ]; then
                                ok "$user in $where: $1"
                        else
                                not_ok "$user in $where: status $status: $1"
                                head -c 2000 "$tmp/err.$where"
                        fi
                done
                check "$user: $profile prints what none does" cmp "$tmp/printed.none" "$tmp/printed.$profile"
        done
}

# A small tree with a library, programs and tests of its own.
tree='mkdir -p src t
for i in 1 2 3 4 5 6 7 8; do
        echo "int part_$i(void) { return $i; }" >src/part_$i.c
done
cat >src/main.c <<C
#include <math.h>
#include <pthread.h>
#include <stdio.h>
int part_1(void);
int part_8(void);
static void *work(void *p) { return p; }
int main(void)
{
        pthread_t t;
        if (pthread_create(&t, 0, work, 0) != 0 || pthread_join(t, 0) != 0)
                return 1;
        return printf("%d %.1f\n", part_1() + part_8(), sqrt(16)) < 0;
}
C
cat >Makefile <<M
OBJECTS = \$(patsubst src/%.c,%.o,\$(wildcard src/part_*.c))
all: main
	@./main
%.o: src/%.c
	@cc -O1 -g -c -o \$@ \$<
libparts.a: \$(OBJECTS)
	@ar rcs \$@ \$^
main: src/main.c libparts.a
	@cc -pthread -o \$@ \$^ -lm
M
'
unhindered "$tree make -j4 2>&1; strip main; ./main; ldd ./main | grep -c libc"
unhindered 'printf "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(1, 1)\n" >test_it.py
/usr/bin/python3 -m unittest 2>&1 | sed "s/ in .*//"'
unhindered '/usr/bin/python3 -c "
import concurrent.futures, multiprocessing, os, socket, sqlite3, subprocess, tempfile, threading
if __name__ == \"__main__\":
    with tempfile.TemporaryDirectory() as d, concurrent.futures.ThreadPoolExecutor(3) as pool:
        open(d + \"/x\", \"w\").write(\"y\")
        print(sum(pool.map(abs, range(10))), os.listdir(d))
    with multiprocessing.get_context(\"fork\").Pool(2) as pool:
        print(pool.map(abs, [-1, 2]))
    server = socket.create_server((\"127.0.0.1\", 0))
    client = socket.create_connection(server.getsockname())
    print(server.accept()[0].send(b\"x\"), client.recv(1), subprocess.check_output([\"echo\", \"hi\"]))
"'
unhindered 'mkdir t; printf "print \"1..2\\nok 1\\nok 2\\n\";\n" >t/a.t; prove -j2 t 2>&1 | sed "s/ wallclock.*//; s/=.*//"'
unhindered 'git init -q repository && cd repository && echo a >a && git add a
git -c user.name=n -c user.email=e@e commit -q -m first
git branch other && git checkout -q other && echo b >b && git add b
git -c user.name=n -c user.email=e@e commit -q -m second && git checkout -q - && git merge -q other
git log --format=%s; git clone -q . ../copy; git -C ../copy log --format=%s; git gc -q; git status --short; git fsck'
unhindered 'sqlite3 db "create table t (a integer primary key, b text); pragma journal_mode=wal;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) insert into t select i, hex(i) from n;
select count(*), sum(a), max(b) from t;"'
unhindered 'seq 1 20000 | shuf --random-source=/dev/zero >a; sort -n --parallel=2 -S 1M a | sha256sum; split -n 4 a part.; cat part.* | md5sum
cp -a a b; ln b c; ln -s b d; mv c e; install -m 640 a f; stat -c %a f; touch -d 2001-01-01 g; date -r g +%Y; du -a | wc -l
mkfifo p; (echo through >p &) ; cat p; truncate -s 1M s; dd if=/dev/zero of=z bs=1k count=8 2>/dev/null; wc -c <z; df . >/dev/null
env -i A=b printenv A; nice -n 1 echo nice; timeout 5 true; nohup true 2>/dev/null; tee t <a | tail -n1; tac a | head -n1; id -u >id; nproc >/dev/null
chmod 700 t; ls -l t | cut -c1-10; rm -r part.*; find . -name "z*" -size +1k; xargs -n 100 -P 2 true <a; realpath a | grep -c /a; mktemp -u | wc -l; tar cf - a b | tar tf -'
unhindered '/usr/bin/perl -e "print 6*7, qq(\n); system(q(echo sub))"; bash -c "echo {1..3} <(true)" | sed "s/fd.*//"; awk "BEGIN { print 1; system(\"echo 2\") }"'
if [ -x /usr/bin/node ]; then
        unhindered '/usr/bin/node -e "
const { Worker, isMainThread } = require(\"worker_threads\"); const fs = require(\"fs\"); const net = require(\"net\");
fs.writeFileSync(\"x\", \"y\"); console.log(fs.readFileSync(\"x\", \"utf8\"));
console.log(require(\"child_process\").execFileSync(\"echo\", [\"child\"]).toString());
new Worker(\"console.log(1)\", { eval: true }).on(\"exit\", () => { const s = net.createServer(c => c.end(\"bye\")).listen(0, \"127.0.0.1\", () => {
net.connect(s.address().port, \"127.0.0.1\").on(\"data\", d => { console.log(d.toString()); s.close(); }); }); });
"'
fi
# Programs that are not below /usr are out of sight in untrusted, unless they are said.
cargo=$(command -v cargo 2>/dev/null)
if [ "$profile" = build ] && [ -n "$cargo" ] && cargo --version >/dev/null 2>&1; then
        expect_status 0 "$INBYE" run --cwd "$tmp/work" --sandbox build -- cargo --version
        expect_status 0 "$INBYE" run --cwd "$tmp/work" -e CARGO_TARGET_DIR="$tmp/work/target" --sandbox build -- \
                sh -ec 'rm -rf hello && cargo new -q --vcs none hello && cd hello && cargo run -q --offline'
        expect_out 'Hello, world!'
fi
mkdir -p "$tmp/tools" && printf '#!/bin/sh\necho here\n' >"$tmp/tools/tool" && chmod 755 "$tmp/tools" "$tmp/tools/tool"
expect_status 127 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" -- "$tmp/tools/tool"
expect_status 0 "$INBYE" run --cwd "$tmp/work" --sandbox untrusted --sandbox "$unlimited" --read-only "$tmp/tools" -- "$tmp/tools/tool"
expect_out here
finish
