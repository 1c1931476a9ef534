/* SPDX-License-Identifier: MIT */
/*
 * foreign_test.c - threads that leat did not make use everything goroutines use: they block
 * themselves, goroutines park, and nothing is lost between the two.
 */
#include "sched_util.h"

enum { THREADS = 4, GOROUTINES = 8 };

static leat_int_chan numbers;
static leat_int64_chan answers;
static leat_mutex mutex;
static leat_waitgroup group;
static leat_once once;
static long guarded, once_runs;
static long per_sender;

static void sends_numbers(void)
{
    for (int i = 1; i <= per_sender; i++)
        leat_send(numbers, i);
}

static void sums_numbers(void)
{
    int64_t sum = 0;

    leat_range(v, numbers)
        sum += v;
    leat_send(answers, sum);
}

static void *thread_sends(void *unused)
{
    sends_numbers();
    return unused;
}

static void *thread_sums(void *unused)
{
    sums_numbers();
    return unused;
}

static void closes_after_senders(leat_waitgroup *senders)
{
    leat_waitgroup_wait(senders);
    leat_close(numbers);
}

static void sends_and_is_done(leat_waitgroup *wg)
{
    sends_numbers();
    leat_waitgroup_done(wg);
}

static void *thread_sends_and_is_done(void *wg)
{
    sends_and_is_done(wg);
    return NULL;
}

static void mixed_crowd(int64_t cap)
{
    pthread_t out[THREADS], in[THREADS];
    leat_waitgroup senders = {0};
    int64_t total = 0, sum;

    per_sender = t_scale(2000);
    numbers = leat_chan_make(leat_int_chan, cap);
    answers = leat_chan_make(leat_int64_chan, 0);
    leat_waitgroup_add(&senders, THREADS + GOROUTINES);
    for (int i = 0; i < THREADS; i++) {
        out[i] = util_thread(thread_sends_and_is_done, &senders);
        in[i] = util_thread(thread_sums, NULL);
    }
    for (int i = 0; i < GOROUTINES; i++) {
        leat_go(sends_and_is_done, &senders);
        leat_go(sums_numbers);
    }
    leat_go(closes_after_senders, &senders);
    for (int i = 0; i < THREADS + GOROUTINES; i++) {
        T_TRUE(leat_recv(answers, &sum));
        total += sum;
    }
    T_EQ(total, (THREADS + GOROUTINES) * per_sender * (per_sender + 1) / 2);
    for (int i = 0; i < THREADS; i++) {
        util_join(out[i]);
        util_join(in[i]);
    }
    leat_chan_free(numbers);
    leat_chan_free(answers);
}

T_TEST(threads_and_goroutines_share_an_unbuffered_channel)
{
    mixed_crowd(0);
}

T_TEST(threads_and_goroutines_share_a_buffered_channel)
{
    mixed_crowd(1);
    mixed_crowd(64);
}

T_TEST(two_threads_talk_while_main_is_in_a_join)
{
    per_sender = t_scale(2000);
    numbers = leat_chan_make(leat_int_chan, 0);
    answers = leat_chan_make(leat_int64_chan, 1);
    pthread_t a = util_thread(thread_sends, NULL), b = util_thread(thread_sums, NULL);
    util_join(a);
    leat_close(numbers);
    util_join(b);
    int64_t sum = 0;
    T_TRUE(leat_recv(answers, &sum));
    T_EQ(sum, per_sender * (per_sender + 1) / 2);
    leat_chan_free(numbers);
    leat_chan_free(answers);
}

static void locks_often(void)
{
    for (long i = t_scale(3000); i > 0; i--) {
        leat_mutex_lock(&mutex);
        long was = guarded;
        if (i % 64 == 0)
            leat_yield();
        guarded = was + 1;
        leat_mutex_unlock(&mutex);
    }
}

static void *thread_locks_often(void *unused)
{
    locks_often();
    return unused;
}

T_TEST(a_mutex_excludes_threads_and_goroutines)
{
    pthread_t threads[THREADS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < THREADS; i++)
        threads[i] = util_thread(thread_locks_often, NULL);
    for (int i = 0; i < GOROUTINES; i++)
        leat_waitgroup_go(&wg, locks_often);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < THREADS; i++)
        util_join(threads[i]);
    T_EQ(guarded, (THREADS + GOROUTINES) * t_scale(3000));
}

static void waits_and_counts(atomic_long *released)
{
    leat_waitgroup_wait(&group);
    atomic_fetch_add(released, 1);
}

static void *thread_waits_and_counts(void *released)
{
    waits_and_counts(released);
    return NULL;
}

static void *thread_is_done(void *unused)
{
    leat_waitgroup_done(&group);
    return unused;
}

T_TEST(a_wait_group_releases_threads_and_goroutines)
{
    for (long round = t_scale(200); round > 0; round--) {
        pthread_t waiters[2];
        leat_waitgroup wg = {0};
        atomic_long released = 0;

        leat_waitgroup_add(&group, 2);
        for (int i = 0; i < 2; i++)
            waiters[i] = util_thread(thread_waits_and_counts, &released);
        for (int i = 0; i < 3; i++)
            leat_waitgroup_go(&wg, waits_and_counts, &released);
        pthread_t doer = util_thread(thread_is_done, NULL);
        leat_yield();
        T_EQ(atomic_load(&released), 0);
        leat_waitgroup_done(&group);
        leat_waitgroup_wait(&wg);
        util_join(doer);
        for (int i = 0; i < 2; i++)
            util_join(waiters[i]);
        T_EQ(atomic_load(&released), 5);
    }
}

