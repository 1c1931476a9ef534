/* SPDX-License-Identifier: MIT */
/*
 * desc.c - descriptors of our own, and who waits for them.
 *
 * PICTURE   kernel --news--> desc: side in  [waiter | ready] deadline
 *                                  side out [waiter | ready] deadline
 *
 * NOUNS   A record (desc) stands for an open descriptor. Records come from slabs that are never
 *   given back, so late news finds a record, and by its turn whether it is still meant.
 *
 * INVARIANTS
 *   D1  a side has at most one waiter: callers hold a lock of their own for each way (io/fdio.c).
 *   D2  an edge finds the waiter or leaves `ready`; who finds `ready` takes it and does not wait.
 *   D3  the kernel watches for a way from the first wait for it on, until desc_free.
 *
 * PROTOCOL  desc_clear, try, and if there was nothing: desc_wait, and try again. An edge that
 *   comes after the clear is there for the wait. Since edges come once each time the kernel gets
 *   something new, whoever got less than it asked for knows that the next try is in vain until
 *   desc_edge: a request that arrives whole costs one read, where level-triggered code or Go's
 *   needs a second that gets EAGAIN. The peer's end may have come in the same edge as the last
 *   bytes, and then there is none to wait for: DESC_ENDED stays set. It is a bit of the word that
 *   desc_clear changes, so whoever has cleared an edge sees what it said.
 *   A waiter is won by a compare-and-swap on its own record, under the lock (waiter.h, W3), for
 *   one of three reasons; limits (park/limit.h) compete with these. A new deadline wakes the
 *   waiter to wait anew, so deadlines need no timers beyond those of limits.
 *
 * THE WATCH  begins when somebody waits, not when the descriptor is opened: a connection whose
 *   request is there already costs no call. It begins with the way that is waited for, and is
 *   widened later, because a socket is almost always writable: an edge for nothing. The call is
 *   made outside the lock, by whoever has set the bit in `watched`; two who do so at once may
 *   reach the kernel in either order, so both calls must be good for both orders (watch).
 *
 * REJECTED  Lock-free words for waiters, as Go has: the lock is a swap and a store beside calls
 *   of the kernel that cost hundreds. A timer for each deadline: most waits end before it, and
 *   most deadlines are set anew for each request.
 *
 * PROOF  tests/api/fd_test.c.
 */
#include "poll/desc.h"

#include <errno.h>

#include "os/mem.h"
#include "os/poller.h"
#include "poll/poll.h"

enum { SLAB = 256, SLABS_MAX = 1 << 16 };

static struct {
    spinlock lock;
    struct desc *free; /* lock */
    struct desc *slabs[SLABS_MAX];
    uint32_t nslabs; /* atomic, lock to change */
} descs;

/* ---- records ---- */

/* Lock held. */
static bool add_slab(void)
{
    struct desc *slab;

    if (descs.nslabs == SLABS_MAX)
        return false;
    slab = leat__alloc_aligned(SLAB * sizeof(*slab), 64);
    if (!slab)
        return false;
    for (uint32_t i = 0; i < SLAB; i++) {
        slab[i].index = descs.nslabs * SLAB + i;
        slab[i].fd = -1;
        slab[i].next_free = i + 1 < SLAB ? &slab[i + 1] : descs.free;
    }
    descs.free = slab;
    descs.slabs[descs.nslabs] = slab;
    store_release(&descs.nslabs, descs.nslabs + 1);
    return true;
}

struct desc *desc_open(int fd)
{
    struct desc *d = NULL;

    spin_lock(&descs.lock, LEAT__RANK_LEAF);
    if (descs.free || add_slab()) {
        d = descs.free;
        descs.free = d->next_free;
    }
    spin_unlock(&descs.lock, LEAT__RANK_LEAF);
    if (!d)
        return NULL;
    spin_lock(&d->lock, LEAT__RANK_DESC);
    d->fd = fd;
    d->turn = (d->turn + 1) & (UINT32_MAX >> 1);
    d->turn += d->turn == 0;
    d->watched = 0;
    d->closing = d->always_ready = false;
    for (int way = DESC_IN; way <= DESC_OUT; way++)
        d->side[way] = (struct desc_side){.deadline = INT64_MAX};
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    return d;
}

