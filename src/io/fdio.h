/* SPDX-License-Identifier: MIT */
/*
 * fdio.h - streams that are descriptors of ours: what sockets, pipes and the like have in common.
 * How it works is told in fdio.c.
 */
#ifndef LEAT_IO_FDIO_H
#define LEAT_IO_FDIO_H

#include <leat/io/stream.h>
#include <leat/mutex.h>

#include "poll/desc.h"

struct fdio {
    leat_io io; /* first: a leat_io * is one of these */
    struct desc *desc;
    int fd;            /* -1 once closed; changes under all three locks */
    leat_mutex way[2]; /* by enum desc_way: one reads, one writes at a time */
    leat_mutex aside;  /* calls that do not wait: options, addresses, shutdown */
    bool drained;      /* way[DESC_IN]: the last read got less than it asked for */
    bool tells_all;    /* constant: such a read left nothing, or an edge will come: TCP */
    bool socket;       /* constant */
    uint32_t closed;   /* atomic */
};

static inline struct fdio *fdio_of(leat_io *io)
{
    return container_of(io, struct fdio, io);
}

/* The operations of a stream on a descriptor. */
extern const leat_io_ops fdio_ops;

/* Its parts, for those who change or add some: {.kind = "x", FDIO_BYTES, FDIO_REST, ...}. */
int64_t fdio_readv(leat_io *io, const leat_iovec *to, int n, const leat_limit *limit);
int64_t fdio_writev(leat_io *io, const leat_iovec *from, int n, size_t *done,
                    const leat_limit *limit);
int fdio_readable(leat_io *io, const leat_limit *limit);
int fdio_shut(leat_io *io, int ways);
int fdio_deadline(leat_io *io, int ways, leat_duration until);
int fdio_close(leat_io *io);
void fdio_free(leat_io *io);
int fdio_fd(leat_io *io);
#define FDIO_READS .readv = fdio_readv, .readable = fdio_readable
#define FDIO_BYTES FDIO_READS, .writev = fdio_writev
#define FDIO_REST \
    .shut = fdio_shut, .deadline = fdio_deadline, .close = fdio_close, .fd = fdio_fd

/* f is the beginning of zeroed memory; fd is non-blocking and becomes its own. -ENOMEM: it does
 * not, and f may be freed. */
int fdio_init(struct fdio *f, int fd, const leat_io_ops *ops);
/* The opposite, after the last use: closes what is open. The memory is the caller's. */
void fdio_end(struct fdio *f);

/* One attempt, at a descriptor that does not block: >= 0, or -errno; -EAGAIN: it would. */
typedef int64_t (*fdio_attempt)(int fd, void *arg);

/* Attempt until it does not block, as the only one to do so that way, waiting in between. */
int64_t fdio_run(struct fdio *f, enum desc_way way, fdio_attempt attempt, void *arg,
                 const leat_limit *limit);
/* Once, beside those who read and write: what never waits. */
int64_t fdio_aside(struct fdio *f, fdio_attempt attempt, void *arg);

/* For ThreadSanitizer: what is read comes after what was written, from any stream to any. */
void fdio_will_write(void);
void fdio_has_read(void);

/* The parts of fdio_run, to attempt several things in a row: lock the way (0 or why not), wait in
 * it, unlock it. */
int fdio_enter(struct fdio *f, enum desc_way way, const leat_limit *limit);
int fdio_wait(struct fdio *f, enum desc_way way, const leat_limit *limit);
void fdio_leave(struct fdio *f, enum desc_way way);

/* What the race detector hears of calls of one's own: before a write, and after a read. */
void fdio_tell_write(const leat_iovec *from, int n);
void fdio_tell_read(const leat_iovec *to, int n, int64_t got);

#endif
