/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern/parallel.h - loops, reductions and sorting on all processors.
 *
 *     static int invert(int64_t from, int64_t to, struct image *im)
 *     {
 *         for (int64_t y = from; y < to; y++)
 *             invert_row(im, y);
 *         return 0;
 *     }
 *
 *     int err = leat_parallel_for(0, im->height, 0, invert, im);
 *
 * The range is halved until pieces are no longer than the grain; idle processors take the
 * larger pieces. A grain of 0 makes some sixteen pieces for each processor, which is right when
 * a step takes a microsecond or more altogether; larger pieces cost less, smaller ones balance
 * better.
 *
 * The functions must return: no leat_exit out of a reduction or a comparison, no longjmp, no C++
 * exception. leat_exit out of a piece of a loop ends that piece, and the caller if it runs it.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_PARALLEL_H
#define LEAT_PATTERN_PARALLEL_H

#include <leat/base.h>
#include <leat/go.h>
#include <leat/pattern/pipeline.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the macros expand to. */
LEAT_API int leat__parallel_for(leat_ctx *ctx, int64_t from, int64_t to, int64_t grain,
                                void (*fn)(void), void *arg);
struct leat__reduction {
    int64_t from, to, grain;
    void *result;
    size_t size;
    void (*fn)(void);
    void (*join)(void);
    void *arg;
};
LEAT_API int leat__parallel_reduce(leat_ctx *ctx, const struct leat__reduction *r);
LEAT_API int leat__parallel_sort(leat_ctx *ctx, void *base, size_t n, size_t size, size_t grain,
                                 void (*cmp)(void));

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

#define LEAT__PARALLEL_FOR(ctx, from, to, grain, fn, arg)                                  \
    __extension__({                                                                        \
        LEAT__CHECK_CALL((fn)((int64_t)0, (int64_t)0, (arg)));                             \
        leat__parallel_for((ctx), (from), (to), (grain), LEAT__ANY_FN(fn), (void *)(arg)); \
    })

/**
 * Call a function for the pieces of a range, on all processors, and wait for all of it.
 *
 * Go         none; goroutines for chunks and a wait group
 * Blocks     until all is done: the calling goroutine only; on a thread that leat did not
 *            create, the thread.
 * Cancel     an error ends it: pieces that have not begun are left out.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   what precedes the call happens before each piece; each piece happens before it
 *            returns. Between pieces there is no order.
 * Param      from    where the range begins.
 * Param      to      where it ends, exclusively; an empty range calls nothing.
 * Param      grain   the longest piece; less than 1 lets leat choose.
 * Param      fn      int fn(int64_t from, int64_t to, A *arg): 0 or a negative errno.
 * Param      arg     a pointer, or NULL.
 * Returns    0, or the first error of a piece.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_parallel_for_ctx, leat_parallel_reduce
 * Since      0.2
 */
#define leat_parallel_for(from, to, grain, fn, arg) \
    LEAT__PARALLEL_FOR((leat_ctx *)0, from, to, grain, fn, arg)

/**
 * Call a function for the pieces of a range until a context is over.
 *
 * Go         none.
 * Blocks     until all that has begun is done: the calling goroutine only; on a thread that leat
 *            did not create, the thread.
 * Cancel     when ctx is over: pieces that have not begun are left out.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   as leat_parallel_for.
 * Param      ctx     a context; NULL is the background.
 * Param      from    where the range begins.
 * Param      to      where it ends, exclusively; an empty range calls nothing.
 * Param      grain   the longest piece; less than 1 lets leat choose.
 * Param      fn      int fn(int64_t from, int64_t to, A *arg): 0 or a negative errno.
 * Param      arg     a pointer, or NULL.
 * Returns    0, the first error of a piece, or what leat_ctx_err says if a piece was left out.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_parallel_for
 * Since      0.2
 */
#define leat_parallel_for_ctx(ctx, from, to, grain, fn, arg) \
    LEAT__PARALLEL_FOR(ctx, from, to, grain, fn, arg)

#define LEAT__PARALLEL_REDUCE(ctx, from_, to_, grain_, result_, fn_, join_, arg_)           \
    __extension__({                                                                         \
        LEAT__CHECK_CALL((fn_)((int64_t)0, (int64_t)0, (result_), (arg_)));                 \
        (void)sizeof(((join_)((result_), (const __typeof__(*(result_)) *)(result_)), 0));   \
        leat__parallel_reduce((ctx), &(struct leat__reduction){.from = (from_),             \
                                                               .to = (to_),                 \
                                                               .grain = (grain_),           \
                                                               .result = (result_),         \
                                                               .size = sizeof(*(result_)),  \
                                                               .fn = LEAT__ANY_FN(fn_),     \
                                                               .join = LEAT__ANY_FN(join_), \
                                                               .arg = (void *)(arg_)});     \
    })

