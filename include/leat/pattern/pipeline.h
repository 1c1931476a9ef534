/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern/pipeline.h - sources, stages and sinks between channels.
 *
 *     static int parse(const line *in, struct record *out, struct stats *stats) { ... }
 *
 *     leat_scoped_group(g, ctx);
 *     leat_source(&g, lines, next_line, file);
 *     leat_stage(&g, 4, lines, records, parse, &stats);
 *     leat_batch(&g, records, 100, LEAT_SECOND, insert, &db);
 *     int err = leat_group_wait(&g);
 *
 * Each part is one or more goroutines of a leat_group, and must not be limited by
 * leat_group_set_limit. A part ends when its input is closed and drained, and then closes its
 * output, so the end travels down the line. When the group's context is over, by an error of
 * one part or from outside, every part ends without waiting for its neighbours; values on their
 * way are dropped. A group without a context can be used if nothing fails.
 *
 * What a part calls is a function of pointers: to the value that came, to where the next goes,
 * and an argument of yours that all calls share. It returns 0, a positive number where that
 * says something, or a negative errno, which is the group's error. Buffers and references to
 * the channels are held until the part has ended.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_PIPELINE_H
#define LEAT_PATTERN_PIPELINE_H

#include <leat/base.h>
#include <leat/chan.h>
#include <leat/group.h>

/** What the function of a source returns at its end. */
#define LEAT_END 1

/** What the function of a stage returns to send nothing for a value. */
#define LEAT_SKIP 1

