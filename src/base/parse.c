/* SPDX-License-Identifier: MIT */
/*
 * Numbers, durations and sizes that people write. Strict on purpose: a timeout of "10 m" that is read as 10
 * seconds, or a limit of "1e9K" read as 1, does harm without a word.
 *
 * strtod(3) and strtoull(3) were rejected: they take leading white space, signs, hexadecimal and, by the
 * host's locale, another decimal point; a double cannot hold every nanosecond either. Fractions are worked
 * out digit by digit in integers, exactly, and rounded up, so that no positive time or size becomes 0, which
 * would mean something else.
 */
#include "base/parse.h"
#include "base/str.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text)
{
        size_t n = 0;

        while (is_digit(text[n]))
                n++;
        return n;
}

/* The value of n digits; false: it does not fit. */
static bool digits_value(const char *digits, size_t n, uint64_t *ret)
{
        uint64_t value = 0;

        for (size_t i = 0; i < n; i++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                        __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value))
                        return false;
        *ret = value;
        return true;
}

int parse_unsigned(const char *text, uint64_t max, uint64_t *ret)
{
        size_t n = count_digits(text);
        uint64_t value;

        if (n == 0 || text[n])
                return -EINVAL;
        if (!digits_value(text, n, &value) || value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_int(const char *text, int min, int max, int *ret)
{
        bool negative = *text == '-';
        uint64_t magnitude;
        int64_t value;
        int r;

        r = parse_unsigned(text + negative, UINT64_C(1) << 31, &magnitude);
        if (r < 0)
                return r;
        value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
        if (value < min || value > max)
                return -ERANGE;
        *ret = (int)value;
        return 0;
}

/* "12.345": digits, and digits behind a point. */
struct decimal {
        const char *whole, *fraction;
        size_t n_whole, n_fraction;
};

/* @return bytes taken; 0: no decimal stands there. */
static size_t decimal_read(const char *text, struct decimal *ret)
{
        struct decimal d = { .whole = text, .n_whole = count_digits(text) };
        const char *end = text + d.n_whole;

        if (*end == '.') {
                d.fraction = end + 1;
                d.n_fraction = count_digits(d.fraction);
                if (d.n_fraction == 0)
                        return 0;
                end = d.fraction + d.n_fraction;
        }
        if (end == text)
                return 0;
        *ret = d;
        return (size_t)(end - text);
}

/*
 * decimal × unit, a part of one rounded up; UINT64_MAX: out of range. The fraction is summed from its last
 * digit on, (digit × unit + sum) / 10: flooring at each step gives the floor of the whole, and any remainder
 * says that there is something to round up. unit is below 2^59.
 */
static uint64_t decimal_scale(const struct decimal *d, uint64_t unit)
{
        uint64_t part = 0, sum, value;
        bool remainder = false;

        for (size_t i = d->n_fraction; i-- > 0;) {
                sum = (uint64_t)(d->fraction[i] - '0') * unit + part;
                remainder |= sum % 10 != 0;
                part = sum / 10;
        }
        if (!digits_value(d->whole, d->n_whole, &value) || __builtin_mul_overflow(value, unit, &value) ||
                __builtin_add_overflow(value, part + remainder, &value))
                return UINT64_MAX;
        return value;
}

struct unit {
        const char *name;
        uint64_t factor;
};

static const struct unit *unit_find(const struct unit *units, const char *name, size_t n)
{
        for (; units->name; units++)
                if (strlen(units->name) == n && memcmp(units->name, name, n) == 0)
                        return units;
        return NULL;
}

static const struct unit duration_units[] = {
        { "ns", 1 },
        { "us", UINT64_C(1000) },
        { "ms", UINT64_C(1000000) },
        { "s", UINT64_C(1000000000) },
        { "min", UINT64_C(60000000000) },
        { "m", UINT64_C(60000000000) },
        { "h", UINT64_C(3600000000000) },
        { "d", UINT64_C(86400000000000) },
        { NULL, 0 },
};

/* One "30m" of "1h30m". before: the unit of the piece before it, which must be larger, 0 for the first.
 * @return bytes taken, 0: not of that form. *ret: UINT64_MAX: out of range. */
static size_t duration_piece(const char *text, uint64_t before, uint64_t *ret_unit, uint64_t *ret)
{
        const struct unit *unit;
        struct decimal d;
        size_t n = decimal_read(text, &d), n_name = 0;

        if (n == 0)
                return 0;
        while (text[n + n_name] >= 'a' && text[n + n_name] <= 'z')
                n_name++;
        /* a bare number is seconds only where it stands alone */
        if (n_name == 0 && (before || text[n]))
                return 0;
        unit = n_name ? unit_find(duration_units, text + n, n_name) : unit_find(duration_units, "s", 1);
        if (!unit || (before && unit->factor >= before))
                return 0;
        *ret_unit = unit->factor;
        *ret = decimal_scale(&d, unit->factor);
        return n + n_name;
}

int parse_duration(const char *text, uint64_t *ret_ns)
{
        uint64_t total = 0, unit = 0, piece = 0;
        bool in_range = true;
        size_t n;

        if (strcmp(text, "infinity") == 0) {
                *ret_ns = UINT64_MAX;
                return 0;
        }
        do {
                n = duration_piece(text, unit, &unit, &piece);
                if (n == 0)
                        return -EINVAL;
                if (piece == UINT64_MAX || __builtin_add_overflow(total, piece, &total))
                        in_range = false; /* but what follows may still not be of the form */
                text += n;
        } while (*text);
        if (!in_range || total == UINT64_MAX)
                return -ERANGE;
        *ret_ns = total;
        return 0;
}

static const struct unit size_units[] = {
        { "", 1 },
        { "B", 1 },
        { "K", UINT64_C(1) << 10 },
        { "KiB", UINT64_C(1) << 10 },
        { "KB", UINT64_C(1000) },
        { "M", UINT64_C(1) << 20 },
        { "MiB", UINT64_C(1) << 20 },
        { "MB", UINT64_C(1000000) },
        { "G", UINT64_C(1) << 30 },
        { "GiB", UINT64_C(1) << 30 },
        { "GB", UINT64_C(1000000000) },
        { "T", UINT64_C(1) << 40 },
        { "TiB", UINT64_C(1) << 40 },
        { "TB", UINT64_C(1000000000000) },
        { NULL, 0 },
};

int parse_size(const char *text, uint64_t *ret_bytes)
{
        const struct unit *unit = size_units;
        struct decimal d;
        uint64_t value;
        size_t n;

        if (strcmp(text, "infinity") == 0) {
                *ret_bytes = UINT64_MAX;
                return 0;
        }
        n = decimal_read(text, &d);
        if (n == 0)
                return -EINVAL;
        while (unit->name && !str_is_word(text + n, strlen(text + n), unit->name))
                unit++;
        if (!unit->name || (unit->factor == 1 && d.n_fraction))
                return -EINVAL;
        value = decimal_scale(&d, unit->factor);
        if (value == UINT64_MAX)
                return -ERANGE;
        *ret_bytes = value;
        return 0;
}

/* A CPU number at *text, which moves behind it. */
static int cpu_number(const char **text, unsigned *ret)
{
        size_t n = count_digits(*text);
        uint64_t value;

        if (n == 0)
                return -EINVAL;
        if (!digits_value(*text, n, &value) || value > INT32_MAX)
                return -ERANGE;
        *text += n;
        *ret = (unsigned)value;
        return 0;
}

/* "3" or "0-3" at *text, which moves behind it and the comma that follows. */
static int cpu_range(const char **text, unsigned *ret_first, unsigned *ret_last)
{
        const char *p = *text;
        unsigned first, last;
        int r;

        r = cpu_number(&p, &first);
        if (r < 0)
                return r;
        last = first;
        if (*p == '-') {
                p++;
                r = cpu_number(&p, &last);
                if (r < 0)
                        return r;
        }
        if (first > last || (*p && (*p != ',' || !p[1])))
                return -EINVAL;
        *text = *p ? p + 1 : p;
        *ret_first = first;
        *ret_last = last;
        return 0;
}

int parse_cpu_list(const char *text, unsigned *ret_cpus, unsigned max_cpus, unsigned *ret_n)
{
        const char *p = text;
        unsigned first, last, n = 0;
        int r;

        if (!*text)
                return -EINVAL;
        /* Twice: nothing is written before all of it is known to be right and to fit. */
        while (*p) {
                r = cpu_range(&p, &first, &last);
                if (r < 0)
                        return r;
                if (last - first >= max_cpus - n)
                        return -ERANGE;
                n += last - first + 1;
        }
        n = 0;
        for (p = text; *p && cpu_range(&p, &first, &last) == 0;)
                for (unsigned cpu = first; cpu <= last; cpu++)
                        ret_cpus[n++] = cpu;
        *ret_n = n;
        return 0;
}

/* What is finer than a ten-thousandth is left out. */
int parse_decimal(const char *text, const char *end, uint64_t *ret)
{
        size_t n = strlen(text), n_end = strlen(end);
        char number[32], *point;
        uint64_t whole, part = 0;
        size_t n_part = 4;

        if (n <= n_end || n - n_end >= sizeof(number) || strcmp(text + n - n_end, end) != 0)
                return -EINVAL;
        snprintf(number, sizeof(number), "%.*s", (int)(n - n_end), text);
        point = strchr(number, '.');
        if (point) {
                *point++ = '\0';
                n_part = strlen(point);
                if (n_part == 0 || n_part > 9 || parse_unsigned(point, 999999999, &part) < 0)
                        return -EINVAL;
        }
        for (; n_part < 4; n_part++)
                part *= 10;
        for (; n_part > 4; n_part--)
                part /= 10;
        if (parse_unsigned(number, 1000000, &whole) < 0)
                return -EINVAL;
        *ret = whole * 10000 + part;
        return 0;
}
