/* SPDX-License-Identifier: MIT */
/*
 * desc.h - waiting for a descriptor of our own: one that leat opened, made non-blocking, and
 * will close. How it works is told in desc.c.
 */
#ifndef LEAT_POLL_DESC_H
#define LEAT_POLL_DESC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/spin.h"
#include "park/limit.h"

enum desc_way { DESC_IN, DESC_OUT };

enum {
    DESC_EDGE = 1,  /* an edge has come since the last desc_clear */
    DESC_ENDED = 2, /* the kernel has said that no more will come: it says so once */
};

struct desc_side {
    struct g *waiter; /* lock */
    int64_t deadline; /* lock; INT64_MAX: none */
    uint32_t ready;   /* atomic: DESC_ bits */
};

struct desc {
    spinlock lock;
    int fd;            /* owner */
    uint32_t turn;     /* lock: whose turn this record is; tags of earlier ones are stale */
    uint32_t index;    /* constant */
    uint8_t watched;   /* lock: POLLER_ bits that the kernel has been asked for */
    bool closing;      /* lock */
    bool always_ready; /* lock: no kind of file that one waits for */
    struct desc_side side[2];
    struct desc *next_free;
} LEAT__LINE;

/* A record for fd, NULL if there is no memory. The kernel is asked when somebody waits first. */
struct desc *desc_open(int fd);
/* Who waits wakes with -EBADF, and so does who tries to from now on. */
void desc_shut(struct desc *d);
/* Nobody waits or will: the record goes to another descriptor. Before fd is closed. */
void desc_free(struct desc *d);

/* Before trying to read or write: an edge that comes from now on is not forgotten. */
static inline void desc_clear(struct desc *d, enum desc_way way)
{
    if (load_relaxed(&d->side[way].ready) & DESC_EDGE)
        fetch_and(&d->side[way].ready, ~(uint32_t)DESC_EDGE);
}

/* Has an edge come since? If not, and the last try has left nothing, a new try is in vain. */
static inline bool desc_edge(const struct desc *d, enum desc_way way)
{
    return load_relaxed(&d->side[way].ready) & DESC_EDGE;
}

/* Has the peer's end, or an error, been told already? Then no edge will tell it again. */
static inline bool desc_ended(const struct desc *d)
{
    return load_relaxed(&d->side[DESC_IN].ready) & DESC_ENDED;
}

/* Wait until it may be ready that way: 0. Else -ETIMEDOUT by the limit or the side's deadline, the
 * context's error, -EBADF, or what the kernel has against watching it. One waiter a way. */
int desc_wait(struct desc *d, enum desc_way way, const struct limit *limit);
/* 0, or why a try now would come too late or after the end. */
int desc_over(struct desc *d, enum desc_way way);
/* A time as leat_now; INT64_MAX: none. Who waits that way goes by it at once. */
void desc_set_deadline(struct desc *d, enum desc_way way, int64_t deadline);

#endif
