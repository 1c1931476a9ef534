/* SPDX-License-Identifier: MIT */
/*
 * queue_test.c - the ring, the fork stack and the way to the global list, without a scheduler.
 *
 * The queues are bare structures here and their elements are records that never run. What they
 * promise is one sentence, each element comes out exactly once, so the hammers count in the
 * record itself how often it came out.
 */
#define _GNU_SOURCE 1
#include "sched/sched.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

enum { QUEUE_THIEVES = 3, QUEUE_SIZE = LEAT__RUNQ_SIZE };

static struct g *queue_records(size_t n)
{
    struct g *g = aligned_alloc(64, n * sizeof(*g));

    T_TRUE(g);
    memset(g, 0, n * sizeof(*g));
    return g;
}

static struct runq *queue_ring(void)
{
    struct runq *q = aligned_alloc(64, sizeof(*q));

    T_TRUE(q);
    memset(q, 0, sizeof(*q));
    return q;
}

/* ---- the ring ---- */

T_TEST(ring_is_first_in_first_out, .procs = {1})
{
    struct g *g = queue_records(QUEUE_SIZE + 1);
    struct runq *q = queue_ring();

    q->head = q->tail = UINT32_MAX - 1; /* both counters wrap on the way */
    for (int round = 0; round < 4; round++) {
        T_TRUE(!runq_get(q));
        for (uint32_t i = 0; i < QUEUE_SIZE; i++) {
            T_EQ(runq_len(q), i);
            T_TRUE(runq_put(q, &g[i]));
        }
        T_FALSE(runq_put(q, &g[QUEUE_SIZE]));
        T_EQ(runq_len(q), QUEUE_SIZE);
        for (int i = 0; i < QUEUE_SIZE; i++)
            T_EQ(runq_get(q), &g[i]);
        T_EQ(runq_len(q), 0u);
    }
    free(q);
    free(g);
}

T_TEST(steal_takes_half_and_the_oldest_first, .procs = {1})
{
    struct g *g = queue_records(QUEUE_SIZE);

    for (uint32_t n = 1; n <= QUEUE_SIZE; n++) {
        struct runq *from = queue_ring(), *to = queue_ring();
        struct g *first = NULL;
        from->head = from->tail = (uint32_t)t_rand();
        to->head = to->tail = (uint32_t)t_rand();
        for (uint32_t i = 0; i < n; i++)
            T_TRUE(runq_put(from, &g[i]));
        uint32_t stolen = runq_steal(from, to, &first);
        T_EQ(stolen, n - n / 2);
        T_EQ(first, &g[0]);
        T_EQ(runq_len(to), stolen - 1);
        for (uint32_t i = 1; i < stolen; i++)
            T_EQ(runq_get(to), &g[i]);
        for (uint32_t i = stolen; i < n; i++)
            T_EQ(runq_get(from), &g[i]);
        T_TRUE(!runq_get(from));
        free(from);
        free(to);
    }
    free(g);
}

T_TEST(steal_takes_no_more_than_fits, .procs = {1})
{
    struct g *g = queue_records(2 * QUEUE_SIZE);

    for (uint32_t space = 0; space < QUEUE_SIZE; space++) {
        struct runq *from = queue_ring(), *to = queue_ring();
        struct g *first = NULL;
        uint32_t had = QUEUE_SIZE - space;
        for (uint32_t i = 0; i < had; i++)
            T_TRUE(runq_put(to, &g[QUEUE_SIZE + i]));
        for (uint32_t i = 0; i < QUEUE_SIZE; i++)
            T_TRUE(runq_put(from, &g[i]));
        uint32_t stolen = runq_steal(from, to, &first);
        T_EQ(stolen, space + 1 < QUEUE_SIZE / 2 ? space + 1 : QUEUE_SIZE / 2);
        T_EQ(first, &g[0]); /* needs no room: the thief runs it */
        for (uint32_t i = 0; i < had; i++)
            T_EQ(runq_get(to), &g[QUEUE_SIZE + i]);
        for (uint32_t i = 1; i < stolen; i++)
            T_EQ(runq_get(to), &g[i]);
        T_TRUE(!runq_get(to));
        free(from);
        free(to);
    }
    free(g);
}

T_TEST(steal_from_an_empty_ring_gives_nothing, .procs = {1})
{
    struct g *g = queue_records(2);
    struct runq *from = queue_ring(), *to = queue_ring();
    struct g *first = &g[1];

    T_TRUE(runq_put(from, &g[0])); /* the slot keeps an old pointer */
    T_EQ(runq_get(from), &g[0]);
    T_EQ(runq_steal(from, to, &first), 0u);
    T_EQ(first, &g[1]);
    T_EQ(runq_len(to), 0u);
    free(from);
    free(to);
    free(g);
}

/* ---- hammers: an owner against thieves ---- */