static void counts_run(void)
{
    leat_yield();
    once_runs++;
}

static void *thread_does_once(void *unused)
{
    leat_once_do(&once, counts_run);
    T_EQ(once_runs, 1);
    return unused;
}

static void does_once(void)
{
    thread_does_once(NULL);
}

T_TEST(once_is_once_for_threads_and_goroutines)
{
    pthread_t threads[THREADS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < THREADS; i++) {
        threads[i] = util_thread(thread_does_once, NULL);
        leat_waitgroup_go(&wg, does_once);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < THREADS; i++)
        util_join(threads[i]);
    T_EQ(once_runs, 1);
}

/* Selects on both directions; what was sent and what was received must balance. */
static void selects(leat_int_chan a, leat_int_chan b, long n, atomic_long *balance)
{
    for (long i = 0; i < n; i++) {
        int v = 0;
        switch (leat_select(leat_case_send(a, 1), leat_case_recv(a, &v), leat_case_send(b, 1),
                            leat_case_recv(b, &v))) {
        case 0:
        case 2:
            atomic_fetch_add(balance, 1);
            break;
        default:
            T_EQ(v, 1);
            atomic_fetch_sub(balance, 1);
        }
    }
}

struct selecting {
    leat_int_chan a, b;
    long n;
    atomic_long balance;
};

static void *thread_selects(void *p)
{
    struct selecting *s = p;

    selects(s->a, s->b, s->n, &s->balance);
    return NULL;
}

T_TEST(threads_and_goroutines_select_against_each_other)
{
    struct selecting s = {.n = t_scale(2000), .balance = 0};
    leat_waitgroup wg = {0};
    pthread_t threads[2];

    s.a = leat_chan_make(leat_int_chan, 2);
    s.b = leat_chan_make(leat_int_chan, 2); /* buffers: nobody can be left without a partner */
    for (int i = 0; i < 2; i++) {
        threads[i] = util_thread(thread_selects, &s);
        leat_waitgroup_go(&wg, selects, s.a, s.b, s.n, &s.balance);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < 2; i++)
        util_join(threads[i]);
    T_EQ(atomic_load(&s.balance), leat_len(s.a) + leat_len(s.b));
    leat_chan_free(s.a);
    leat_chan_free(s.b);
}

static void *thread_uses_small_things(void *unused)
{
    leat_duration before = leat_now();
    leat_sleep(2 * LEAT_MILLISECOND);
    T_GE(leat_now() - before, 2 * LEAT_MILLISECOND);

    leat_time_chan soon = leat_after(LEAT_MILLISECOND);
    T_TRUE(leat_recv(soon, NULL));
    leat_chan_free(soon);
    T_EQ(leat_select(leat_case_recv((leat_int_chan)NULL, NULL),
                     leat_case_timeout(LEAT_MILLISECOND)),
         1);
    leat_yield();
    leat_lock_thread();
    leat_unlock_thread();
    leat_pin();
    leat_unpin();
    T_NE(leat_id(), 1u);
    {
        leat_lock_guard(&mutex);
        T_FALSE(leat_mutex_trylock(&mutex));
    }
    T_TRUE(leat_mutex_trylock(&mutex));
    leat_mutex_unlock(&mutex);
    return unused;
}

T_TEST(a_thread_sleeps_selects_and_guards)
{
    pthread_t t = util_thread(thread_uses_small_things, NULL);

    util_join(t);
    T_EQ(leat_num_goroutine(), 1); /* a foreign thread is no goroutine */
}

static void answers_id(leat_int64_chan c)
{
    leat_send(c, (int64_t)leat_id());
}

static void *thread_spawns(void *p)
{
    leat_int64_chan c = leat_chan_make(leat_int64_chan, 0);
    int64_t id = 0;

    (void)p;
    for (int i = 0; i < 100; i++) {
        leat_go(answers_id, c);
        T_TRUE(leat_recv(c, &id));
        T_GT(id, 1);
    }
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(c);
    return NULL;
}

T_TEST(a_thread_starts_goroutines_and_waits_for_them)
{
    T_EQ(leat_id(), 1u);
    util_join(util_thread(thread_spawns, NULL));
}

static void *thread_is_first(void *p)
{
    T_NE(leat_id(), 1u);
    *(int *)p = util_tid();
    thread_spawns(NULL);
    T_EQ(util_tid(), *(int *)p); /* it never migrates */
    return NULL;
}

T_TEST(a_thread_that_calls_first_does_not_become_main)
{
    int tid = 0;

    util_join(util_thread(thread_is_first, &tid));
    T_EQ(leat_id(), 1u);
    T_EQ(util_tid(), (int)getpid());
}

/* A thread that comes, wakes somebody and is gone: what it left behind must not be touched. */
static void *thread_wakes_and_ends(void *c)
{
    leat_send((leat_int_chan)c, 1);
    return NULL;
}

T_TEST(threads_come_and_go)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    for (long i = t_scale(500); i > 0; i--) {
        pthread_t t = util_thread(thread_wakes_and_ends, c);
        int v = 0;
        T_TRUE(leat_recv(c, &v));
        T_EQ(v, 1);
        util_join(t);
    }
    leat_chan_free(c);
}
