/* SPDX-License-Identifier: MIT */
/*
 * posix_ground_test.c - who parks and who does not: threads, handlers, leat_blocking, before the
 * start; and to which thread a goroutine is bound.
 */
#include <leat/posix.h>

#include <leat.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"
#include "tasks.h"

static int thread_number(void)
{
    return (int)syscall(SYS_gettid);
}

/* ---- not on goroutines ---- */

static void *write_after_a_while(void *arg)
{
    usleep(5000);
    T_EQ(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

static void read_one_of_thread(int fd, int out)
{
    pthread_t thread;
    char c;

    T_EQ(pthread_create(&thread, NULL, write_after_a_while, &out), 0);
    T_EQ(read(fd, &c, 1), 1);
    T_EQ(pthread_join(thread, NULL), 0);
}

/* Nobody has called leat: these calls must not start it. */
T_TEST(before_the_runtime, .procs = {2}, .fresh = true)
{
    int p[2];

    T_EQ(pipe(p), 0);
    read_one_of_thread(p[0], p[1]);
    usleep(10);
    T_EQ(task_count(), 1); /* the runtime would have a thread of its own */
    close(p[0]);
    close(p[1]);
}

static long block_here(int fd, int out)
{
    int before = thread_number();

    T_EQ(leat_id(), 0);
    read_one_of_thread(fd, out);
    T_EQ(thread_number(), before);
    return 7;
}

static void announced(int fd, int out, leat_waitgroup *wg)
{
    T_EQ(leat_blocking(block_here, fd, out), 7);
    T_FALSE(leat_posix_release());
    leat_waitgroup_done(wg);
}

T_TEST(inside_leat_blocking)
{
    leat_waitgroup wg = {0};
    int p[2];

    T_EQ(pipe(p), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(announced, p[0], p[1], &wg);
    leat_waitgroup_wait(&wg);
    close(p[0]);
    close(p[1]);
}

/* The child of a fork has no goroutines; its calls are libc's. */
T_TEST(after_fork)
{
    int p[2], status = -1;
    char c;

    T_EQ(pipe(p), 0);
    usleep(100);
    pid_t pid = fork();
    if (pid == 0)
        _exit(read(p[0], &c, 1) == 1 ? 11 : 12);
    T_EQ(write(p[1], "x", 1), 1);
    T_EQ(waitpid(pid, &status, 0), pid);
    T_EQ(WEXITSTATUS(status), 11);
    close(p[0]);
    close(p[1]);
}

/* ---- signal handlers ---- */

static int in_handler[2];
static atomic_int handled;

static void read_in_handler(int sig)
{
    char c;

    (void)sig;
    if (read(in_handler[0], &c, 1) == 1)
        atomic_fetch_add(&handled, 1);
}

static void raise_here(leat_waitgroup *wg)
{
    int before = thread_number();
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, write_after_a_while, &in_handler[1]), 0);
    T_EQ(pthread_kill(pthread_self(), SIGUSR1), 0);
    T_EQ(thread_number(), before);
    T_FALSE(leat_posix_release()); /* it did not park, so nobody was bound */
    T_EQ(pthread_join(thread, NULL), 0);
    leat_waitgroup_done(wg);
}

/* A handler that would have to wait blocks its thread, as without this library. */
T_TEST(a_handler_does_not_park)
{
    leat_waitgroup wg = {0};

    T_EQ(pipe(in_handler), 0);
    signal(SIGUSR1, read_in_handler);
    leat_waitgroup_add(&wg, 1);
    leat_go(raise_here, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&handled), 1);
    close(in_handler[0]);
    close(in_handler[1]);
}

static void interrupted(int fd, atomic_int *thread, leat_waitgroup *wg)
{
    char c;

    atomic_store(thread, thread_number());
    T_EQ(read(fd, &c, 1), 1);
    leat_waitgroup_done(wg);
}

static void note_signal(int sig)
{
    (void)sig;
    atomic_fetch_add(&handled, 1);
}

