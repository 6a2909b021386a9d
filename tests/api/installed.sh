# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# An installed inbye: the files are where they belong, pkg-config knows it, and the examples (a project of their own)
# build and run against it.
. "$INBYE_SOURCE/tests/cli/lib.sh"
unset LD_LIBRARY_PATH # names the build directory

stage=$tmp/stage
expect_status 0 meson install -C "$INBYE_BUILD" --no-rebuild --destdir "$stage"

# Where the prefix of this build is, as staged.
pc=$(find "$stage" -name inbye.pc)
check "one inbye.pc" test -f "$pc"
prefix=$(sed -n 's/^prefix=//p' "$pc")
root=$stage$prefix
libdir=$(dirname "$(dirname "$pc")")

for header in "$INBYE_SOURCE"/include/inbye/*.h; do
        check "header $(basename "$header")" cmp -s "$header" "$root/include/inbye/$(basename "$header")"
done
check "the command" test -x "$root/bin/inbye"
check "the shared library" test -e "$libdir/libinbye.so.0"
check "the static library" test -f "$libdir/libinbye.a"

export PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage"
expect_status 0 pkg-config --exists --print-errors 'inbye >= 0.1'
expect_status 0 pkg-config --cflags --libs inbye
match_out '-linbye'
expect_status 0 pkg-config --libs --static inbye
match_out 'pthread'

# The installed command runs, with its own libraries alone.
expect_status 0 env LD_LIBRARY_PATH="$libdir" "$root/bin/inbye" run -- echo installed
expect_out installed

# A program in two lines, linked statically with the library's own archive.
cat >"$tmp/version.c" <<'EOF'
#include <inbye/inbye.h>
#include <stdio.h>
int main(void) { return puts(inbye_version()) < 0; }
EOF
# shellcheck disable=SC2046
expect_status 0 cc -o "$tmp/version" "$tmp/version.c" $(pkg-config --cflags inbye) -Wl,-Bstatic -L"$libdir" -linbye \
        -Wl,-Bdynamic $(pkg-config --libs --static inbye | sed 's/-linbye//')
expect_status 0 "$tmp/version"
expect_out "$(pkg-config --modversion inbye)"

examples=$INBYE_SOURCE/subprojects/examples
expect_status 0 meson setup "$tmp/examples" "$examples"
expect_status 0 meson compile -C "$tmp/examples"
for source in "$examples"/*.c; do
        example=$(basename "$source" .c)
        expect_status 0 env LD_LIBRARY_PATH="$libdir" "$tmp/examples/$example"
done
finish
