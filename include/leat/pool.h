/* SPDX-License-Identifier: MIT */
/*
 * leat/pool.h - objects that are used for a while, put back, and used again.
 *
 *     static void *make_buffer(void *arg) { return malloc(65536); }
 *     static void drop_buffer(void *item, void *arg) { free(item); }
 *     static leat_pool buffers = {.make = make_buffer, .drop = drop_buffer};
 *
 *     char *b = leat_pool_get(&buffers);
 *     ...
 *     leat_pool_put(&buffers, b);
 *
 * Each processor keeps what was put there, and takes from the others when it has nothing. An
 * object is one of the pool's or somebody's, never both; which one a get gives is not said. What
 * has not been needed for a second or two is dropped by one of the next gets, so a pool follows
 * the program's needs, as Go's does. The zero value is an empty pool that makes nothing.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_POOL_H
#define LEAT_POOL_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A pool of objects; each function may be NULL, arg is handed to both. */
typedef struct leat_pool {
    void *(*make)(void *arg);            /* a get that finds nothing */
    void (*drop)(void *item, void *arg); /* the end of an object; NULL: none ages */
    void *arg;
    void *leat__inside; /* opaque */
} leat_pool;

/**
 * Take an object out of a pool, or make one.
 *
 * About once a second the first get to come also drops what nobody has needed since the second
 * before: so `make` and `drop` are both called here, and here they must be able to run. Objects
 * of a pool that nobody gets from stay, until leat_pool_trim or leat_pool_free.
 *
 * Go         p.Get()
 * Blocks     no; what makes or drops an object may.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the object is the caller's.
 * Ordering   what precedes the put of the object happens before this returns it.
 * Param      p       a pool.
 * Returns    an object; NULL when there is none and `make` is NULL or gave NULL.
 * Fatal      out of memory at the first use of a pool.
 * See        leat_pool_put
 * Since      0.2
 */
LEAT_API void *leat_pool_get(leat_pool *p);

/**
 * Put an object into a pool. It calls none of the pool's functions.
 *
 * Go         p.Put(x)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the object is the pool's.
 * Ordering   what precedes it happens before the get that returns the object.
 * Param      p       a pool.
 * Param      item    an object; NULL is ignored.
 * Returns    nothing.
 * Fatal      out of memory at the first use of a pool, or when it has to grow.
 * See        leat_pool_get, leat_pool_trim
 * Since      0.2
 */
LEAT_API void leat_pool_put(leat_pool *p, void *item);

/**
 * Drop the objects that nobody has used since the trim before this one.
 *
 * What Go's collector does to a pool at each of its rounds: objects that are idle for two of them
 * go. Gets do it about once a second; call it where a pool is not used for a while, or where
 * memory is short. A processor that is busy elsewhere keeps one object.
 *
 * Go         what a garbage collection does to a sync.Pool
 * Blocks     no; what drops an object may.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the objects go to `drop`; without one nothing happens.
 * Ordering   as leat_pool_get of the objects that are dropped.
 * Param      p       a pool.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_pool_free
 * Since      0.2
 */
LEAT_API void leat_pool_trim(leat_pool *p);

/**
 * Drop all objects of a pool and give its memory back; it is empty then, and may be used again.
 *
 * Go         none: Go collects.
 * Blocks     no; what drops an object may.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, while nobody else uses the pool.
 * Ownership  the objects go to `drop`, if there is one.
 * Ordering   as leat_pool_get of each object.
 * Param      p       a pool.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_pool_trim
 * Since      0.2
 */
LEAT_API void leat_pool_free(leat_pool *p);

#ifdef __cplusplus
}
#endif

#endif