void desc_free(struct desc *d)
{
    spin_lock(&d->lock, LEAT__RANK_DESC);
    bool watched = d->watched != 0;
    int fd = d->fd;
    d->watched = 0;
    d->fd = -1;
    d->turn++;
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    if (watched) {
        poller_remove(fd);
        sched_polled(-1);
    }
    spin_lock(&descs.lock, LEAT__RANK_LEAF);
    d->next_free = descs.free;
    descs.free = d;
    spin_unlock(&descs.lock, LEAT__RANK_LEAF);
}

static struct desc *desc_of(uint64_t tag)
{
    uint32_t index = (uint32_t)tag;

    return &descs.slabs[index / SLAB][index % SLAB];
}

static uint64_t tag_of(const struct desc *d)
{
    return (uint64_t)d->turn << 32 | d->index;
}

static bool each_desc(bool (*visit)(struct desc *d))
{
    uint32_t n = load_acquire(&descs.nslabs);

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < SLAB; k++)
            if (visit(&descs.slabs[i][k]))
                return true;
    return false;
}

/* ---- the kernel's news ---- */

/* Lock held: the side's waiter, if it was won for this reason. */
static struct g *take_waiter(struct desc_side *s, enum woken how)
{
    struct g *g = s->waiter;

    s->waiter = NULL;
    return g && poll_win(g, how) ? g : NULL;
}

static struct g *take_edge(struct desc_side *s)
{
    struct g *g = take_waiter(s, WOKEN_READY);

    if (!g)
        fetch_or(&s->ready, DESC_EDGE);
    return g;
}

void desc_ready(uint64_t tag, uint32_t ready, struct ready_list *list)
{
    struct desc *d = desc_of(tag);
    struct g *in = NULL, *out = NULL;

    spin_lock(&d->lock, LEAT__RANK_DESC);
    if (d->turn == tag >> 32) {
        if (ready & (POLLER_HUP | POLLER_ERR))
            fetch_or(&d->side[DESC_IN].ready, DESC_ENDED);
        in = ready & (POLLER_IN | POLLER_HUP | POLLER_ERR) ? take_edge(&d->side[DESC_IN])
                                                           : NULL;
        out = ready & (POLLER_OUT | POLLER_ERR) ? take_edge(&d->side[DESC_OUT]) : NULL;
    }
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    if (in)
        poll_list(list, in);
    if (out)
        poll_list(list, out);
}

/* ---- waiting ---- */

static unsigned way_bit(enum desc_way way)
{
    return way == DESC_IN ? POLLER_IN : POLLER_OUT;
}

/* Ask the kernel, as the one who has added to `watched` and left `mask` there. If ours is the first
 * bit and the kernel knows the descriptor already, the other way's call came before and asked for
 * both; if ours is the second and the kernel does not know it yet, the other call is still to
 * come, and will find that. */
static int watch(const struct desc *d, uint64_t tag, unsigned mask, bool first)
{
    int err;

    if (first) {
        err = poller_add(d->fd, tag, mask);
        return err == -EEXIST ? 0 : err;
    }
    err = poller_change(d->fd, tag, mask);
    if (err == -ENOENT)
        err = poller_add(d->fd, tag, mask);
    return err == -EEXIST ? poller_change(d->fd, tag, mask) : err;
}

/* The kernel refuses: what is always ready needs no waiting. */
static int watch_refused(struct desc *d, unsigned bit, int err)
{
    spin_lock(&d->lock, LEAT__RANK_DESC);
    d->watched &= (uint8_t)~bit;
    if (!d->watched)
        sched_polled(-1);
    d->always_ready = err == -EPERM;
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    return err == -EPERM ? 0 : err;
}

static int watch_way(struct desc *d, enum desc_way way)
{
    int err = poll_start();

    if (err)
        return err;
    spin_lock(&d->lock, LEAT__RANK_DESC);
    bool needed = !(d->watched & way_bit(way)) && !d->always_ready;
    bool first = d->watched == 0;
    if (needed && first)
        sched_polled(1);
    d->watched |= (uint8_t)(needed ? way_bit(way) : 0);
    unsigned mask = d->watched;
    uint64_t tag = tag_of(d);
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    if (!needed)
        return 0;
    err = watch(d, tag, mask, first);
    return err ? watch_refused(d, way_bit(way), err) : 0;
}

