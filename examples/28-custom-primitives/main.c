/* SPDX-License-Identifier: MIT */
/*
 * 28 custom primitives: a semaphore, a barrier and a broadcast, made of channels.
 *
 * Channels are enough to build everything else; here are three small proofs, each put to the
 * same work as what the library has for it. It is worth knowing how, for the day when none of
 * the ready-made ones fits. It is also worth seeing what the library's know beyond these:
 * weights and an order of service, subscribers that leave, and everywhere a context.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>

enum { WORKERS = 6, ROUNDS = 20 };

/* --- a semaphore is a buffer: who puts something in has a slot, who takes it out gives it --- */

typedef leat_done_chan chan_semaphore;

static void chan_acquire(chan_semaphore s)
{
    leat_send(s, LEAT_UNIT);
}

static void chan_release(chan_semaphore s)
{
    leat_recv(s, NULL);
}

struct gauge {
    atomic_int now, most;
};

static void measure(struct gauge *g)
{
    int now = atomic_fetch_add(&g->now, 1) + 1, most = atomic_load(&g->most);
    while (now > most && !atomic_compare_exchange_weak(&g->most, &most, now))
        continue;
    leat_yield();
    atomic_fetch_sub(&g->now, 1);
}

static void use_chan_semaphore(chan_semaphore s, struct gauge *g)
{
    for (int i = 0; i < ROUNDS; i++) {
        chan_acquire(s);
        measure(g);
        chan_release(s);
    }
}

static void use_semaphore(leat_semaphore *s, struct gauge *g)
{
    for (int i = 0; i < ROUNDS; i++) {
        leat_semaphore_acquire(s, 1);
        measure(g);
        leat_semaphore_release(s, 1);
    }
}

static void semaphores(void)
{
    leat_scoped_chan(chan_semaphore, mine, 2);
    leat_semaphore library = LEAT_SEMAPHORE(2);
    struct gauge a = {0, 0}, b = {0, 0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < WORKERS; i++) {
        leat_waitgroup_go(&wg, use_chan_semaphore, mine, &a);
        leat_waitgroup_go(&wg, use_semaphore, &library, &b);
    }
    leat_waitgroup_wait(&wg);
    printf("semaphore of two: more than two inside? %s with channels, %s with the library\n",
           atomic_load(&a.most) > 2 ? "yes" : "no", atomic_load(&b.most) > 2 ? "yes" : "no");
}

/* --- a barrier is a meeting point and a way out: the last to come opens it for all --- */

struct chan_barrier {
    int n;
    leat_int_chan arrived;    /* capacity 1, holds the number of those who are there */
    leat_done_chan turnstile; /* one for each who may go on */
};

static void chan_barrier_wait(struct chan_barrier *b)
{
    int here;

    leat_recv(b->arrived, &here); /* whoever holds the number is alone */
    if (here + 1 < b->n) {
        leat_send(b->arrived, here + 1);
        leat_recv(b->turnstile, NULL);
        return;
    }
    for (int i = 1; i < b->n; i++) /* unbuffered: each of them has gone when this is done, */
        leat_send(b->turnstile, LEAT_UNIT);
    leat_send(b->arrived, 0); /* so nobody of the next round takes its place */
}

static void walk(struct chan_barrier *b, atomic_int *steps, atomic_int *astray)
{
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(steps, 1);
        chan_barrier_wait(b);
        if (atomic_load(steps) < (i + 1) * WORKERS)
            atomic_fetch_add(astray, 1);
        chan_barrier_wait(b);
    }
}

/* The library's way to the same: rounds of a wait group. */
static void step(atomic_int *steps)
{
    atomic_fetch_add(steps, 1);
}

static void barriers(void)
{
    leat_scoped_chan(leat_int_chan, arrived, 1);
    leat_scoped_chan(leat_done_chan, turnstile, 0);
    struct chan_barrier b = {WORKERS, arrived, turnstile};
    atomic_int steps = 0, astray = 0, library = 0;
    leat_waitgroup wg = {0};

    leat_send(arrived, 0);
    for (int i = 0; i < WORKERS; i++)
        leat_waitgroup_go(&wg, walk, &b, &steps, &astray);
    leat_waitgroup_wait(&wg);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WORKERS; i++)
            leat_waitgroup_go(&wg, step, &library);
        leat_waitgroup_wait(&wg);
    }
    printf("barrier: %d steps, %d out of step; %d steps in rounds of a wait group\n",
           atomic_load(&steps), atomic_load(&astray), atomic_load(&library));
}

/* --- a broadcast is a channel that is closed: everybody sees it, now or later --- */

static void wait_for_news(leat_done_chan news, const int *what, atomic_int *heard)
{
    leat_recv(news, NULL);
    if (*what == 42)
        atomic_fetch_add(heard, 1);
}

static void wait_for_topic(leat_int_chan news, atomic_int *heard)
{
    leat_range(what, news)
        if (what == 42)
            atomic_fetch_add(heard, 1);
}

typedef leat_topic(int) int_topic;

static void broadcasts(void)
{
    leat_scoped_chan(leat_done_chan, news, 0);
    int_topic topic = leat_topic_make(int_topic);
    leat_int_chan subscribed[WORKERS];
    leat_waitgroup wg = {0};
    atomic_int heard = 0, library = 0;
    int what = 0;

    for (int i = 0; i < WORKERS; i++) {
        subscribed[i] = leat_subscribe(topic, leat_int_chan, 0, LEAT_SLOW_BLOCK);
        leat_waitgroup_go(&wg, wait_for_news, news, &what, &heard);
        leat_waitgroup_go(&wg, wait_for_topic, subscribed[i], &library);
    }
    what = 42; /* before the close: who has seen that sees this too */
    leat_close(news);
    leat_publish(topic, 42);
    leat_topic_close(topic);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < WORKERS; i++)
        leat_unsubscribe(topic, subscribed[i]);
    leat_topic_free(topic);
    printf("broadcast: heard by %d with a closed channel, by %d with a topic\n",
           atomic_load(&heard), atomic_load(&library));
}

int main(void)
{
    semaphores();
    barriers();
    broadcasts();
    return 0;
}
