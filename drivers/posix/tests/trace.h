/* SPDX-License-Identifier: MIT */
/* trace.h - what a thread gets, for which the calls are libc's, a goroutine gets as well. */
#ifndef LEAT_POSIX_TRACE_H
#define LEAT_POSIX_TRACE_H

#include <leat.h>

#include <pthread.h>
#include <string.h>

#include "t.h"

enum { TRACE_MAX = 200 };

struct trace {
    int n;
    struct {
        const char *text;
        long result;
        int err;
    } call[TRACE_MAX];
};

/* One call: its result, and errno if it failed. */
#define TRACE(t, expression)                                                       \
    do {                                                                           \
        errno = 0;                                                                 \
        long trace_result_ = (long)(expression);                                   \
        trace_add((t), #expression, trace_result_, trace_result_ < 0 ? errno : 0); \
    } while (0)

static inline void trace_add(struct trace *t, const char *text, long result, int err)
{
    T_LT(t->n, TRACE_MAX);
    t->call[t->n].text = text;
    t->call[t->n].result = result;
    t->call[t->n++].err = err;
}

struct trace_run {
    void (*script)(struct trace *t);
    struct trace trace;
};

static inline void *trace_thread(void *arg)
{
    struct trace_run *run = arg;

    run->script(&run->trace);
    return NULL;
}

static inline void trace_goroutine(struct trace_run *run, leat_waitgroup *wg)
{
    T_GT(leat_id(), 1);
    run->script(&run->trace);
    leat_waitgroup_done(wg);
}

static inline void trace_both(void (*script)(struct trace *t))
{
    static struct trace_run by_thread, by_goroutine;
    leat_waitgroup wg = {0};
    pthread_t thread;

    by_thread.script = by_goroutine.script = script;
    T_EQ(pthread_create(&thread, NULL, trace_thread, &by_thread), 0);
    T_EQ(pthread_join(thread, NULL), 0);
    leat_waitgroup_add(&wg, 1);
    leat_go(trace_goroutine, &by_goroutine, &wg);
    leat_waitgroup_wait(&wg);
    T_EQ(by_thread.trace.n, by_goroutine.trace.n);
    for (int i = 0; i < by_thread.trace.n; i++) {
        if (by_thread.trace.call[i].result != by_goroutine.trace.call[i].result ||
            by_thread.trace.call[i].err != by_goroutine.trace.call[i].err)
            T_FAIL("%s: libc gives %ld (errno %d), on a goroutine it is %ld (errno %d)",
                   by_thread.trace.call[i].text, by_thread.trace.call[i].result,
                   by_thread.trace.call[i].err, by_goroutine.trace.call[i].result,
                   by_goroutine.trace.call[i].err);
    }
}

#endif
