/* SPDX-License-Identifier: MIT */
/*
 * timer_test.c - a heap of timers by itself: a proc that runs nothing, a clock of the test's.
 *
 * The heap is the real one, through the source's own entries; only its proc is bare, so nothing
 * fires but what the test runs. leat__policy.clock is the source of `now` here as everywhere.
 */
#define _GNU_SOURCE 1
#include "time/timer.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sched.h"
#include "sched/source.h"
#include "t.h"

static int64_t timer_virtual; /* atomic: the time */

static int64_t timer_clock(void)
{
    return __atomic_load_n(&timer_virtual, __ATOMIC_SEQ_CST);
}

/* A bare proc and the thread that would hold it. One a case: like real ones, never freed. */
static struct {
    struct p *p;
    struct m *m;
} timer_bed;

static void *timer_zeroed(size_t size)
{
    void *p = aligned_alloc(64, (size + 63) / 64 * 64);

    T_TRUE(p);
    memset(p, 0, size);
    return p;
}

static void timer_bed_make(void)
{
    leat_id(); /* this thread is known */
    timer_bed.p = timer_zeroed(sizeof(struct p));
    timer_bed.m = timer_zeroed(sizeof(struct m));
    timer_bed.m->p = timer_bed.p;
    timer_bed.p->next_due = INT64_MAX;
    leat__timer_source->proc_init(timer_bed.p);
}

static void timer_run(void)
{
    while (leat__timer_source->run(timer_bed.p, sched_now()))
        continue;
}

static void timer_sound(void)
{
    T_STREQ(leat__timer_source->check(timer_bed.p), NULL);
}

/* ---- order ---- */

struct timer_probe {
    struct timer timer;
    int64_t when;
    long fired;
};

static int64_t timer_last_fired;

static void timer_note(void *arg)
{
    struct timer_probe *probe = arg;

    T_LE(timer_last_fired, probe->when);
    T_LE(probe->when, timer_clock());
    timer_last_fired = probe->when;
    probe->fired++;
}

T_TEST(timers_fire_in_order_and_only_when_due, .procs = {1})
{
    enum { TIMERS = 500 };
    static struct timer_probe probe[TIMERS];
    timer_bed_make();
    leat__policy.clock = timer_clock;
    for (long step = t_scale(40000); step > 0; step--) {
        struct timer_probe *t = &probe[t_rand() % TIMERS];
        if (t_rand() % 16 == 0) { /* time passes */
            __atomic_add_fetch(&timer_virtual, (int64_t)(t_rand() % 200), __ATOMIC_SEQ_CST);
            int64_t now = timer_clock();
            timer_last_fired = INT64_MIN;
            timer_run();
            for (int i = 0; i < TIMERS; i++)
                if (probe[i].timer.state == TIMER_ARMED)
                    T_GT(probe[i].when, now);
            T_GT(timer_bed.p->next_due, now);
        } else if (t->timer.state == TIMER_IDLE) {
            long fired = t->fired;
            t->when = timer_clock() + (int64_t)(t_rand() % 1000) - 20; /* or has been due */
            timer_start(timer_bed.m, &t->timer, t->when, timer_note, t);
            T_EQ(t->fired, fired);
            T_LE(timer_bed.p->next_due, t->when);
        } else {
            long fired = t->fired;
            T_TRUE(timer_stop(&t->timer));
            T_FALSE(timer_stop(&t->timer));
            T_EQ(t->fired, fired);
        }
        if (step % 32 == 0)
            timer_sound();
    }
    for (int i = 0; i < TIMERS; i++)
        timer_stop(&probe[i].timer);
    timer_sound();
    T_EQ(timer_bed.p->next_due, INT64_MAX);
    leat__policy.clock = NULL;
}

T_TEST(each_armed_timer_fires_once, .procs = {1})
{
    long n = t_scale(1000000);
    struct timer_probe *probe = timer_zeroed((size_t)n * sizeof(*probe));
    long stopped = 0;

    timer_bed_make();
    leat__policy.clock = timer_clock;
    for (long i = 0; i < n; i++) {
        probe[i].when = (int64_t)(t_rand() % 1000000000);
        timer_start(timer_bed.m, &probe[i].timer, probe[i].when, timer_note, &probe[i]);
    }
    timer_sound();
    for (long i = 0; i < n; i += 3) {
        T_TRUE(timer_stop(&probe[i].timer));
        stopped++;
    }
    timer_sound();
    __atomic_store_n(&timer_virtual, 400000000, __ATOMIC_SEQ_CST);
    timer_last_fired = INT64_MIN;
    timer_run();
    timer_sound();
    __atomic_store_n(&timer_virtual, 1000000000, __ATOMIC_SEQ_CST);
    timer_run();
    T_EQ(timer_bed.p->next_due, INT64_MAX);
    for (long i = 0; i < n; i++) {
        T_EQ(probe[i].fired, i % 3 ? 1 : 0);
        stopped -= probe[i].fired == 0;
    }
    T_EQ(stopped, 0);
    leat__policy.clock = NULL;
    free(probe);
}

