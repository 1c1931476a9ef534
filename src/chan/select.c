/* SPDX-License-Identifier: MIT */
/*
 * select.c - the first of several channel operations.
 *
 * PICTURE  only a select that has to look under locks needs a waiter per case and an order of
 *   locking: both stand in its frame up to 8 cases (struct places), in the heap beyond.
 *
 * PROTOCOL
 *   1. Look, without locks: mark the cases that seem ready and choose one of them, each with the
 *      same chance. Lock its channel, try, done if it works; else look again.
 *   2. Nothing seems ready. With a default case: every look is racy, so "none was ready" must be
 *      shown for one instant (C12). Every change of a channel raises its version: if the sum of
 *      all versions is the same before and after the look, nothing changed between the end of
 *      the first reading and the start of the second, and in that instant none was ready.
 *   3. Without a default: lock all channels in address order, look once more, else put a waiter
 *      on each, unlock, park. Whoever comes first wins g->fired by CAS (waiter.h, W3); because
 *      all locks are held while the waiters are placed, nobody can win before all stand, and a
 *      winner never needs to win two goroutines at once.
 *   4. Woken: take the losing waiters off their queues, each under its channel's lock, O(1).
 *      Nothing of the winner's channel is touched: it may be gone. If it stands in other cases
 *      too, their waiters left with the winner (waiter.h, W4).
 *
 * TIMEOUT  The wait's limit (park/limit.h): the clock is one more that may win `fired`.
 *
 * ORDERED  leat_select_ordered keeps the first ready case instead of a sample.
 *
 * REJECTED  Placing waiters one lock at a time: two selects that meet must each be won, and one
 *   may have to be given back after others already skipped it: lost wake-ups.
 *
 * PROOF  select_test.c; tests/golike/select_*_test.c.
 */
#include <leat/select.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "chan/chan.h"
#include "os/mem.h"
#include "park/limit.h"
#include "time/after.h"

enum { MAX_CASES = 65536, CASES_INLINE = 8, INSERTION_MAX = 16, CHUNK = 64 };
#define UNCOUNTED SIZE_MAX /* cases up to one of kind LEAT_CASE_END */

struct select {
    leat_case *cases;
    size_t n;
    bool ordered;
    int deflt;         /* index of the default case, -1: none */
    int timeout;       /* index of the earliest timeout case, -1: none */
    uint32_t channels; /* how many channel cases: one look at one channel needs no proof */
    uint64_t versions; /* sum over all channels, read before the last look */
    struct m *m;
    struct g *g;
    struct waiter *waiters; /* one per case */
    uint16_t *order;        /* channel cases by the address of their channel */
    size_t norder;
};

struct places {
    struct waiter waiters[CASES_INLINE];
    uint16_t order[CASES_INLINE];
};

static bool is_channel_case(const leat_case *k)
{
    return (k->kind == LEAT_CASE_SEND || k->kind == LEAT_CASE_RECV) && k->chan;
}

/* ---- 1: look and try ---- */

static inline bool seems_ready(const leat_case *k)
{
    if (k->kind == LEAT_CASE_RECV)
        return chan_recv_ready(k->chan);
    return chan_send_ready(k->chan);
}

/* What a look has found so far; it goes over the cases in chunks. */
struct look {
    uint64_t ready; /* of this chunk, by bits */
    size_t chunk;   /* the chunk's first case */
    uint32_t seen;  /* ready ones in the chunks before */
    int chosen;     /* -1: none yet */
};

/* The chunk has been looked at: choose anew among all seen. */
static inline void look_choose(const struct select *s, struct look *l)
{
    uint64_t ready = l->ready;

    l->ready = 0;
    if (!ready || (s->ordered && l->chosen >= 0))
        return;
    uint32_t n = ready & (ready - 1) ? (uint32_t)__builtin_popcountll(ready) : 1;
    l->seen += n;
    uint32_t k = s->ordered || l->seen == 1 ? 0 : sched_choose(s->m, l->seen);
    if (k >= n)
        return; /* one of an earlier chunk stays */
    while (k-- > 0)
        ready &= ready - 1;
    l->chosen = (int)l->chunk + __builtin_ctzll(ready);
}