#ifdef __cplusplus
extern "C" {
#endif

/* What the macros expand to; a NULL channel is not there. */
struct leat__part {
    leat_chan_base *in, *out;
    size_t in_size, out_size;
    void (*fn)(void);
    void *arg;
};
LEAT_API void leat__source(leat_group *g, const struct leat__part *part);
LEAT_API void leat__stage(leat_group *g, int workers, const struct leat__part *part);
LEAT_API void leat__ordered(leat_group *g, int workers, int window,
                            const struct leat__part *part);
LEAT_API void leat__batch(leat_group *g, size_t max, leat_duration wait,
                          const struct leat__part *part);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/* May fn be called so, and does it return an int? `call` is never evaluated. */
#define LEAT__CHECK_CALL(call)                                                   \
    LEAT__QUIET                                                                  \
    _Static_assert(__builtin_types_compatible_p(__typeof__(call), int),          \
                   "leat: the function must return int: 0 or a negative errno"); \
    LEAT__LOUD
#define LEAT__ELEM_CONST(c) ((const LEAT__ELEM(c) *)0)
#define LEAT__ELEM_PTR(c)   ((LEAT__ELEM(c) *)0)
#define LEAT__ANY_FN(fn)    ((void (*)(void))(fn))

#define LEAT__SOURCE(g, out_, fn_, arg_)                                         \
    do {                                                                         \
        LEAT__CHECK_CALL((fn_)(LEAT__ELEM_PTR(out_), (arg_)));                   \
        leat__source((g), &(struct leat__part){.out = LEAT__CHAN(out_),          \
                                               .out_size = sizeof((out_)->elem), \
                                               .fn = LEAT__ANY_FN(fn_),          \
                                               .arg = (void *)(arg_)});          \
    } while (0)

#define LEAT__STAGE(start, how, in_, out_, fn_, arg_)                                  \
    do {                                                                               \
        LEAT__CHECK_CALL((fn_)(LEAT__ELEM_CONST(in_), LEAT__ELEM_PTR(out_), (arg_)));  \
        start(LEAT__EXPAND how, &(struct leat__part){.in = LEAT__CHAN(in_),            \
                                                     .out = LEAT__CHAN(out_),          \
                                                     .in_size = sizeof((in_)->elem),   \
                                                     .out_size = sizeof((out_)->elem), \
                                                     .fn = LEAT__ANY_FN(fn_),          \
                                                     .arg = (void *)(arg_)});          \
    } while (0)

/**
 * Start the beginning of a pipeline: a function that is called for each value.
 *
 *     static int next_line(line *out, FILE *f) { return fgets(...) ? 0 : LEAT_END; }
 *
 * Go         go func() { defer close(out); for { ... out <- v } }()
 * Blocks     no.
 * Cancel     when the group's context is over, between two calls.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  what arg points to must live until the group's wait has returned.
 * Ordering   what precedes the call happens before fn's first; fn's calls are one after another.
 * Param      g       a group.
 * Param      out     a channel, closed at the end.
 * Param      fn      int fn(T *out, A *arg): 0 and a value, LEAT_END, or a negative errno.
 * Param      arg     a pointer, or NULL.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_stage, leat_sink
 * Since      0.2
 */
#define leat_source(g, out, fn, arg) LEAT__SOURCE(g, out, fn, arg)

/**
 * Start a stage of a pipeline: so many goroutines that turn values into values.
 *
 * With one worker the order is kept; with more, each sends when it is ready: leat_ordered_stage
 * keeps it then. This is fan-out and fan-in in one.
 *
 * Go         for range workers { go func() { for v := range in { out <- f(v) } }() }
 * Blocks     no.
 * Cancel     when the group's context is over, between two calls.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  what arg points to must live until the group's wait has returned.
 * Ordering   what precedes the send of a value happens before its call, which happens before the
 *            receive of what it made.
 * Param      g       a group.
 * Param      workers how many goroutines; less than 1 is as many as leat_procs(0).
 * Param      in      a channel.
 * Param      out     a channel, closed at the end.
 * Param      fn      int fn(const In *in, Out *out, A *arg): 0 and a value, LEAT_SKIP, or a
 *                    negative errno. Workers call it at the same time.
 * Param      arg     a pointer, or NULL.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_ordered_stage, leat_source, leat_sink
 * Since      0.2
 */
#define leat_stage(g, workers, in, out, fn, arg) \
    LEAT__STAGE(leat__stage, ((g), (workers)), in, out, fn, arg)

/**
 * Start a stage of a pipeline that keeps the order: a parallel map with bounded memory.
 *
 * What a worker made waits for what came before it. At most so many values are on their way at
 * once; when the oldest is slow, the others wait at the window's end.
 *
 * Go         none; conc's stream
 * Blocks     no.
 * Cancel     when the group's context is over, between two calls.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  what arg points to must live until the group's wait has returned.
 * Ordering   as leat_stage.
 * Param      g       a group.
 * Param      workers how many goroutines; less than 1 is as many as leat_procs(0).
 * Param      window  how many values at once; less than workers is as many as workers.
 * Param      in      a channel.
 * Param      out     a channel, closed at the end.
 * Param      fn      int fn(const In *in, Out *out, A *arg): 0 and a value, LEAT_SKIP, or a
 *                    negative errno. Workers call it at the same time.
 * Param      arg     a pointer, or NULL.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_stage
 * Since      0.2
 */
#define leat_ordered_stage(g, workers, window, in, out, fn, arg) \
    LEAT__STAGE(leat__ordered, ((g), (workers), (window)), in, out, fn, arg)

/**
 * Start the end of a pipeline: so many goroutines that take values and make none.
 *
 * Go         for range workers { go func() { for v := range in { f(v) } }() }
 * Blocks     no.
 * Cancel     when the group's context is over, between two calls.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  what arg points to must live until the group's wait has returned.
 * Ordering   what precedes the send of a value happens before its call.
 * Param      g       a group.
 * Param      workers how many goroutines; less than 1 is as many as leat_procs(0).
 * Param      in      a channel.
 * Param      fn      int fn(const In *in, A *arg): 0 or a negative errno. Workers call it at the
 *                    same time.
 * Param      arg     a pointer, or NULL.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_stage, leat_batch
 * Since      0.2
 */
#define leat_sink(g, workers, in, fn, arg) LEAT__SINK(g, workers, in, fn, arg)

#define LEAT__SINK(g, workers, in_, fn_, arg_)                           \
    do {                                                                 \
        LEAT__CHECK_CALL((fn_)(LEAT__ELEM_CONST(in_), (arg_)));          \
        leat__stage((g), (workers),                                      \
                    &(struct leat__part){.in = LEAT__CHAN(in_),          \
                                         .in_size = sizeof((in_)->elem), \
                                         .fn = LEAT__ANY_FN(fn_),        \
                                         .arg = (void *)(arg_)});        \
    } while (0)

/**
 * Start the end of a pipeline that takes values many at a time.
 *
 * A batch is handed over when it is full, when its first value has waited long enough, and at
 * the end if there is anything in it.
 *
 * Go         none; a slice, a timer and a select
 * Blocks     no.
 * Cancel     when the group's context is over; what is in the batch then is dropped.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  what arg points to must live until the group's wait has returned; the values are
 *            fn's until it returns.
 * Ordering   what precedes the send of a value happens before the call that takes it; fn's calls
 *            are one after another.
 * Param      g       a group.
 * Param      in      a channel.
 * Param      max     how many values make a full batch.
 * Param      wait    how long the first value of a batch waits at most; LEAT_FOREVER: for a full
 *                    one.
 * Param      fn      int fn(const T *values, size_t n, A *arg): 0 or a negative errno.
 * Param      arg     a pointer, or NULL.
 * Returns    nothing: it is a statement.
 * Fatal      out of memory, with a text that says what to raise; a max of 0.
 * See        leat_sink
 * Since      0.2
 */
#define leat_batch(g, in, max, wait, fn, arg) LEAT__BATCH(g, in, max, wait, fn, arg)

#define LEAT__BATCH(g, in_, max, wait, fn_, arg_)                          \
    do {                                                                   \
        LEAT__CHECK_CALL((fn_)(LEAT__ELEM_CONST(in_), (size_t)1, (arg_))); \
        leat__batch((g), (max), (wait),                                    \
                    &(struct leat__part){.in = LEAT__CHAN(in_),            \
                                         .in_size = sizeof((in_)->elem),   \
                                         .fn = LEAT__ANY_FN(fn_),          \
                                         .arg = (void *)(arg_)});          \
    } while (0)

#endif /* !__cplusplus */

#endif