/* A signal does not end a call that has parked. */
T_TEST(a_signal_interrupts_nobody)
{
    struct sigaction act = {.sa_handler = note_signal}; /* no SA_RESTART */
    leat_waitgroup wg = {0};
    atomic_int thread = 0;
    int p[2];

    T_EQ(sigaction(SIGUSR1, &act, NULL), 0);
    T_EQ(pipe(p), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(interrupted, p[0], &thread, &wg);
    while (!atomic_load(&thread))
        leat_yield();
    for (int i = 0; i < 20; i++) {
        T_EQ(syscall(SYS_tgkill, getpid(), atomic_load(&thread), SIGUSR1), 0);
        leat_yield();
    }
    T_EQ(write(p[1], "x", 1), 1);
    leat_waitgroup_wait(&wg);
    close(p[0]);
    close(p[1]);
}

/* ---- binding ---- */

static void wander(int rounds, leat_waitgroup *wg)
{
    T_FALSE(leat_posix_release());
    usleep(100);
    int home = thread_number();
    T_EQ(leat__whereabouts(), LEAT__BOUND);
    for (int i = 0; i < rounds; i++) {
        usleep(10);
        leat_sleep(10 * LEAT_MICROSECOND); /* leat's own waits come back there as well */
        leat_yield();
        T_EQ(thread_number(), home);
    }
    T_TRUE(leat_posix_release());
    T_FALSE(leat_posix_release());
    leat_yield();
    leat_posix_bind();
    home = thread_number();
    leat_posix_bind(); /* nothing more */
    leat_yield();
    T_EQ(thread_number(), home);
    leat_waitgroup_done(wg); /* ends while bound */
}

T_TEST(bound_from_the_first_park_on)
{
    enum { GOROUTINES = 50 };
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        leat_go(wander, (int)t_scale(20), &wg);
    leat_waitgroup_wait(&wg);
}

/* What does not park binds nobody. */
static void never_waits(leat_waitgroup *wg)
{
    int p[2];
    char c;

    T_EQ(pipe(p), 0);
    for (int i = 0; i < 10; i++) {
        T_EQ(write(p[1], "x", 1), 1);
        T_EQ(read(p[0], &c, 1), 1);
    }
    close(p[0]);
    close(p[1]);
    T_FALSE(leat_posix_release());
    leat_waitgroup_done(wg);
}

T_TEST(not_bound_without_a_park)
{
    leat_waitgroup wg = {0};

    leat_waitgroup_add(&wg, 10);
    for (int i = 0; i < 10; i++)
        leat_go(never_waits, &wg);
    leat_waitgroup_wait(&wg);
}

/* ---- spreading ---- */

enum { SPREAD = 200 };

static int homes[SPREAD];

static void settle(int i, leat_waitgroup *settled, int gate)
{
    char c;

    leat_posix_bind();
    homes[i] = thread_number();
    leat_waitgroup_done(settled);
    T_EQ(read(gate, &c, 1), 0);
    T_EQ(thread_number(), homes[i]);
}

static pthread_barrier_t meeting;

static void meet(void)
{
    pthread_barrier_wait(&meeting);
}

static void need_thread(leat_waitgroup *wg)
{
    leat_blocking(meet);
    leat_waitgroup_done(wg);
}

/* Started one by one by a goroutine that never gives its thread away for long, they still do not
 * gather there. */
T_TEST(bind_spreads)
{
    leat_waitgroup settled = {0};
    int gate[2], most = 0;

    T_EQ(pthread_barrier_init(&meeting, NULL, 2), 0);
    leat_waitgroup_add(&settled, 2);
    leat_go(need_thread, &settled);
    leat_go(need_thread, &settled);
    leat_waitgroup_wait(&settled); /* from now on there are two threads at least */
    T_EQ(pipe(gate), 0);
    leat_waitgroup_add(&settled, SPREAD);
    for (int i = 0; i < SPREAD; i++)
        leat_go(settle, i, &settled, gate[0]);
    leat_waitgroup_wait(&settled);
    for (int i = 0; i < SPREAD; i++) {
        int same = 0;
        for (int k = 0; k < SPREAD; k++)
            same += homes[k] == homes[i];
        most = same > most ? same : most;
    }
    T_LE(most, SPREAD / 2 + 1);
    close(gate[1]);
    while (leat_num_goroutine() > 1)
        leat_yield();
    close(gate[0]);
}