static inline void look_at(const struct select *s, struct look *l, size_t i)
{
    if (unlikely(i - l->chunk >= CHUNK)) {
        look_choose(s, l);
        l->chunk = i;
    }
    if (seems_ready(&s->cases[i]))
        l->ready |= UINT64_C(1) << (i - l->chunk);
}

/* One of the cases that seem ready, -1: none. */
static int sample(const struct select *s)
{
    struct look l = {.chosen = -1};

    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].chan)
            look_at(s, &l, i);
    look_choose(s, &l);
    return l.chosen;
}

/* Note a case that is no channel operation; false: it is the mark at the end. */
static bool note_special(struct select *s, size_t i)
{
    leat_case *k = &s->cases[i];

    k->chan = NULL;
    if (k->kind == LEAT_CASE_DEFAULT) {
        if (s->deflt >= 0)
            leat__panic("leat_select: multiple default cases");
        s->deflt = (int)i;
    } else if (k->kind == LEAT_CASE_TIMEOUT) {
        if (s->timeout < 0 || k->timeout < s->cases[s->timeout].timeout)
            s->timeout = (int)i;
    } else if (k->kind == LEAT_CASE_END && s->n == UNCOUNTED) {
        return false;
    } else {
        leat__panic("leat_select: case %zu is of no known kind", i);
    }
    return true;
}

/* Most selects end with their first look, so it does all that needs a walk over the cases: it
 * checks and counts them, notes the special ones and sums the versions. */
static int first_look(struct select *s)
{
    struct look l = {.chosen = -1};
    size_t i = 0;

    s->versions = 0;
    s->channels = 0;
    for (; i < s->n; i++) {
        const leat_case *k = &s->cases[i];
        if (unlikely(k->kind != LEAT_CASE_SEND && k->kind != LEAT_CASE_RECV)) {
            if (!note_special(s, i))
                break;
        } else if (k->chan) {
            if (k->kind == LEAT_CASE_SEND)
                chan_begin_send(k->chan, k->elem);
            s->channels++;
            s->versions += load_acquire(&k->chan->version);
            look_at(s, &l, i);
        }
    }
    s->n = i;
    if (i > MAX_CASES)
        leat__panic("leat_select: too many cases (%zu; at most %d)", i, MAX_CASES);
    look_choose(s, &l);
    return l.chosen;
}

static uint64_t versions_now(const struct select *s)
{
    uint64_t sum = 0;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].chan)
            sum += load_acquire(&s->cases[i].chan->version);
    return sum;
}

/* Lock held. */
static enum chan_result try_locked(struct select *s, leat_case *k, struct g **wake)
{
    if (k->kind == LEAT_CASE_SEND)
        return chan_send_locked(k->chan, k->elem, s->g, wake);
    enum chan_result r = chan_recv_locked(k->chan, k->elem, s->g, wake);
    if (r != CHAN_NOT_NOW && k->ok)
        *k->ok = r == CHAN_DONE;
    return r;
}

static void finish(const leat_case *k, enum chan_result r, struct g *wake)
{
    if (k->kind == LEAT_CASE_SEND && unlikely(r != CHAN_DONE && r != CHAN_NOT_NOW))
        chan_send_failed(r);
    if (wake)
        sched_ready(wake);
}

static bool try_case(struct select *s, leat_case *k)
{
    struct g *wake = NULL;

    if (k->kind == LEAT_CASE_RECV && chan_drained(k->chan)) {
        chan_recv_drained(k->chan, k->elem);
        if (k->ok)
            *k->ok = false;
        return true;
    }
    spin_lock(&k->chan->lock, LEAT__RANK_CHAN);
    enum chan_result r = try_locked(s, k, &wake);
    spin_unlock(&k->chan->lock, LEAT__RANK_CHAN);
    finish(k, r, wake);
    return r != CHAN_NOT_NOW;
}

/* ---- 3: all locks, in address order ---- */

static uintptr_t key_of(const struct select *s, size_t i)
{
    return (uintptr_t)s->cases[s->order[i]].chan;
}

static void swap_order(struct select *s, size_t i, size_t j)
{
    uint16_t t = s->order[i];

    s->order[i] = s->order[j];
    s->order[j] = t;
}

