# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# inbye as somebody's meson subproject: found by its dependency name, built with nothing but the library in it.
. "$INBYE_SOURCE/tests/cli/lib.sh"
unset LD_LIBRARY_PATH # names the build directory

host=$tmp/host
mkdir -p "$host/subprojects/inbye"
cp -R "$INBYE_SOURCE/meson.build" "$INBYE_SOURCE/meson_options.txt" "$INBYE_SOURCE/include" "$INBYE_SOURCE/src" \
        "$INBYE_SOURCE/man" "$INBYE_SOURCE/tests" "$host/subprojects/inbye/"
cat >"$host/meson.build" <<'EOF'
project('host', 'c', meson_version: '>= 1.0.1')
executable('host', 'host.c', dependencies: dependency('inbye', fallback: 'inbye'))
EOF
cat >"$host/host.c" <<'EOF'
#include <inbye/inbye.h>
int main(void)
{
        static const char *const argv[] = { "true", 0 };
        struct inbye_command *command;
        int code;

        if (inbye_command_open(argv, &command) < 0)
                return 1;
        code = inbye_run_code(command, 0, 0);
        inbye_command_unref(command);
        return code;
}
EOF
# Not the one that may be installed on this machine.
expect_status 0 meson setup --wrap-mode=forcefallback "$tmp/build" "$host"
match_out 'Executing subproject inbye'
expect_status 0 ninja -C "$tmp/build" host
expect_status 0 "$tmp/build/host"
check "its tests are not built" test ! -d "$tmp/build/subprojects/inbye/tests/unit"
finish