/* ---- what the walker sees ---- */

static void timer_nothing(void *arg)
{
    (void)arg;
}

T_TEST(the_walker_finds_a_broken_heap, .procs = {1})
{
    static struct timer t[9];

    timer_bed_make();
    for (int i = 0; i < 9; i++)
        timer_start(timer_bed.m, &t[i], 100 + i, timer_nothing, NULL);
    timer_sound();
    T_EQ(timer_bed.p->next_due, 100);
    timer_bed.p->next_due = 101;
    T_STRHAS(leat__timer_source->check(timer_bed.p), "T2");
    timer_bed.p->next_due = 100;
    t[5].index = 4;
    T_STRHAS(leat__timer_source->check(timer_bed.p), "T1");
    t[5].index = 5;
    timer_sound();
    T_TRUE(timer_stop(&t[0])); /* the first goes: somebody else is the first now */
    T_EQ(timer_bed.p->next_due, 101);
    timer_sound();
    for (int i = 1; i < 9; i++)
        T_TRUE(timer_stop(&t[i]));
    T_EQ(timer_bed.p->next_due, INT64_MAX);
}

/* ---- stopping what is just firing ---- */

struct timer_slow {
    struct timer timer;
    uint32_t entered, stopping, done; /* atomic */
};

static void timer_slow_fn(void *arg)
{
    struct timer_slow *s = arg;

    __atomic_store_n(&s->entered, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&s->stopping, __ATOMIC_SEQ_CST))
        sched_yield();
    for (int i = 0; i < 20; i++) /* the other one is in timer_stop by now, or soon */
        sched_yield();
    __atomic_store_n(&s->done, 1, __ATOMIC_SEQ_CST);
}

static void *timer_slow_runner(void *arg)
{
    (void)arg;
    leat__timer_source->run(timer_bed.p, 1);
    return NULL;
}

T_TEST(stop_waits_for_a_function_that_runs, .procs = {1})
{
    timer_bed_make();
    for (long round = t_scale(200); round > 0; round--) {
        struct timer_slow s = {.done = 0};
        pthread_t thread;
        timer_start(timer_bed.m, &s.timer, 1, timer_slow_fn, &s);
        T_EQ(pthread_create(&thread, NULL, timer_slow_runner, NULL), 0);
        while (!__atomic_load_n(&s.entered, __ATOMIC_SEQ_CST))
            sched_yield();
        T_EQ(s.timer.state, TIMER_FIRING);
        __atomic_store_n(&s.stopping, 1, __ATOMIC_SEQ_CST);
        T_FALSE(timer_stop(&s.timer));
        T_EQ(__atomic_load_n(&s.done, __ATOMIC_SEQ_CST), 1u);
        T_EQ(pthread_join(thread, NULL), 0);
    }
    timer_sound();
}

/* ---- a function that arms its own timer ---- */

struct timer_again {
    struct timer timer;
    int64_t period;
    uint32_t fired, entered, go_on; /* atomic */
};

static void timer_again_fn(void *arg)
{
    struct timer_again *a = arg;

    __atomic_add_fetch(&a->fired, 1, __ATOMIC_SEQ_CST);
    timer_arm(timer_bed.m, &a->timer, a->timer.when + a->period);
}

T_TEST(a_timer_that_its_function_armed_again_can_be_stopped, .procs = {1})
{
    struct timer_again a = {.period = 10};

    timer_bed_make();
    timer_start(timer_bed.m, &a.timer, 10, timer_again_fn, &a);
    for (uint32_t i = 1; i <= 5; i++) {
        leat__timer_source->run(timer_bed.p, i * 10);
        T_EQ(a.fired, i);
        T_EQ(a.timer.state, (uint32_t)TIMER_ARMED);
        T_EQ(timer_bed.p->next_due, (i + 1) * 10);
        timer_sound();
    }
    T_TRUE(timer_stop(&a.timer));
    T_EQ(a.timer.state, (uint32_t)TIMER_IDLE);
    T_EQ(timer_bed.p->next_due, INT64_MAX);
    leat__timer_source->run(timer_bed.p, 1000);
    T_EQ(a.fired, 5u);
}

static void timer_again_slow_fn(void *arg)
{
    struct timer_again *a = arg;

    __atomic_store_n(&a->entered, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&a->go_on, __ATOMIC_SEQ_CST))
        sched_yield();
    for (int i = 0; i < 20; i++) /* the other one is in timer_stop by now, or soon */
        sched_yield();
    timer_again_fn(a);
}

