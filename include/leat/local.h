/* SPDX-License-Identifier: MIT */
/*
 * leat/local.h - values and labels that belong to a goroutine.
 *
 *     static const leat_local request = {.inherited = true, .drop = request_free};
 *
 *     leat_local_set(&request, r);              // seen here and in what this one starts
 *     struct request *r = leat_local_get(&request);
 *
 *     leat_label_set("user", "ann");            // goroutine 7 [chan receive] {"user": "ann"}:
 *
 * A goroutine changes threads, so thread-local variables are not for it. Prefer an argument or
 * a context where there is one: these are for what cannot be passed through.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_LOCAL_H
#define LEAT_LOCAL_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The key of a local value: its address. It lives as long as the program; all zero is fine. */
typedef struct leat_local {
    bool inherited;            /* goroutines get the value of the one that starts them */
    void (*drop)(void *value); /* called when nobody has the value any more; NULL: nothing */
} leat_local;

/**
 * Give the calling goroutine a value under a key.
 *
 * A value that is inherited is shared with the goroutines this one starts from now on, until they
 * set their own; what they set is not seen here. The value that stood there before is dropped
 * when nobody else has it; all are when their last goroutine ends, by that goroutine.
 *
 * Go         none, on purpose; context.WithValue is the nearest.
 * Blocks     no; drop may.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the value is the goroutine's until it is dropped.
 * Ordering   what precedes the start of a goroutine is seen by it, as with leat_go.
 * Param      key     a key.
 * Param      value   a pointer; NULL takes the value away.
 * Returns    nothing.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_local_get
 * Since      0.2
 */
LEAT_API void leat_local_set(const leat_local *key, void *value);

/**
 * Get the calling goroutine's value of a key.
 *
 * Go         none, on purpose; ctx.Value is the nearest.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  what leat_local_set gave away.
 * Ordering   none.
 * Param      key     a key.
 * Returns    the value; NULL: none. Inside leat_blocking there is none.
 * Fatal      never.
 * See        leat_local_set
 * Since      0.2
 */
LEAT_API void *leat_local_get(const leat_local *key);

/**
 * Label the calling goroutine, and those it starts from now on.
 *
 * Dumps and profiles show labels. They are copied, and a goroutine that starts another pays
 * nothing for them. leat_go_opts gives them to a new goroutine.
 *
 * Go         pprof.SetGoroutineLabels(ctx)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  both strings are copied.
 * Ordering   none.
 * Param      key     which label.
 * Param      value   its value; NULL takes the label away.
 * Returns    nothing.
 * Fatal      out of memory, with a text that says what to raise.
 * See        leat_label_get, leat_go_with, leat_dump
 * Since      0.2
 */
LEAT_API void leat_label_set(const char *key, const char *value);

/**
 * Get one of the calling goroutine's labels.
 *
 * Go         pprof.Label(ctx, key)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the string is valid until this goroutine changes a label or ends.
 * Ordering   none.
 * Param      key     which label.
 * Returns    its value; NULL: there is none.
 * Fatal      never.
 * See        leat_label_set
 * Since      0.2
 */
LEAT_API const char *leat_label_get(const char *key);

#ifdef __cplusplus
}
#endif

#endif
