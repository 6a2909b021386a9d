/* SPDX-License-Identifier: MIT */
/* The parts that read the lines of /proc, whose odd cases no test can arrange on a running host: so the file
 * itself is compiled in, with its static functions. */
#include "sys/proc_cgroup.c"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(mountinfo, a_line_has_optional_fields_and_escapes)
{
        char line[] = "36 35 0:33 /a\\040b /mnt\\011x\\134y rw,noatime master:1 shared:2 - cgroup2 none "
                      "rw,nsdelegate";
        struct mount m = { 0 };

        cr_assert(mount_parse(line, &m));
        cr_assert(eq(str, m.root, "/a b"));
        cr_assert(eq(str, m.point, "/mnt\tx\\y"));
        cr_assert(eq(str, m.kind, "cgroup2"));
        cr_assert(eq(str, m.options, "rw,nsdelegate"));
}

Test(mountinfo, an_empty_source_is_a_field_too)
{
        char line[] = "36 35 0:33 / /mnt rw - cgroup  rw,cpu,cpuacct";
        struct mount m = { 0 };

        cr_assert(mount_parse(line, &m));
        cr_assert(eq(str, m.kind, "cgroup"));
        cr_assert(eq(str, m.options, "rw,cpu,cpuacct"));
}

Test(mountinfo, a_broken_line_is_none)
{
        char no_dash[] = "36 35 0:33 / /mnt rw", short_end[] = "36 35 0:33 / /mnt rw - cgroup2",
             short_start[] = "36 35 - cgroup2 none rw", empty[] = "";
        struct mount m;

        cr_assert(not(mount_parse(no_dash, &m)));
        cr_assert(not(mount_parse(short_end, &m)));
        cr_assert(not(mount_parse(short_start, &m)));
        cr_assert(not(mount_parse(empty, &m)));
}

Test(mountinfo, an_escape_that_is_none_stays)
{
        char text[] = "a\\9b\\04\\040\\";

        unescape(text);
        cr_assert(eq(str, text, "a\\9b\\04 \\"));
}

static void check_path(const char *content, const char *controller, const char *expected)
{
        scoped(buf_deinit) struct buf b = BUF_INIT;
        const char *path;

        cr_assert(zero(int, buf_append_str(&b, content)));
        path = path_find(&b, controller);
        if (!expected) {
                cr_assert(zero(ptr, (void *)path));
                return;
        }
        cr_assert(ne(ptr, (void *)path, NULL));
        cr_assert(eq(str, (char *)path, (char *)expected));
}

Test(cgroup_file, finds_the_line_of_each_hierarchy)
{
        static const char hybrid[] = "12:cpu,cpuacct:/v1\n3:name=systemd:/sys\n0::/a:b/c\n";

        check_path(hybrid, NULL, "/a:b/c");
        check_path(hybrid, "cpu", "/v1");
        check_path(hybrid, "cpuacct", "/v1");
        check_path(hybrid, "name=systemd", "/sys");
        check_path(hybrid, "cpus", NULL);
        check_path("4:pids:/x\n", NULL, NULL);
        check_path("", NULL, NULL);
        check_path("garbage\n0::/\n", NULL, "/");
        check_path("0::/gone (deleted)", NULL, "/gone (deleted)");
}