T_TEST(stop_also_takes_what_the_function_armed_meanwhile, .procs = {1})
{
    timer_bed_make();
    for (long round = t_scale(200); round > 0; round--) {
        struct timer_again a = {.period = 5};
        pthread_t thread;
        timer_start(timer_bed.m, &a.timer, 1, timer_again_slow_fn, &a);
        T_EQ(pthread_create(&thread, NULL, timer_slow_runner, NULL), 0);
        while (!__atomic_load_n(&a.entered, __ATOMIC_SEQ_CST))
            sched_yield();
        __atomic_store_n(&a.go_on, 1, __ATOMIC_SEQ_CST);
        T_TRUE(timer_stop(&a.timer));
        T_EQ(a.timer.state, (uint32_t)TIMER_IDLE);
        T_EQ(timer_bed.p->next_due, INT64_MAX);
        T_EQ(pthread_join(thread, NULL), 0);
    }
    timer_sound();
}

/* ---- moving ---- */

T_TEST(a_moved_timer_fires_at_its_last_time_only, .procs = {1})
{
    enum { TIMERS = 300 };
    static struct timer_probe probe[TIMERS];
    bool was_armed;

    timer_bed_make();
    leat__policy.clock = timer_clock;
    for (int i = 0; i < TIMERS; i++) {
        probe[i].timer.fn = timer_note;
        probe[i].timer.arg = &probe[i];
    }
    for (long step = t_scale(20000); step > 0; step--) {
        struct timer_probe *t = &probe[t_rand() % TIMERS];
        bool armed = t->timer.state & TIMER_ARMED;
        int64_t before = timer_bed.p->next_due;
        t->when = timer_clock() + (int64_t)(t_rand() % 1000);
        struct p *due = timer_move(timer_bed.m, &t->timer, t->when, &was_armed);
        T_EQ(was_armed, armed);
        T_EQ(due == timer_bed.p, timer_bed.p->next_due == t->when && t->timer.index == 0);
        T_TRUE(due || timer_bed.p->next_due >= before); /* who sleeps for it sleeps on */
        if (step % 16 == 0) {
            timer_sound();
            __atomic_add_fetch(&timer_virtual, (int64_t)(t_rand() % 50), __ATOMIC_SEQ_CST);
            timer_last_fired = INT64_MIN;
            timer_run();
        }
    }
    __atomic_add_fetch(&timer_virtual, 1000, __ATOMIC_SEQ_CST);
    timer_last_fired = INT64_MIN;
    timer_run();
    T_EQ(timer_bed.p->next_due, INT64_MAX);
    leat__policy.clock = NULL;
}

/* ---- several threads on one heap ---- */

struct timer_shared {
    uint32_t over;  /* atomic */
    long fired;     /* atomic */
    long withdrawn; /* atomic */
};

static struct timer_shared timer_shared;

static void timer_count(void *arg)
{
    (void)arg;
    __atomic_fetch_add(&timer_shared.fired, 1, __ATOMIC_RELAXED);
}

static void *timer_starter(void *arg)
{
    struct timer t[16];
    long rounds = *(const long *)arg;

    leat_id();
    memset(t, 0, sizeof(t));
    for (long r = 0; r < rounds; r++) {
        for (int i = 0; i < 16; i++)
            timer_start(timer_bed.m, &t[i], (int64_t)(t_rand() % 100), timer_count, NULL);
        for (int i = 0; i < 16; i++) { /* what it had armed counts as withdrawn, if it had */
            bool was_armed;
            timer_move(timer_bed.m, &t[i], (int64_t)(t_rand() % 100), &was_armed);
            if (was_armed)
                __atomic_fetch_add(&timer_shared.withdrawn, 1, __ATOMIC_RELAXED);
        }
        for (int i = 0; i < 16; i++)
            if (timer_stop(&t[i]))
                __atomic_fetch_add(&timer_shared.withdrawn, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void *timer_runner(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&timer_shared.over, __ATOMIC_ACQUIRE)) {
        int64_t now = (int64_t)(t_rand() % 100);
        while (leat__timer_source->run(timer_bed.p, now))
            continue;
        T_STREQ(leat__timer_source->check(timer_bed.p), NULL);
    }
    return NULL;
}

T_TEST(a_timer_fires_or_is_stopped_never_both, .procs = {1})
{
    enum { STARTERS = 2, RUNNERS = 2 };
    pthread_t starter[STARTERS], runner[RUNNERS];
    long rounds = t_scale(3000);

    timer_bed_make();
    for (int i = 0; i < RUNNERS; i++)
        T_EQ(pthread_create(&runner[i], NULL, timer_runner, NULL), 0);
    for (int i = 0; i < STARTERS; i++)
        T_EQ(pthread_create(&starter[i], NULL, timer_starter, &rounds), 0);
    for (int i = 0; i < STARTERS; i++)
        T_EQ(pthread_join(starter[i], NULL), 0);
    __atomic_store_n(&timer_shared.over, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < RUNNERS; i++)
        T_EQ(pthread_join(runner[i], NULL), 0);
    T_EQ(timer_shared.fired + timer_shared.withdrawn, rounds * 32 * STARTERS);
    T_EQ(timer_bed.p->next_due, INT64_MAX);
    timer_sound();
}