/**
 * Reduce a range to one value, on all processors.
 *
 *     static int count(int64_t from, int64_t to, long *n, const struct text *t) { ... }
 *     static void add(long *into, const long *more) { *into += *more; }
 *
 *     long words = 0;
 *     leat_parallel_reduce(0, t->length, 0, &words, count, add, t);
 *
 * Each piece adds to a value of its own, which begins as a copy of *result does; neighbours are
 * then joined, the left with the right. So the operation need be associative, not commutative,
 * and what *result holds at first its neutral element.
 *
 * Go         none.
 * Blocks     until all is done: the calling goroutine only; on a thread that leat did not
 *            create, the thread.
 * Cancel     an error ends it: pieces that have not begun are left out.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   as leat_parallel_for; the pieces of a join happen before it.
 * Param      from    where the range begins.
 * Param      to      where it ends, exclusively.
 * Param      grain   the longest piece; less than 1 lets leat choose.
 * Param      result  a pointer to the value: the neutral element before, the result after.
 * Param      fn      int fn(int64_t from, int64_t to, R *value, A *arg): 0 or a negative errno.
 * Param      join    void join(R *left, const R *right).
 * Param      arg     a pointer, or NULL.
 * Returns    0, or the first error of a piece: then *result means nothing.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_parallel_for
 * Since      0.2
 */
#define leat_parallel_reduce(from, to, grain, result, fn, join, arg) \
    LEAT__PARALLEL_REDUCE((leat_ctx *)0, from, to, grain, result, fn, join, arg)

/**
 * Reduce a range to one value, until a context is over.
 *
 * Go         none.
 * Blocks     until all that has begun is done: the calling goroutine only; on a thread that leat
 *            did not create, the thread.
 * Cancel     when ctx is over: pieces that have not begun are left out.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its operands until it returns.
 * Ordering   as leat_parallel_reduce.
 * Param      ctx     a context; NULL is the background.
 * Param      from    where the range begins.
 * Param      to      where it ends, exclusively.
 * Param      grain   the longest piece; less than 1 lets leat choose.
 * Param      result  a pointer to the value: the neutral element before, the result after.
 * Param      fn      int fn(int64_t from, int64_t to, R *value, A *arg): 0 or a negative errno.
 * Param      join    void join(R *left, const R *right).
 * Param      arg     a pointer, or NULL.
 * Returns    0, the first error of a piece, or what leat_ctx_err says if a piece was left out.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_parallel_reduce
 * Since      0.2
 */
#define leat_parallel_reduce_ctx(ctx, from, to, grain, result, fn, join, arg) \
    LEAT__PARALLEL_REDUCE(ctx, from, to, grain, result, fn, join, arg)

#define LEAT__PARALLEL_SORT(ctx, base, n, grain, cmp)                                         \
    __extension__({                                                                           \
        LEAT__CHECK_CALL(                                                                     \
            (cmp)((const __typeof__(*(base)) *)(base), (const __typeof__(*(base)) *)(base))); \
        leat__parallel_sort((ctx), (base), (n), sizeof(*(base)), (grain), LEAT__ANY_FN(cmp)); \
    })

/**
 * Sort an array in place, on all processors.
 *
 *     static int by_age(const struct person *a, const struct person *b) { ... }
 *     leat_parallel_sort(people, n, 0, by_age);
 *
 * Elements that compare equal may change places. The time is n log n whatever the order at
 * first.
 *
 * Go         none; slices.SortFunc, on one processor
 * Blocks     until it is sorted: the calling goroutine only; on a thread that leat did not
 *            create, the thread.
 * Cancel     leat_parallel_sort_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array until it returns.
 * Ordering   as leat_parallel_for.
 * Param      base    a pointer to the first element, or an array.
 * Param      n       how many elements.
 * Param      grain   the largest part that is sorted by one; 0 lets leat choose.
 * Param      cmp     int cmp(const T *, const T *), as for qsort; called on all processors.
 * Returns    nothing.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_parallel_sort_ctx, leat_parallel_for
 * Since      0.2
 */
#define leat_parallel_sort(base, n, grain, cmp) \
    ((void)LEAT__PARALLEL_SORT((leat_ctx *)0, base, n, grain, cmp))

/**
 * Sort an array in place, until a context is over.
 *
 * If it is over first the elements are all there, in some order.
 *
 * Go         none.
 * Blocks     until it is sorted, or all that has begun is done: the calling goroutine only; on a
 *            thread that leat did not create, the thread.
 * Cancel     when ctx is over: parts that have not begun are left out.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array until it returns.
 * Ordering   as leat_parallel_for.
 * Param      ctx     a context; NULL is the background.
 * Param      base    a pointer to the first element, or an array.
 * Param      n       how many elements.
 * Param      grain   the largest part that is sorted by one; 0 lets leat choose.
 * Param      cmp     int cmp(const T *, const T *), as for qsort; called on all processors.
 * Returns    0, or what leat_ctx_err says if a part was left out.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_parallel_sort
 * Since      0.3
 */
#define leat_parallel_sort_ctx(ctx, base, n, grain, cmp) \
    LEAT__PARALLEL_SORT(ctx, base, n, grain, cmp)

#endif /* !__cplusplus */

#endif
