/* SPDX-License-Identifier: MIT */
/*
 * singleflight.c - callers that want the same at the same time share one call.
 *
 * PICTURE   group: buckets of flights, one flight a key
 *           flight (in its leader's frame): key, place of the result
 *              waiters: goroutines, each with a place for its copy
 *              channels: those of do_chan, each with an element to fill
 *
 * INVARIANTS
 *   F1  At most one flight of a key is listed; forget takes it off, its landing goes on.
 *   F2  A flight lands once: by the end of its function or by leat_exit. It is a deferred call
 *       of its leader; with do_chan, its goroutine's joiner (sched.h).
 *   F3  Landing takes the flight and all its waiters off under the lock. After that nobody finds
 *       the flight, and a waiter that gives up finds itself on no queue.
 *
 * NO ALLOCATION where the function runs in its caller: the flight is in the leader's frame, the
 *   waiters in theirs, and the values are copied from frame to frame while both stand still, as
 *   an unbuffered channel does it. Go allocates a record and boxes the value.
 *
 * ORDERING  The edges are on each waiter's record: it releases what it wrote to its place before
 *   it waits; the leader acquires that, copies, and releases what its function did.
 *
 * LEAVING  leat_exit inside the function lands the flight: its waiters leave as well, as in Go.
 *   Those of do_chan, which Go lets wait for ever, get -ECANCELED. A panic ends the process.
 *
 * PROOF tests/golike/singleflight_test.c
 */
#include "flow/singleflight.h"

#include <string.h>

#include "base/fatal.h"
#include "os/mem.h"
#include "park/limit.h"
#include "park/waiter.h"

/* A caller that waits; w.elem is where its copy goes. */
struct flight_waiter {
    struct waiter w;
    int err;
    bool exited;
};

/* A channel that waits, with its element. */
struct flight_channel {
    struct flight_channel *next;
    leat_chan_base *to;
    const leat__flight_layout *layout;
    _Alignas(16) char elem[];
};

/* A flight whose function runs in a goroutine of its own. */
struct flight_task {
    struct joiner joiner;
    leat__flight flight;
    struct flight_channel *place; /* whose element the function fills */
    char key[];
};

static inline struct waitq *flight_waiters(leat__flight *f)
{
    return (struct waitq *)(void *)f->waiters;
}
_Static_assert(sizeof(((leat__flight *)0)->waiters) == sizeof(struct waitq), "its storage");

static inline void group_lock(leat_singleflight *g)
{
    spin_lock((spinlock *)(void *)&g->leat__lock, LEAT__RANK_LEAF);
}

static inline void group_unlock(leat_singleflight *g)
{
    spin_unlock((spinlock *)(void *)&g->leat__lock, LEAT__RANK_LEAF);
}

static uint64_t key_hash(const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return h ^ h >> 32;
}

/* Not strcmp: ThreadSanitizer intercepts that, and does not know of the lock under which a key is
 * read that another caller will write again when its call is over. */
static bool flight_has_key(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        continue;
    return *a == *b;
}

/* Lock held: where the flight of the key is linked, or the end of its bucket. */
static leat__flight **flight_find(leat_singleflight *g, const char *key, uint64_t hash)
{
    leat__flight **at = &g->leat__calls[hash % LEAT__FLIGHT_BUCKETS];

    while (*at && ((*at)->hash != hash || !flight_has_key((*at)->key, key)))
        at = &(*at)->next;
    return at;
}

static void flight_init(leat__flight *f, leat_singleflight *g, const char *key)
{
    f->group = g;
    f->key = key;
    f->hash = key_hash(key);
    *flight_waiters(f) = (struct waitq){NULL, NULL};
    f->channels = NULL;
    f->err = -ECANCELED;
    f->exited = true;
    f->next = NULL;
    f->listed = true;
}

/* ---- landing ---- */

/* Lock held: everybody who still waits, as a chain. */
static struct waiter *flight_passengers(leat__flight *f)
{
    struct waiter *chain = NULL, **end = &chain, *w;

    while ((w = waitq_pop(flight_waiters(f)))) {
        w->next = NULL;
        *end = w;
        end = &w->next;
    }
    return chain;
}

static void flight_unlist(leat__flight *f)
{
    leat__flight **at = &f->group->leat__calls[f->hash % LEAT__FLIGHT_BUCKETS];

    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    f->listed = false;
}

static void deliver_to_waiter(leat__flight *f, struct waiter *w)
{
    struct flight_waiter *fw = (struct flight_waiter *)(void *)w;

    fw->err = f->err;
    fw->exited = f->exited;
    if (!f->err) {
        san_acquire(&w->g->u.wait.edge);
        san_read(f->out, f->size);
        san_write(w->elem, f->size);
        memcpy(w->elem, f->out, f->size);
    }
    san_release(&w->g->u.wait.edge);
    sched_ready(w->g);
}

static void deliver_to_channel(leat__flight *f, struct flight_channel *c, bool shared)
{
    const leat__flight_layout *at = c->layout;

    if (!f->err && f->out != c->elem + at->value) {
        san_read(f->out, f->size);
        san_write(c->elem + at->value, f->size);
        memcpy(c->elem + at->value, f->out, f->size);
    }
    memcpy(c->elem + at->err, &f->err, sizeof(f->err));
    memcpy(c->elem + at->shared, &shared, sizeof(shared));
    if (!leat_chan_base_try_send(c->to, c->elem))
        leat__throw("leat: no room for the result of a shared call in its channel");
    leat_chan_base_unref(c->to);
}

