/* SPDX-License-Identifier: MIT */
/*
 * poller.h - the porting contract of the netpoller: how the kernel tells that descriptors are
 * ready. Linux's is os/epoll.c; another system, or another mechanism, is another file with these
 * functions.
 *
 * A descriptor is watched under a tag. Watched for good, it is told of once each time it becomes
 * ready ("edges"): whoever sees one may take it for stale, and must try. A descriptor that is
 * ready when the watch begins, or is changed, is told of at once. An error or a hang-up makes it
 * ready both ways. Any thread may call any of these at any time; news goes to one caller of
 * poller_wait. Results are 0 or -errno.
 */
#ifndef LEAT_OS_POLLER_H
#define LEAT_OS_POLLER_H

#include <stdint.h>

#include "base/config.h"

enum { POLLER_IN = 1, POLLER_OUT = 2, POLLER_HUP = 4, POLLER_ERR = 8, POLLER_PRI = 16 };

/* What the kernel said at one look. */
struct poller_news {
    int n;
    struct {
        uint64_t tag;
        uint32_t ready; /* POLLER_ */
    } at[LEAT__POLL_BATCH];
};

int poller_open(void);    /* once per process; again in the child of a fork */
void poller_forget(void); /* the child of a fork: drop what it shares with the parent */
int poller_add(int fd, uint64_t tag, unsigned wanted);    /* -EPERM: it is always ready */
int poller_change(int fd, uint64_t tag, unsigned wanted); /* -ENOENT: not watched */
/* One piece of news, then silence: watched or not before. */
int poller_arm(int fd, uint64_t tag, unsigned wanted);
void poller_remove(int fd);
/* Sleep until there is news, `until` (monotonic; 0: not at all; INT64_MAX: no limit), or
 * poller_interrupt. May return early with none. */
void poller_wait(struct poller_news *news, int64_t until);
/* The thread that sleeps in poller_wait returns; if none does, the next one to call it. */
void poller_interrupt(void);

#endif
