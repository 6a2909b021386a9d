/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "loop/loop.h"
#include <inbye/command.h>
#include <stdbool.h>
#include <stdint.h>

/* Bounded memory for one stream: head, tail (a ring) or both, or a file. Grows as bytes come, never beyond
 * cap. */
struct keep {
        enum inbye_keep policy;
        size_t cap;
        uint64_t n_seen;
        char *head; /* first head_cap bytes */
        size_t n_head, head_cap, head_allocated;
        char *tail; /* ring of the last tail_cap bytes */
        size_t n_tail, tail_at, tail_cap, tail_allocated;
        int spill_fd;           /* -1: none yet */
        const char *spill_path; /* borrowed; NULL: a file without a name */
};
void keep_init(struct keep *keep, enum inbye_keep policy, size_t cap, const char *spill_path);
void keep_deinit(struct keep *keep);
/** Take bytes. 0; KEEP_E_OVER (> 0): INBYE_KEEP_FAIL and more than cap; -ENOMEM, or -errno of the spill file.
 */
enum { KEEP_E_OVER = 1 };
int keep_take(struct keep *keep, const char *data, size_t n);
/** Make the kept bytes one NUL-terminated block, owned by the caller. The keep is then empty.
 *  @param ret_gap  offset after which bytes are missing; *ret_n where none are. */
int keep_finish(struct keep *keep, char **ret_data, size_t *ret_n, size_t *ret_gap);
bool keep_is_truncated(const struct keep *keep);

/*
 * Moves what a child writes into a keep and a second sink. The pipe is enlarged (F_SETPIPE_SZ, best effort:
 * the user-wide soft limit may refuse) and drained as fast as the loop turns; while a tee sink does not take
 * bytes, nothing is read. A turn reads a bounded amount, so that one flood does not starve the rest.
 */
struct pump {
        struct loop_io io;
        struct keep keep;
        int fd;         /* read end, owned; -1: closed */
        int write_fd;   /* the child's end, owned until pump_close_write(); -1 */
        uint64_t inode; /* of the pipe: who holds it open? */
        int tee_fd;     /* borrowed; -1: none */
        struct loop_io tee_io;
        int tee_error;    /* errno that made us drop the tee, or 0 */
        char *tee_buffer; /* what the tee has not taken yet */
        size_t tee_n, tee_at;
        bool ended; /* end of file seen */
        int error;  /* errno of the keep (spill file), or 0: bytes are drained, no longer kept */
        void (*on_bytes)(struct pump *pump, const char *data, size_t n); /* NULL: nobody listens */
        void (*on_over)(struct pump *pump); /* INBYE_KEEP_FAIL was overrun (once) */
        void (*on_end)(struct pump *pump);  /* end of file (once, not from pump_drain) */
        void *userdata;
};
/** Make the pipe. Call the setters of the struct before pump_start(). */
int pump_open(struct pump *pump, enum inbye_keep policy, size_t cap, const char *spill_path, int tee_fd);
/** Begin reading. */
int pump_start(struct pump *pump, struct inbye_loop *loop);
/** The child has its end: give ours up. */
void pump_close_write(struct pump *pump);
/** Take what can be read now without waiting (the tree is gone), then close. At most what the pipe held at
 * the call: an escaped writer cannot keep us here. The tee gets what it takes without waiting for long (100
 * ms at most per stream). */
void pump_drain(struct pump *pump);
/** Close and free; fit to be called on a zeroed-and-initialised or half-open pump, and twice. */
void pump_deinit(struct pump *pump);
#define PUMP_INIT                                                                                            \
        {                                                                                                    \
                .fd = -1, .write_fd = -1, .tee_fd = -1, .keep.spill_fd = -1                                  \
        }

/* Feeds a child's standard input. EPIPE is no error. */
struct feed {
        struct loop_io io;
        int fd;            /* write end, owned, non-blocking; -1: closed */
        int read_fd;       /* the child's end, owned until feed_close_read() */
        const char *fixed; /* borrowed bytes to write first */
        size_t n_fixed, fixed_at;
        char *queue; /* owned: what came by feed_write() */
        size_t n_queue, queue_at, queue_allocated;
        bool close_at_end; /* close when all is written */
        bool broken;       /* the reader has gone */
        struct inbye_loop *loop;
};
#define FEED_INIT                                                                                            \
        {                                                                                                    \
                .fd = -1, .read_fd = -1                                                                      \
        }
/** @param close_at_end  false: kept open for feed_write(). `bytes` are borrowed. */
int feed_open(struct feed *feed, const void *bytes, size_t n, bool close_at_end);
int feed_start(struct feed *feed, struct inbye_loop *loop);
void feed_close_read(struct feed *feed);
/** -EPIPE: closed or the reader has gone. -EAGAIN: more than 1 MiB waits. */
int feed_write(struct feed *feed, const void *data, size_t n);
/** End of file after what waits. */
int feed_end(struct feed *feed);
void feed_deinit(struct feed *feed);

#endif
