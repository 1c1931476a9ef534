/* SPDX-License-Identifier: MIT */
/*
 * offload.c - calls that can only block, on threads of their own.
 *
 * PICTURE   goroutine --job--> channel --> one of our threads: call, done
 *               parks on the job's wait group <--------------------'
 *
 * leat_blocking would be the way for other code. Here it would run the call on the thread of the
 * caller, to which others may be bound: all of these would wait for one name server. So this
 * library has threads that run no goroutines. A thread is made when a job comes and none is
 * idle, up to a limit; beyond it jobs wait for each other. They receive from a channel, where
 * leat sees that they sleep: a program that waits in vain is still found to be deadlocked.
 * The threads take no signals, and stay.
 *
 * PROOF  drivers/posix/tests/posix_offload_test.c.
 */
#include "offload.h"

#include <leat.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { THREADS_MAX = 64 };

struct job {
    void (*fn)(void *arg);
    void *arg;
    leat_waitgroup done;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static leat_chan_base *jobs;
static atomic_int idle, nthreads;

static void make_jobs(void)
{
    jobs = leat_chan_base_make(sizeof(struct job *), 0);
}

static void *work_off(void *arg)
{
    struct job *job = arg;

    for (;;) {
        job->fn(job->arg);
        atomic_fetch_add(&idle, 1);
        leat_waitgroup_done(&job->done);
        if (!leat_chan_base_recv(jobs, &job))
            return NULL;
    }
}

static bool start_thread(struct job *job)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;

    if (atomic_fetch_add(&nthreads, 1) >= THREADS_MAX || pthread_attr_init(&attr) != 0) {
        atomic_fetch_sub(&nthreads, 1);
        return false;
    }
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&thread, &attr, work_off, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (err)
        atomic_fetch_sub(&nthreads, 1);
    return err == 0;
}

/* Whoever takes an idle thread into account sends: so many receive, or soon will. */
static bool claim_idle(void)
{
    int n = atomic_load(&idle);

    while (n > 0)
        if (atomic_compare_exchange_weak(&idle, &n, n - 1))
            return true;
    return false;
}

void offload(void (*fn)(void *arg), void *arg)
{
    struct job job = {.fn = fn, .arg = arg};
    struct job *self = &job;

    pthread_once(&once, make_jobs);
    leat_waitgroup_add(&job.done, 1);
    bool claimed = claim_idle();
    if (claimed || !start_thread(self)) {
        if (!claimed)
            atomic_fetch_sub(&idle, 1); /* a debt: the next idle thread is ours */
        if (atomic_load(&nthreads) == 0) {
            atomic_fetch_add(&idle, 1);
            fn(arg); /* no thread is to be had */
            return;
        }
        leat_chan_base_send(jobs, &self);
    }
    leat_waitgroup_wait(&job.done);
}