struct queue_hammer {
    struct runq *ring;
    struct forkq *forks;
    struct g *g;
    long n;
    uint32_t done; /* atomic: the owner will put nothing more */
};

static void queue_came_out(struct g *g)
{
    __atomic_fetch_add(&g->id, 1, __ATOMIC_RELAXED);
}

/* A thief that takes nothing must not name anybody: one that had lost its race once ran the
 * goroutine it had lost. */
static void *queue_ring_thief(void *arg)
{
    struct queue_hammer *h = arg;
    struct runq *mine = queue_ring();

    for (;;) {
        bool last = __atomic_load_n(&h->done, __ATOMIC_ACQUIRE);
        struct g *first = NULL;
        uint32_t n = runq_steal(h->ring, mine, &first);
        if (n == 0) {
            T_TRUE(!first);
            if (last && runq_len(h->ring) == 0)
                break;
            continue;
        }
        queue_came_out(first);
        for (uint32_t i = 1; i < n; i++) {
            struct g *g = runq_get(mine);
            T_TRUE(g);
            queue_came_out(g);
        }
        T_TRUE(!runq_get(mine));
    }
    free(mine);
    return NULL;
}

static void *queue_fork_thief(void *arg)
{
    struct queue_hammer *h = arg;

    for (;;) {
        bool last = __atomic_load_n(&h->done, __ATOMIC_ACQUIRE);
        struct g *g = forkq_steal(h->forks);
        if (g)
            queue_came_out(g);
        else if (last && forkq_empty(h->forks))
            return NULL;
    }
}

static void queue_hammer_start(struct queue_hammer *h, pthread_t *threads,
                               void *(*thief)(void *))
{
    h->g = queue_records((size_t)h->n);
    for (int i = 0; i < QUEUE_THIEVES; i++)
        T_EQ(pthread_create(&threads[i], NULL, thief, h), 0);
}

static void queue_hammer_end(struct queue_hammer *h, const pthread_t *threads)
{
    __atomic_store_n(&h->done, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < QUEUE_THIEVES; i++)
        T_EQ(pthread_join(threads[i], NULL), 0);
    for (long i = 0; i < h->n; i++)
        T_EQ(h->g[i].id, 1u);
    free(h->g);
}

T_TEST(ring_gives_each_exactly_once, .procs = {1})
{
    struct queue_hammer h = {.ring = queue_ring(), .n = t_scale(100000)};
    pthread_t threads[QUEUE_THIEVES];
    long put = 0;

    queue_hammer_start(&h, threads, queue_ring_thief);
    while (put < h.n) {
        /* Short bursts keep the ring near empty, where owner and thieves want the same one; a
         * long one now and then fills it. */
        uint64_t burst = t_rand() % 64 == 0 ? 2 * QUEUE_SIZE : t_rand() % 4;
        for (; burst > 0 && put < h.n && runq_put(h.ring, &h.g[put]); burst--)
            put++;
        struct g *g;
        for (uint64_t take = t_rand() % 4; take > 0 && (g = runq_get(h.ring)); take--)
            queue_came_out(g);
    }
    queue_hammer_end(&h, threads);
    free(h.ring);
}

/* A thief whose race for the only one is lost finds the ring empty: it must not have said a name.
 * The one that is put in over and over is counted out as often. */
static struct {
    struct runq *ring;
    uint32_t done;  /* atomic */
    uint64_t taken; /* atomic */
} queue_single;

static void *queue_single_thief(void *arg)
{
    struct runq *mine = queue_ring();

    while (!__atomic_load_n(&queue_single.done, __ATOMIC_ACQUIRE)) {
        struct g *first = NULL;
        if (runq_steal(queue_single.ring, mine, &first) == 0)
            T_TRUE(!first);
        else
            __atomic_fetch_add(&queue_single.taken, 1, __ATOMIC_RELAXED);
        T_TRUE(!first || first == arg);
    }
    free(mine);
    return NULL;
}

T_TEST(who_loses_the_race_for_the_last_has_nothing, .procs = {1})
{
    struct g *g = queue_records(1);
    pthread_t threads[QUEUE_THIEVES];
    uint64_t taken = 0, n = (uint64_t)t_scale(1000000);

    queue_single.ring = queue_ring();
    for (int i = 0; i < QUEUE_THIEVES; i++)
        T_EQ(pthread_create(&threads[i], NULL, queue_single_thief, g), 0);
    for (uint64_t i = 0; i < n; i++) {
        T_TRUE(runq_put(queue_single.ring, g));
        while (runq_len(queue_single.ring) > 0)
            taken += runq_get(queue_single.ring) == g;
    }
    __atomic_store_n(&queue_single.done, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < QUEUE_THIEVES; i++)
        T_EQ(pthread_join(threads[i], NULL), 0);
    T_EQ(taken + queue_single.taken, n);
    free(queue_single.ring);
    free(g);
}

