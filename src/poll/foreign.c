/* SPDX-License-Identifier: MIT */
/*
 * foreign.c - waiting for descriptors that are not ours.
 *
 * Their owner may close one at any time, and the number comes back as another file; or share it
 * with a child, so that the kernel goes on watching a file that nobody here has open. So nothing
 * is remembered between waits: each one arms the descriptor for one piece of news, which works
 * whatever the number stands for by now.
 *
 * PICTURE   table[fd] -> entry: waiters {goroutine, wanted} ...
 *
 * INVARIANTS
 *   E1  while an entry has waiters, it is armed for all they want, or somebody is about to arm
 *       it (`arming`; and he looks again if `dirty`).
 *   E2  entries and the table's chunks are never given back: late news finds them.
 *
 * Any number of goroutines may wait for one descriptor; each is told what it asked for. A
 * descriptor that is closed while somebody waits is not noticed: the kernel says nothing.
 *
 * PROOF  tests/api/wait_fd_test.c.
 */
#include "poll/foreign.h"

#include <errno.h>

#include "os/mem.h"
#include "os/os.h"
#include "os/poller.h"
#include "poll/poll.h"

struct waiter_fd {
    struct waiter_fd *next, **at; /* entry's lock; at: NULL when off the list */
    struct g *g;
    unsigned wanted;
    unsigned got; /* entry's lock: set by who wins */
    int err;      /* the same */
};

struct entry {
    spinlock lock;
    bool arming, dirty;        /* lock */
    struct waiter_fd *waiters; /* lock */
};

enum { CHUNK = 256, CHUNKS = 4096 };

static struct entry *table[CHUNKS]; /* atomic: NULL until needed */

static struct entry *entry_of(int fd)
{
    struct entry **at = &table[fd / CHUNK];
    struct entry *chunk = load_acquire(at);

    if (!chunk) {
        struct entry *fresh = leat__alloc(CHUNK * sizeof(*fresh));
        if (!fresh)
            return NULL;
        if (cas(at, &chunk, fresh))
            chunk = fresh;
        else
            leat__free(fresh);
    }
    return &chunk[fd % CHUNK];
}

/* ---- lists; lock held ---- */

static void enlist(struct entry *e, struct waiter_fd *w)
{
    w->next = e->waiters;
    w->at = &e->waiters;
    if (w->next)
        w->next->at = &w->next;
    e->waiters = w;
}

/* It may be off already. */
static void unlist(struct waiter_fd *w)
{
    if (!w->at)
        return;
    *w->at = w->next;
    if (w->next)
        w->next->at = w->at;
    w->at = NULL;
}

/* Take a waiter off and say why; listed, if it was won: then its memory may go at any time. */
static void tell_waiter(struct waiter_fd *w, unsigned got, int err, struct ready_list *list)
{
    struct g *g = w->g;

    unlist(w);
    w->got = got;
    w->err = err;
    if (poll_win(g, WOKEN_READY))
        poll_list(list, g);
}

/* ---- arming ---- */

static void tell_waiters(struct entry *e, int err, struct ready_list *list)
{
    while (e->waiters)
        tell_waiter(e->waiters, err == -EPERM ? e->waiters->wanted : 0, err == -EPERM ? 0 : err,
                    list);
}

/* Lock held, and dropped meanwhile. One thread arms; who comes meanwhile leaves it to that one.
 * What cannot be waited for (a regular file: -EPERM) is ready. */
static void arm(struct entry *e, int fd, struct ready_list *list)
{
    e->dirty = true;
    if (e->arming)
        return;
    e->arming = true;
    while (e->dirty && e->waiters) {
        unsigned wanted = 0;
        for (const struct waiter_fd *w = e->waiters; w; w = w->next)
            wanted |= w->wanted;
        e->dirty = false;
        spin_unlock(&e->lock, LEAT__RANK_DESC);
        int err = poller_arm(fd, POLL_FOREIGN | (uint32_t)fd, wanted);
        spin_lock(&e->lock, LEAT__RANK_DESC);
        if (err)
            tell_waiters(e, err, list);
    }
    e->arming = false;
}

void foreign_ready(uint64_t tag, uint32_t ready, struct ready_list *list)
{
    int fd = (int)(uint32_t)tag;
    struct entry *e = entry_of(fd);
    struct waiter_fd *next;

    spin_lock(&e->lock, LEAT__RANK_DESC);
    for (struct waiter_fd *w = e->waiters; w; w = next) {
        next = w->next;
        unsigned got = ready & (w->wanted | POLLER_HUP | POLLER_ERR);
        if (got)
            tell_waiter(w, got, 0, list);
    }
    if (e->waiters)
        arm(e, fd, list);
    spin_unlock(&e->lock, LEAT__RANK_DESC);
}

/* ---- waiting ---- */

static void ready_others(struct g *list)
{
    for (struct g *next; list; list = next) {
        next = list->next;
        sched_ready(list);
    }
}

static int wait_armed(struct entry *e, int fd, struct waiter_fd *w, const struct limit *limit)
{
    struct ready_list list = {.end = &list.first};

    limit_begin(w->g);
    spin_lock(&e->lock, LEAT__RANK_DESC);
    enlist(e, w);
    arm(e, fd, &list);
    spin_unlock(&e->lock, LEAT__RANK_DESC);
    ready_others(list.first); /* perhaps this very one: then it does not park */
    sched_poll_wanted();
    int err = limit_park(w->g, WAIT_IO, e, limit);
    spin_lock(&e->lock, LEAT__RANK_DESC);
    unlist(w);
    spin_unlock(&e->lock, LEAT__RANK_DESC);
    return err;
}

int foreign_wait(int fd, unsigned wanted, const struct limit *limit)
{
    int err = limit_over(limit);

    if (err)
        return err;
    if (fd < 0 || fd >= CHUNK * CHUNKS)
        return -EBADF;
    if (!(wanted & (POLLER_IN | POLLER_OUT | POLLER_PRI)))
        return -EINVAL;
    struct entry *e = entry_of(fd);
    if (!e)
        return -ENOMEM;
    err = poll_start();
    if (err)
        return err;
    struct waiter_fd w = {.g = g_self(), .wanted = wanted};
    sched_polled(1);
    err = wait_armed(e, fd, &w, limit);
    sched_polled(-1);
    if (!err)
        err = w.err;
    return err ? err : (int)w.got;
}

/* ---- deadlocks, forks ---- */

bool foreign_awaited(void)
{
    for (int i = 0; i < CHUNKS; i++) {
        const struct entry *chunk = load_acquire(&table[i]);
        for (int k = 0; chunk && k < CHUNK; k++)
            if (load_relaxed(&chunk[k].waiters))
                return true;
    }
    return false;
}

void foreign_forked(void)
{
    for (int i = 0; i < CHUNKS; i++)
        for (int k = 0; table[i] && k < CHUNK; k++)
            table[i][k] = (struct entry){0};
}
