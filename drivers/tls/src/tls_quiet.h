/* SPDX-License-Identifier: MIT */
/*
 * tls_quiet.h - what ThreadSanitizer hears of OpenSSL, in programs that run under it.
 *
 * OpenSSL is not compiled for ThreadSanitizer: its atomic counters and what it keeps for a thread
 * (random numbers, errors) order nothing that the tool can see, but the memory it copies and frees
 * is seen. Goroutines that share a thread share those, one after the other, and the tool would
 * call it a race. So what OpenSSL does with memory is left out, and the driver says what it has
 * done with the caller's.
 */
#ifndef LEAT_TLS_QUIET_H
#define LEAT_TLS_QUIET_H

#include <stddef.h>
#include <stdint.h>

void AnnotateIgnoreReadsBegin(const char *file, int line) __attribute__((weak));
void AnnotateIgnoreReadsEnd(const char *file, int line) __attribute__((weak));
void AnnotateIgnoreWritesBegin(const char *file, int line) __attribute__((weak));
void AnnotateIgnoreWritesEnd(const char *file, int line) __attribute__((weak));
void __tsan_read_range(void *p, long size) __attribute__((weak));
void __tsan_write_range(void *p, long size) __attribute__((weak));

static inline int quiet_begin(void)
{
    if (AnnotateIgnoreReadsBegin && AnnotateIgnoreWritesBegin) {
        AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    }
    return 0;
}

static inline void quiet_end(const int *quiet)
{
    (void)quiet;
    if (AnnotateIgnoreReadsEnd && AnnotateIgnoreWritesEnd) {
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
        AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    }
}

/* From here to the end of the block. */
#define TLS_QUIET __attribute__((cleanup(quiet_end), unused)) int quiet = quiet_begin()

static inline void saw_reading(const void *p, size_t size)
{
    if (__tsan_read_range && size)
        __tsan_read_range((void *)(uintptr_t)p, (long)size);
}

static inline void saw_writing(void *p, size_t size)
{
    if (__tsan_write_range && size)
        __tsan_write_range(p, (long)size);
}

#endif