/* `served`: who gets the result without being told. */
static void flight_land(leat__flight *f, int served)
{
    leat_singleflight *g = f->group;
    struct flight_channel *c, *next_c;
    struct waiter *w, *next_w;
    bool shared;

    group_lock(g);
    if (f->listed)
        flight_unlist(f);
    w = flight_passengers(f);
    c = f->channels;
    group_unlock(g);
    shared = served + (w != NULL) + (w && w->next) + (c != NULL) + (c && c->next) > 1;
    if (f->shared)
        *f->shared = shared;
    for (; w; w = next_w) {
        next_w = w->next;
        deliver_to_waiter(f, w);
    }
    for (; c; c = next_c) {
        next_c = c->next;
        deliver_to_channel(f, c, shared);
        if (f->out != c->elem + c->layout->value)
            leat__free(c);
    }
}

/* ---- callers that wait themselves ---- */

/* The deferred end of the leader. */
static void flight_left(void *f)
{
    flight_land(f, 1);
}

int leat__flight_end(leat__flight *f, int err)
{
    f->err = err;
    f->exited = false;
    leat__defer_run(&f->end);
    return err;
}

static void check_size(const leat__flight *f, size_t size)
{
    if (f->size != size)
        leat__throw("leat: calls that share a key have results of different sizes");
}

/* The group's lock is held when it begins, not when it returns. */
static int flight_join(leat__flight *f, leat__flight *mine, const struct limit *limit)
{
    struct g *g = g_self();
    struct flight_waiter self = {.w = {.g = g, .elem = mine->out, .selecting = true}};

    limit_begin(g);
    waitq_push(flight_waiters(f), &self.w);
    group_unlock(mine->group);
    int err = limit_park(g, WAIT_SINGLEFLIGHT, mine->group, limit);
    if (err) {
        group_lock(mine->group);
        waitq_remove(flight_waiters(f), &self.w); /* f may be gone if that does nothing */
        group_unlock(mine->group);
        return err;
    }
    san_acquire(&g->u.wait.edge);
    if (self.exited && !(g->flags & G_FOREIGN))
        leat_exit();
    if (mine->shared)
        *mine->shared = true;
    return self.err;
}

int leat__flight_begin(leat__flight *f, leat_ctx *ctx, leat_singleflight *g, const char *key)
{
    struct limit limit = limit_ctx(ctx);
    int err = limit_over(&limit);

    if (err)
        return err;
    g_self();
    flight_init(f, g, key);
    group_lock(g);
    leat__flight **at = flight_find(g, key, f->hash);
    if (*at) {
        check_size(*at, f->size);
        return flight_join(*at, f, &limit);
    }
    *at = f;
    group_unlock(g);
    leat__defer_push(&f->end, flight_left, f);
    return LEAT__FLIGHT_LEAD;
}

/* ---- callers with a channel ---- */

static void flight_task_ended(struct joiner *j, int result)
{
    struct flight_task *t = container_of(j, struct flight_task, joiner);

    t->flight.exited = result == SCHED_EXITED;
    t->flight.err = t->flight.exited ? -ECANCELED : result;
    flight_land(&t->flight, 0);
    leat__free(t->place);
    leat__free(t);
}

static void *flight_alloc(size_t size)
{
    return leat__need(leat__alloc_aligned(size, 16), "a shared call");
}

static struct flight_channel *flight_channel_make(leat_chan_base *to,
                                                  const leat__flight_layout *layout)
{
    struct flight_channel *c = flight_alloc(sizeof(*c) + layout->elem_size);

    c->to = leat_chan_base_ref(to);
    c->layout = layout;
    return c;
}

static struct flight_task *flight_task_make(leat_singleflight *g, const char *key,
                                            struct flight_channel *c)
{
    size_t len = strlen(key) + 1;
    struct flight_task *t = flight_alloc(sizeof(*t) + len);

    memcpy(t->key, key, len);
    flight_init(&t->flight, g, t->key);
    t->flight.out = c->elem + c->layout->value;
    t->flight.size = c->layout->value_size;
    t->flight.shared = NULL;
    t->flight.channels = c;
    t->place = c;
    t->joiner.ended = flight_task_ended;
    return t;
}

/* NULL: another makes the call. Else the caller starts the function, which fills out. */
leat__flight *leat__flight_open(leat_singleflight *g, const char *key, leat_chan_base *to,
                                const leat__flight_layout *layout)
{
    struct flight_channel *c = flight_channel_make(to, layout);
    struct flight_task *t = flight_task_make(g, key, c);

    group_lock(g);
    leat__flight **at = flight_find(g, key, t->flight.hash);
    leat__flight *other = *at;
    if (other) {
        check_size(other, layout->value_size);
        c->next = other->channels;
        other->channels = c;
    } else {
        *at = &t->flight;
    }
    group_unlock(g);
    if (!other)
        return &t->flight;
    leat__free(t);
    return NULL;
}

void leat__flight_commit(void (*fn)(void), const leat_site *site, leat__flight *f)
{
    struct flight_task *t = container_of(f, struct flight_task, flight);

    sched_start(sched_spawn_held(fn, site, &t->joiner, __builtin_return_address(0)));
    sched_poll(m_self());
}

void leat_singleflight_forget(leat_singleflight *g, const char *key)
{
    uint64_t hash = key_hash(key);

    group_lock(g);
    leat__flight **at = flight_find(g, key, hash);
    leat__flight *f = *at;
    if (f) {
        *at = f->next;
        f->listed = false;
    }
    group_unlock(g);
}

int singleflight_waiting(leat_singleflight *g, const char *key)
{
    uint64_t hash = key_hash(key);
    int n = 0;

    group_lock(g);
    leat__flight *f = *flight_find(g, key, hash);
    for (const struct waiter *w = f ? flight_waiters(f)->first : NULL; w; w = w->next)
        n++;
    group_unlock(g);
    return n;
}
