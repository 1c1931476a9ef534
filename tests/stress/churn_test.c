/* SPDX-License-Identifier: MIT */
/*
 * churn_test.c - things that are rarely done, done often and under load: forks, changes of the
 * number of procs, threads that are locked and ended, blocking calls of all lengths.
 */
#include "../api/sched_util.h"

static atomic_bool stop;

static void works(leat_int_chan in, leat_int_chan out)
{
    leat_range(v, in)
        leat_send(out, v + 1);
    leat_close(out);
}

struct ring {
    leat_int_chan link[6];
    leat_waitgroup wg;
    atomic_long rounds;
};

static void drives(struct ring *r)
{
    int v = 0;

    while (!atomic_load(&stop)) {
        leat_send(r->link[0], 0);
        T_TRUE(leat_recv(r->link[5], &v));
        T_EQ(v, 5);
        atomic_fetch_add(&r->rounds, 1);
    }
    leat_close(r->link[0]);
    T_FALSE(leat_recv(r->link[5], &v));
}

static void ring_begin(struct ring *r)
{
    for (int i = 0; i < 6; i++)
        r->link[i] = leat_chan_make(leat_int_chan, i % 2);
    for (int i = 0; i < 5; i++)
        leat_waitgroup_go(&r->wg, works, r->link[i], r->link[i + 1]);
    leat_waitgroup_go(&r->wg, drives, r);
}

static void ring_end(struct ring *r)
{
    atomic_store(&stop, true);
    leat_waitgroup_wait(&r->wg);
    for (int i = 0; i < 6; i++)
        leat_chan_free(r->link[i]);
}

/* Each progress is a handshake: the ring must turn between two of our deeds. */
static void turns(struct ring *r)
{
    util_await(&r->rounds, atomic_load(&r->rounds) + 2);
}

T_TEST(forks_under_load_leave_the_parent_alone, .modes = "!tsan", .timeout_ms = 60000)
{
    static struct ring r;

    ring_begin(&r);
    for (long i = t_scale(60); i > 0; i--) {
        turns(&r);
        pid_t pid = fork();
        T_GE(pid, 0);
        if (pid == 0) {
            if (i % 2)
                execl("/bin/true", "true", (char *)NULL);
            _exit(0);
        }
        turns(&r);
        T_EQ(util_wait_child(pid), 0);
    }
    ring_end(&r);
}

static void forks_itself(struct ring *r)
{
    turns(r);
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    T_EQ(util_wait_child(pid), 3);
}

T_TEST(forks_from_many_goroutines_at_once, .modes = "!tsan", .timeout_ms = 60000)
{
    static struct ring r;
    leat_waitgroup wg = {0};

    ring_begin(&r);
    for (long i = t_scale(40); i > 0; i--)
        leat_waitgroup_go(&wg, forks_itself, &r);
    leat_waitgroup_wait(&wg);
    ring_end(&r);
}

T_TEST(procs_change_all_the_time, .timeout_ms = 60000)
{
    static struct ring r;

    ring_begin(&r);
    for (long i = t_scale(500); i > 0; i--) {
        leat_procs(1 + (int)(t_rand() % 8));
        turns(&r);
    }
    ring_end(&r);
}

static void takes_a_thread_to_its_end(struct ring *r)
{
    leat_lock_thread();
    turns(r);
}

T_TEST(threads_are_made_and_ended_all_the_time, .timeout_ms = 60000)
{
    static struct ring r;

    ring_begin(&r);
    for (long round = t_scale(40); round > 0; round--) {
        leat_waitgroup wg = {0};
        for (int i = 0; i < 5; i++)
            leat_waitgroup_go(&wg, takes_a_thread_to_its_end, &r);
        leat_waitgroup_wait(&wg);
    }
    ring_end(&r);
}

static int pauses(unsigned us)
{
    if (us > 0)
        usleep(us);
    return (int)us;
}

static void blocks_often(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        unsigned us = (unsigned)(t_rand() % 200);
        if (i % 2)
            T_EQ(leat_blocking(pauses, us), (int)us);
        else
            T_EQ(pauses(us), (int)us);
        if (i % 5 == 0)
            leat_yield();
    }
}

T_TEST(calls_that_block_for_all_lengths_lose_nothing, .timeout_ms = 60000)
{
    static struct ring r;
    leat_waitgroup wg = {0};

    ring_begin(&r);
    for (int i = 0; i < 12; i++)
        leat_waitgroup_go(&wg, blocks_often, t_scale(200));
    leat_waitgroup_wait(&wg);
    turns(&r);
    ring_end(&r);
}

static void *thread_of_short_life(void *p)
{
    struct ring *r = p;
    leat_int_chan own = leat_chan_make(leat_int_chan, 1);

    leat_send(own, 1);
    T_TRUE(leat_recv(own, NULL));
    leat_chan_free(own);
    util_await(&r->rounds, atomic_load(&r->rounds) + 1);
    return NULL;
}

T_TEST(foreign_threads_come_and_go_all_the_time, .timeout_ms = 60000)
{
    static struct ring r;

    ring_begin(&r);
    for (long round = t_scale(100); round > 0; round--) {
        pthread_t t[4];
        for (int i = 0; i < 4; i++)
            t[i] = util_thread(thread_of_short_life, &r);
        for (int i = 0; i < 4; i++)
            util_join(t[i]);
    }
    turns(&r);
    ring_end(&r);
}