static void sift_order(struct select *s, size_t i, size_t n)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && key_of(s, child + 1) > key_of(s, child))
            child++;
        if (key_of(s, i) >= key_of(s, child))
            return;
        swap_order(s, i, child);
    }
}

/* Few are sorted by insertion, many by a heap: neither needs memory. */
static void sort_cases(struct select *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (is_channel_case(&s->cases[i]))
            s->order[n++] = (uint16_t)i;
    s->norder = n;
    if (n <= INSERTION_MAX) {
        for (size_t i = 1; i < n; i++)
            for (size_t j = i; j > 0 && key_of(s, j - 1) > key_of(s, j); j--)
                swap_order(s, j - 1, j);
        return;
    }
    for (size_t i = n / 2; i-- > 0;)
        sift_order(s, i, n);
    for (size_t end = n - 1; end > 0; end--) {
        swap_order(s, 0, end);
        sift_order(s, 0, end);
    }
}

/* The channel of the ith case to lock; NULL when the one before is the same. */
static leat_chan_base *lock_at(const struct select *s, size_t i)
{
    leat_chan_base *c = s->cases[s->order[i]].chan;

    return i > 0 && s->cases[s->order[i - 1]].chan == c ? NULL : c;
}

static void lock_all(struct select *s)
{
    for (size_t i = 0; i < s->norder; i++) {
        leat_chan_base *c = lock_at(s, i);
        if (c)
            spin_lock(&c->lock, LEAT__RANK_CHAN);
    }
}

static void unlock_all(struct select *s)
{
    for (size_t i = s->norder; i-- > 0;) {
        leat_chan_base *c = lock_at(s, i);
        if (c)
            spin_unlock(&c->lock, LEAT__RANK_CHAN);
    }
}

/* All locks held: the index of a case that happened, -1: none could. */
static int try_all_locked(struct select *s, enum chan_result *r, struct g **wake)
{
    int i = sample(s);

    if (i < 0)
        return -1;
    *r = try_locked(s, &s->cases[i], wake);
    if (*r != CHAN_NOT_NOW)
        return i;
    /* What seemed ready was a waiter somebody else has won: try all in turn. */
    for (size_t j = 0; j < s->n; j++) {
        if (!is_channel_case(&s->cases[j]))
            continue;
        *r = try_locked(s, &s->cases[j], wake);
        if (*r != CHAN_NOT_NOW)
            return (int)j;
    }
    return -1;
}

static struct waitq *queue_of(const leat_case *k)
{
    return k->kind == LEAT_CASE_SEND ? &k->chan->senders : &k->chan->receivers;
}

/* The ring of the waiters on one channel: cases i to end - 1 of the order. */
static void link_twins(struct select *s, size_t i, size_t end)
{
    for (size_t j = i; j < end; j++) {
        struct waiter *next = &s->waiters[s->order[j + 1 < end ? j + 1 : i]];
        s->waiters[s->order[j]].twin = end - i > 1 ? next : NULL;
    }
}

static void enqueue_all(struct select *s)
{
    for (size_t i = 0, end = 0; i < s->norder; i++) {
        leat_case *k = &s->cases[s->order[i]];
        struct waiter *w = &s->waiters[s->order[i]];
        if (i == end) {
            while (++end < s->norder && !lock_at(s, end))
                ;
            link_twins(s, i, end);
        }
        w->g = s->g;
        w->elem = k->elem;
        w->elem_size = k->chan->elem_size;
        w->index = s->order[i];
        w->selecting = true;
        w->sends = k->kind == LEAT_CASE_SEND;
        w->ok = false;
        waitq_push(queue_of(k), w);
        chan_changed(k->chan);
    }
}

/* ---- 4: woken ---- */

static void dequeue_losers(struct select *s, int winner)
{
    const leat_chan_base *over = s->cases[winner].chan; /* NULL: the timeout won */

    for (size_t i = 0; i < s->norder; i++) {
        leat_case *k = &s->cases[s->order[i]];
        if (k->chan == over)
            continue;
        spin_lock(&k->chan->lock, LEAT__RANK_CHAN);
        waitq_remove(queue_of(k), &s->waiters[s->order[i]]);
        chan_changed(k->chan);
        spin_unlock(&k->chan->lock, LEAT__RANK_CHAN);
    }
}