T_TEST(fork_stack_gives_each_exactly_once, .procs = {1})
{
    struct queue_hammer h = {.forks = aligned_alloc(64, sizeof(*h.forks)),
                             .n = t_scale(100000)};
    pthread_t threads[QUEUE_THIEVES];
    long put = 0;

    T_TRUE(h.forks);
    memset(h.forks, 0, sizeof(*h.forks));
    queue_hammer_start(&h, threads, queue_fork_thief);
    while (put < h.n) {
        for (uint64_t burst = t_rand() % 3;
             burst > 0 && put < h.n && forkq_push(h.forks, &h.g[put]); burst--)
            put++;
        struct g *g;
        for (uint64_t take = t_rand() % 3; take > 0 && (g = forkq_pop(h.forks)); take--)
            queue_came_out(g);
    }
    queue_hammer_end(&h, threads);
    free(h.forks);
}

/* ---- the fork stack alone ---- */

T_TEST(fork_stack_serves_owner_and_thief_at_its_ends, .procs = {1})
{
    struct g *g = queue_records(LEAT__FORKQ_SIZE + 1);
    struct forkq *q = aligned_alloc(64, sizeof(*q));

    T_TRUE(q);
    memset(q, 0, sizeof(*q));
    T_TRUE(forkq_empty(q));
    T_TRUE(!forkq_pop(q));
    T_TRUE(!forkq_steal(q));
    for (int i = 0; i < LEAT__FORKQ_SIZE; i++)
        T_TRUE(forkq_push(q, &g[i]));
    T_FALSE(forkq_push(q, &g[LEAT__FORKQ_SIZE]));
    for (int i = 0; i < LEAT__FORKQ_SIZE / 2; i++) {
        T_FALSE(forkq_empty(q));
        T_EQ(forkq_steal(q), &g[i]);
        T_EQ(forkq_pop(q), &g[LEAT__FORKQ_SIZE - 1 - i]);
    }
    T_TRUE(forkq_empty(q));
    T_TRUE(!forkq_pop(q));
    T_TRUE(forkq_push(q, &g[0])); /* the emptied one is as good as new */
    T_EQ(forkq_pop(q), &g[0]);
    free(q);
    free(g);
}

/* ---- the global list; nobody else uses it before the runtime has started ---- */

static struct p *queue_proc(void)
{
    struct p *p = aligned_alloc(64, sizeof(*p));

    T_TRUE(p);
    memset(p, 0, sizeof(*p));
    return p;
}

T_TEST(a_full_ring_sends_its_older_half_to_the_global_list, .procs = {1}, .fresh = true)
{
    struct g *g = queue_records(QUEUE_SIZE + 1);
    struct p *p = queue_proc();

    for (int i = 0; i < QUEUE_SIZE; i++)
        queue_local(p, &g[i]);
    T_EQ(sched.nglobal, 0);
    queue_local(p, &g[QUEUE_SIZE]);
    T_EQ(sched.nglobal, QUEUE_SIZE / 2 + 1);
    for (int i = QUEUE_SIZE / 2; i < QUEUE_SIZE; i++)
        T_EQ(runq_get(&p->runq), &g[i]);
    for (int i = 0; i < QUEUE_SIZE / 2; i++)
        T_EQ(global_get(p, 1), &g[i]);
    T_EQ(global_get(p, 1), &g[QUEUE_SIZE]);
    T_TRUE(!global_get(p, 1));
    T_EQ(sched.nglobal, 0);
    T_TRUE(!sched.global_head && !sched.global_tail);
    free(p);
    free(g);
}

T_TEST(a_proc_takes_its_share_of_the_global_list, .procs = {1}, .fresh = true)
{
    enum { MANY = 8, PROCS = 4, SHARE = MANY / PROCS + 1 };
    struct g *g = queue_records(MANY);
    struct p *p = queue_proc();
    int limit = sched.limit;

    sched.limit = PROCS;
    for (int i = 0; i < MANY; i++)
        global_put(&g[i]);
    T_EQ(global_get(p, QUEUE_SIZE), &g[0]);
    T_EQ(runq_len(&p->runq), SHARE - 1);
    T_EQ(sched.nglobal, MANY - SHARE);
    for (int i = 1; i < SHARE; i++)
        T_EQ(runq_get(&p->runq), &g[i]);
    T_EQ(global_get(p, 1), &g[SHARE]); /* less when it asks for less */
    T_EQ(runq_len(&p->runq), 0u);
    for (int i = SHARE + 1; i < MANY; i++)
        T_EQ(global_get(p, 1), &g[i]);
    T_EQ(sched.nglobal, 0);
    sched.limit = limit;
    free(p);
    free(g);
}
