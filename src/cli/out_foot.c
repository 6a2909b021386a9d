/* SPDX-License-Identifier: MIT */
/*
 * A line that always stands below what a batch writes to its terminal.
 *
 * "\r" and "erase to the end of the line" (ECMA-48, every terminal that is not TERM=dumb) take it away before
 * anything else is written, and the cursor waits behind it otherwise. Where the output of a job stops in the
 * middle of a line there is no foot until somebody has ended that line: it would be erased with it. A
 * reserved last row (scrolling region) was rejected: whoever kills inbye would inherit the region.
 *
 * A write that the terminal does not take at once (somebody pressed Ctrl-S) is left out: the next one comes.
 */
#include "cli/out_foot.h"
#include <string.h>
#include <unistd.h>

#define ERASE "\r\033[K"

void out_foot_deinit(struct out_foot *foot, const struct out_target *terminal)
{
        if (foot->is_shown)
                (void)out_target_write(terminal, ERASE, strlen(ERASE));
        buf_deinit(&foot->text);
        *foot = (struct out_foot){ .text = BUF_INIT };
}

bool out_foot_set(struct out_foot *foot, const char *text)
{
        if (strcmp(foot->text.data ? foot->text.data : "", text) == 0)
                return false;
        foot->text.n = 0;
        buf_append(&foot->text, text, strlen(text));
        foot->is_old = true;
        return true;
}

void out_foot_lift(struct out_foot *foot, const struct out_target *target, const char *data, size_t n)
{
        if (!foot->text.data || n == 0 || !isatty(target->fd))
                return;
        if (foot->is_shown && out_target_write(target, ERASE, strlen(ERASE)) > 0)
                foot->is_shown = false;
        foot->in_line = data[n - 1] != '\n';
}

void out_foot_put(struct out_foot *foot, const struct out_target *terminal)
{
        struct buf line = BUF_INIT;
        bool is_wanted = foot->text.n > 0;

        if (foot->in_line || (foot->is_shown ? !foot->is_old : !is_wanted))
                return;
        buf_append_str(&line, ERASE);
        buf_append(&line, foot->text.data, foot->text.n);
        if (!line.failed && out_target_write(terminal, line.data, line.n) > 0) {
                foot->is_shown = is_wanted;
                foot->is_old = false;
        }
        buf_deinit(&line);
}