/* Lock held. */
static int side_over(const struct desc *d, enum desc_way way)
{
    int64_t deadline = d->side[way].deadline;

    if (d->closing)
        return -EBADF;
    return deadline != INT64_MAX && deadline <= sched_now() ? -ETIMEDOUT : 0;
}

int desc_over(struct desc *d, enum desc_way way)
{
    if (likely(load_relaxed(&d->side[way].deadline) == INT64_MAX && !load_relaxed(&d->closing)))
        return 0;
    spin_lock(&d->lock, LEAT__RANK_DESC);
    int err = side_over(d, way);
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    return err;
}

/* Enter the side as its waiter. False: there is no need to wait, *err says why. */
static bool enter_side(struct desc *d, enum desc_way way, struct g *g, int64_t *deadline,
                       int *err)
{
    struct desc_side *s = &d->side[way];

    spin_lock(&d->lock, LEAT__RANK_DESC);
    *err = side_over(d, way);
    bool ready = !*err && (desc_edge(d, way) || d->always_ready);
    bool waits = !*err && !ready;
    if (ready)
        desc_clear(d, way);
    if (s->deadline < *deadline)
        *deadline = s->deadline;
    if (waits) {
        limit_begin(g);
        s->waiter = g;
    }
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    return waits;
}

/* The limit came first. */
static void leave_side(struct desc *d, enum desc_way way, const struct g *g)
{
    spin_lock(&d->lock, LEAT__RANK_DESC);
    if (d->side[way].waiter == g)
        d->side[way].waiter = NULL;
    spin_unlock(&d->lock, LEAT__RANK_DESC);
}

int desc_wait(struct desc *d, enum desc_way way, const struct limit *limit)
{
    struct g *g = g_self();
    int err = load_relaxed(&d->watched) & way_bit(way) ? 0 : watch_way(d, way);

    while (!err) {
        struct limit until = *limit;
        if (!enter_side(d, way, g, &until.deadline, &err))
            return err;
        sched_poll_wanted();
        err = limit_park(g, WAIT_IO, d, &until);
        if (err) {
            leave_side(d, way, g);
            break;
        }
        uint32_t how = load_relaxed(&g->u.wait.fired) - 1;
        if (how == WOKEN_READY)
            return 0;
    }
    return err;
}

/* Whoever waits that way looks again. */
void desc_set_deadline(struct desc *d, enum desc_way way, int64_t deadline)
{
    spin_lock(&d->lock, LEAT__RANK_DESC);
    store_relaxed(&d->side[way].deadline, deadline);
    struct g *g = take_waiter(&d->side[way], WOKEN_AGAIN);
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    if (g)
        sched_ready(g);
}

void desc_shut(struct desc *d)
{
    struct g *g[2];

    spin_lock(&d->lock, LEAT__RANK_DESC);
    store_relaxed(&d->closing, true);
    for (int way = DESC_IN; way <= DESC_OUT; way++)
        g[way] = take_waiter(&d->side[way], WOKEN_CLOSED);
    spin_unlock(&d->lock, LEAT__RANK_DESC);
    for (int way = DESC_IN; way <= DESC_OUT; way++)
        if (g[way])
            sched_ready(g[way]);
}

/* ---- deadlocks, forks ---- */

static bool has_waiter(struct desc *d)
{
    return load_relaxed(&d->side[DESC_IN].waiter) || load_relaxed(&d->side[DESC_OUT].waiter);
}

bool desc_awaited(void)
{
    return each_desc(has_waiter);
}

/* In the child nobody waits, and the new poller knows nothing: it is asked at the next wait. The
 * scheduler has started over before this, and counts nothing as polled. */
static bool start_over(struct desc *d)
{
    d->lock.held = 0;
    d->watched = 0;
    d->side[DESC_IN].waiter = d->side[DESC_OUT].waiter = NULL;
    return false;
}

void desc_forked(void)
{
    descs.lock.held = 0;
    each_desc(start_over);
}
