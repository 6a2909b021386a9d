/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "base/buf.h"
#include "capture/store.h"
#include "loop/loop.h"
#include <inbye/command.h>
#include <stdbool.h>
#include <stdint.h>

/* What is kept of one stream: its first head_cap bytes, then a ring of what the cap has beyond; all of it at
 * offsets of one store, which grows as bytes come, never beyond cap. */
struct keep {
        enum inbye_keep policy;
        size_t cap, head_cap;
        uint64_t n_seen;
        struct store store;     /* store.n bytes are kept */
        size_t at;              /* where the next byte goes */
        int spill_fd;           /* -1: none yet. Whoever wants it takes it (TAKE_FD). */
        const char *spill_path; /* borrowed; NULL: a file without a name */
};
#define KEEP_INIT                                                                                            \
        {                                                                                                    \
                .store = STORE_INIT, .spill_fd = -1                                                          \
        }

/* The kept bytes as one block, NUL-terminated, never NULL once keep_finish() succeeded. */
struct kept {
        char *data;
        size_t n;
        size_t gap;     /* offset after which bytes are missing; n where none are */
        size_t mapped;  /* length of the mapping that data is; 0: it came from malloc() */
        size_t charged; /* part of the memory budget that it holds */
};
/** Free. Zeroed and twice are fine. */
void kept_deinit(struct kept *kept);

void keep_init(struct keep *keep, enum inbye_keep policy, size_t cap, const char *spill_path);
void keep_deinit(struct keep *keep);
/** Take bytes. 0; KEEP_E_OVER (> 0): INBYE_KEEP_FAIL and more than cap; -ENOMEM, or -errno of the spill file.
 */
enum { KEEP_E_OVER = 1 };
int keep_take(struct keep *keep, const char *data, size_t n);
/** Room to read into without a copy. @return NULL, *ret_n 0: there is none now, use keep_take(). */
char *keep_room(struct keep *keep, size_t *ret_n);
/** Take the n bytes that were read into keep_room(). */
void keep_commit(struct keep *keep, size_t n);
/** Make the kept bytes one block. The keep is then empty, but for n_seen and the spill file. @return -ENOMEM.
 */
int keep_finish(struct keep *keep, struct kept *ret_kept);
/** Is anything missing in what is kept in memory? Ask before keep_finish(). */
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
        int tee_fd;     /* a copy of the caller's, owned: one file may be the sink of many; -1: none */
        struct loop_io tee_io;
        int tee_error;    /* errno that made us drop the tee, or 0; ETIMEDOUT: it took too long at the end;
                           * EPIPE: and closed the read end */
        char *tee_buffer; /* what the tee has not taken yet */
        size_t tee_n, tee_at;
        bool tee_is_socket, tee_is_file; /* file: nothing to wait for */
        bool grown;                      /* enlarging the pipe was tried */
        bool over;                       /* on_over was called */
        bool ended;                      /* end of file seen */
        bool paused;                     /* the owner wants nothing now: pump_pause() */
        int error; /* errno of the keep (spill file), or 0: bytes are drained, no longer kept */
        void (*on_bytes)(struct pump *pump, const char *data, size_t n); /* NULL: nobody listens */
        void (*on_over)(struct pump *pump); /* INBYE_KEEP_FAIL was overrun (once) */
        void (*on_end)(struct pump *pump);  /* end of file (once, not from pump_drain) */
        void *userdata;
        bool *gone; /* set by pump_deinit() while we are being read: every callback may call it */
};
/** Make the pipe. Call the setters of the struct after it and before pump_start(): it starts from PUMP_INIT.
 *  @param tee_fd  copied; -1: none. */
int pump_open(struct pump *pump, enum inbye_keep policy, size_t cap, const char *spill_path, int tee_fd);
/** Begin reading. */
int pump_start(struct pump *pump, struct inbye_loop *loop);
/** The child has its end: give ours up. */
void pump_close_write(struct pump *pump);
/** Read nothing until that is taken back: the child waits at a full pipe. pump_drain() reads all the same. */
void pump_pause(struct pump *pump, bool paused);
/** Take what can be read now without waiting (the tree is gone), then close. At most what the pipe held at
 * the call: an escaped writer cannot keep us here. The tee gets what it takes without waiting for long (100
 * ms at most per stream). */
void pump_drain(struct pump *pump);
/** Close and free; fit to be called on a zeroed-and-initialised or half-open pump, and twice. */
void pump_deinit(struct pump *pump);
#define PUMP_INIT                                                                                            \
        {                                                                                                    \
                .fd = -1, .write_fd = -1, .tee_fd = -1, .keep = KEEP_INIT                                    \
        }

/* Feeds a child's standard input. EPIPE is no error. */
struct feed {
        struct loop_io io;
        int fd;            /* write end, owned, non-blocking; -1: closed */
        int read_fd;       /* the child's end, owned until feed_close_read() */
        const char *fixed; /* borrowed bytes to write first */
        size_t n_fixed, fixed_at;
        struct buf queue; /* what came by feed_write() */
        size_t queue_at;
        bool close_at_end;       /* close when all is written */
        bool broken;             /* the reader has gone */
        struct inbye_loop *loop; /* NULL: not started */
};
#define FEED_INIT                                                                                            \
        {                                                                                                    \
                .fd = -1, .read_fd = -1, .queue = BUF_INIT                                                   \
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
