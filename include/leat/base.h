/* SPDX-License-Identifier: MIT */
/*
 * leat/base.h - what every other leat header needs: results, durations, errno, version.
 *
 *     int err = leat_go_try(work, 1);
 *     if (err < 0)
 *         fprintf(stderr, "spawn: %s\n", leat_strerror(err));
 *
 * A call that can fail returns 0 or a positive result, else a negative errno value. errno
 * itself is not used for results: a goroutine may continue on another thread, and compilers
 * remember the address of the old thread's errno. This header therefore includes <errno.h>
 * first and then makes `errno` a call that is never cached, so that user code that reads errno
 * right after a C library call stays right too. Define LEAT_NO_ERRNO before the first include
 * to opt out.
 */
#ifndef LEAT_BASE_H
#define LEAT_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define LEAT__TSAN 1
#endif
#if __has_feature(safe_stack) || __has_feature(shadow_call_stack)
#error "leat switches stacks: it cannot be used with SafeStack or ShadowCallStack"
#endif
#endif

/** What declarations of leat are marked with. */
#define LEAT_API               __attribute__((visibility("default")))
#define LEAT_NODISCARD         __attribute__((warn_unused_result))
#define LEAT_NORETURN          __attribute__((noreturn))
#define LEAT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/** The version of this header; leat_version gives that of the library. */
#define LEAT_VERSION_MAJOR 0
#define LEAT_VERSION_MINOR 1
#define LEAT_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/** A span of time in nanoseconds, or a point of the monotonic clock that leat_now reads. */
typedef int64_t leat_duration;

/** Durations to multiply with, as Go's time.Second; LEAT_FOREVER is the longest. */
#define LEAT_NANOSECOND  ((leat_duration)1)
#define LEAT_MICROSECOND (1000 * LEAT_NANOSECOND)
#define LEAT_MILLISECOND (1000 * LEAT_MICROSECOND)
#define LEAT_SECOND      (1000 * LEAT_MILLISECOND)
#define LEAT_MINUTE      (60 * LEAT_SECOND)
#define LEAT_HOUR        (60 * LEAT_MINUTE)
#define LEAT_FOREVER     INT64_MAX

/** A context: when to give up, and values that go with a request; NULL is the background. */
typedef struct leat_ctx leat_ctx;

/** Where an object was created or a goroutine spawned; the macros make one per call site. */
typedef struct leat_site {
    const char *file;
    const char *func;
    int line;
} leat_site;

/**
 * Say in words what a result of leat means.
 *
 * The text is in English: ours for "canceled", "deadline exceeded" and "closed", else the C
 * library's; a number that neither knows gives "unknown error". It never allocates.
 *
 * Go         err.Error()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, also from a signal handler.
 * Ownership  the string is static: neither free nor change it.
 * Ordering   none.
 * Param      err     a result of a leat call, negative or not.
 * Returns    the text, never NULL.
 * Fatal      never.
 * See        leat_version
 * Since      0.1
 */
LEAT_API const char *leat_strerror(int err);

/**
 * Give the version of the library that runs, as text.
 *
 * It differs from LEAT_VERSION_MAJOR and its kin, the version of the header that was compiled,
 * when the shared library has been replaced since.
 *
 * Go         runtime.Version()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, also from a signal handler.
 * Ownership  the string is static.
 * Ordering   none.
 * Param      none
 * Returns    three numbers with dots, such as "0.1.0".
 * Fatal      never.
 * See        leat_strerror
 * Since      0.1
 */
LEAT_API const char *leat_version(void);

/**
 * Find the errno of the thread that runs now: what `errno` means after this header.
 *
 * A goroutine may go on in another thread after any call that blocks, and a compiler may keep
 * the address of the first thread's errno. This call is never cached. Read errno right after
 * the C library call that set it: any call of leat may change it.
 *
 * Go         none: Go has no errno.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread, also from a signal handler.
 * Ownership  the int is the thread's: use it at once and keep no pointer to it.
 * Ordering   none.
 * Param      none
 * Returns    the address of this thread's errno.
 * Fatal      never.
 * See        leat_strerror
 * Since      0.1
 */
LEAT_API int *leat_errno_location(void);

#ifndef LEAT_NO_ERRNO
#undef errno
#if !defined(__cplusplus) && (defined(__SANITIZE_THREAD__) || defined(LEAT__TSAN))
/* Goroutines that take turns on a thread share its errno, which TSan would call a race. */
#define errno (*(_Atomic int *)leat_errno_location())
#else
#define errno (*leat_errno_location())
#endif
#endif

#ifdef __cplusplus
}
#endif

#include <leat/detail/macro.h>

#endif