/* The winner's side of a wake-up: what the waker left in the waiter. */
static void conclude(const leat_case *k, const struct waiter *w)
{
    if (k->kind == LEAT_CASE_SEND) {
        if (!w->ok)
            chan_send_failed(CHAN_CLOSED);
        return;
    }
    san_write(k->elem, w->elem_size);
    if (!w->ok)
        chan_zero(k->elem, w->elem_size);
    if (k->ok)
        *k->ok = w->ok;
}

/* Which case won. */
static int park_selecting(struct select *s, int64_t deadline)
{
    struct limit limit = limit_until(deadline);
    enum wait_reason why = s->norder || s->timeout >= 0 ? WAIT_SELECT : WAIT_SELECT_NO_CASES;

    if (limit_park(s->g, why, NULL, &limit))
        return s->timeout;
    return (int)load_acquire(&s->g->u.wait.fired) - 1;
}

static int wait_for_one(struct select *s)
{
    int64_t deadline = INT64_MAX;

    if (s->timeout >= 0)
        deadline = time_after(s->cases[s->timeout].timeout);
    limit_begin(s->g);
    enqueue_all(s);
    unlock_all(s);
    int winner = park_selecting(s, deadline);
    san_acquire(&s->g->u.wait.edge);
    dequeue_losers(s, winner);
    if (winner != s->timeout)
        conclude(&s->cases[winner], &s->waiters[winner]);
    return winner;
}

/* ---- the calls ---- */

/* Under all locks: take a case, or wait for one. */
static int select_locked(struct select *s)
{
    struct g *wake = NULL;
    enum chan_result r = CHAN_NOT_NOW;

    sort_cases(s);
    lock_all(s);
    int i = try_all_locked(s, &r, &wake);
    if (i < 0 && s->deflt < 0 && !(s->timeout >= 0 && s->cases[s->timeout].timeout <= 0))
        return wait_for_one(s); /* drops the locks */
    unlock_all(s);
    if (i < 0)
        return s->deflt >= 0 ? s->deflt : s->timeout;
    finish(&s->cases[i], r, wake);
    return i;
}

__attribute__((noinline)) static int select_in_frame(struct select *s)
{
    struct places places;

    s->waiters = places.waiters;
    s->order = places.order;
    int i = select_locked(s);
    s->waiters = NULL; /* they end with this frame */
    s->order = NULL;
    return i;
}

LEAT__COLD static int select_in_heap(struct select *s)
{
    size_t size = s->n * (sizeof(*s->waiters) + sizeof(*s->order));
    struct waiter *room = leat__need(leat__alloc(size), "the waiters of a select");

    s->waiters = room;
    s->order = (uint16_t *)(void *)(room + s->n);
    int i = select_locked(s);
    leat__free(room);
    return i;
}

/* A look has found nothing: was there one instant without a ready case? */
static bool none_was_ready(struct select *s)
{
    uint64_t before = s->versions;

    if (s->channels <= 1)
        return true;
    s->versions = versions_now(s);
    return s->versions == before;
}

static int select_cases(leat_case *cases, size_t n, bool ordered)
{
    struct m *m = m_self();
    struct select s;

    s.cases = cases;
    s.n = n;
    s.ordered = ordered;
    s.deflt = -1;
    s.timeout = -1;
    s.m = m;
    s.g = m->cur;
    int i = first_look(&s);
    while (i < 0 && s.deflt >= 0 && !none_was_ready(&s))
        i = sample(&s);
    if (i < 0 && s.deflt >= 0)
        i = s.deflt;
    else if (i < 0 || !try_case(&s, &s.cases[i]))
        i = s.n <= CASES_INLINE ? select_in_frame(&s) : select_in_heap(&s);
    sched_poll(m_self());
    return i;
}

int leat_select_n(leat_case *cases, size_t n)
{
    return select_cases(cases, n, false);
}

int leat_select_ordered_n(leat_case *cases, size_t n)
{
    return select_cases(cases, n, true);
}

int leat__select(leat_case *cases)
{
    return select_cases(cases, UNCOUNTED, false);
}

int leat__select_ordered(leat_case *cases)
{
    return select_cases(cases, UNCOUNTED, true);
}
