/* SPDX-License-Identifier: MIT */
/*
 * poll.h - between the files of this room: tags, and the poller's start.
 *
 * A tag is 64 bits: a record's turn above its index. Foreign ones have the highest bit set; 0 is
 * the poller's own.
 */
#ifndef LEAT_POLL_POLL_H
#define LEAT_POLL_POLL_H

#include <stdbool.h>
#include <stdint.h>

struct g;

#define POLL_FOREIGN (UINT64_C(1) << 63)

/* What a waker leaves in g->u.wait.fired, less 1. */
enum woken { WOKEN_READY, WOKEN_AGAIN, WOKEN_CLOSED };

/* The poller exists from the first call on: 0 or -errno. */
int poll_start(void);

/* Goroutines to be made ready, in order. */
struct ready_list {
    struct g *first, **end;
};

/* Claim the wake-up of a waiter, under the lock that guards where it waits. */
bool poll_win(struct g *waiter, enum woken how);
void poll_list(struct ready_list *list, struct g *g);

void desc_ready(uint64_t tag, uint32_t ready, struct ready_list *list);
bool desc_awaited(void);
void desc_forked(void);
void foreign_ready(uint64_t tag, uint32_t ready, struct ready_list *list);
bool foreign_awaited(void);
void foreign_forked(void);

#endif
