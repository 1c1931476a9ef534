/* SPDX-License-Identifier: MIT */
/*
 * os.h - what the runtime asks of Linux: futexes, memory, processors, threads' states.
 *
 * None of these reports through errno; results are 0 or a positive value, else -errno.
 */
#ifndef LEAT_OS_OS_H
#define LEAT_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sleep while *word == value, until `deadline` (monotonic; INT64_MAX: no limit). May wake early. */
void os_futex_wait(uint32_t *word, uint32_t value, int64_t deadline);
/* The same without the slack by which the kernel may let sleepers sleep on. The thread's setting is
 * the user's, and what it forks inherits it: it is changed for the sleep only. */
void os_futex_wait_precise(uint32_t *word, uint32_t value, int64_t deadline);
void os_futex_wake(uint32_t *word, int n);
/* The same around any other call of this thread that sleeps. */
int os_precise_begin(void);
void os_precise_end(int slack);

void *os_map(size_t size); /* zeroed pages, NULL on failure; may be refused
                                                 on purpose by LEAT_DEBUG=failmmap */
void os_unmap(void *p, size_t size);
int os_guard(void *p, size_t size); /* MADV_GUARD_INSTALL: 0 or -errno */
/* The same for n regions, `stride` bytes apart, in one call of the kernel (Linux >= 6.14). */
int os_guard_many(void *first, size_t size, size_t stride, unsigned n);
enum { OS_GUARDS_MAX = 16 };
int os_protect_none(void *p, size_t size);
void os_drop(void *p, size_t size); /* give the pages back, keep the mapping */
void os_huge_pages(void *p, size_t size, bool wanted);
long os_max_map_count(void);

int os_gettid(void);
int os_cpu_count(void);     /* processors of the machine, as Go's NumCPU: the affinity mask */
int os_default_procs(void); /* processors by affinity and cgroup quota, Go 1.25's rule */

/* Processor time a thread has used, nanoseconds; -1 if it cannot be read. */
int64_t os_thread_cpu(int tid);
/* Is the thread waiting in the kernel (not running, not runnable)? -1: cannot tell. */
int os_thread_sleeps(int tid);
/* Does any thread exist for which `known` says false? The runtime asks at deadlock only. */
bool os_has_other_threads(bool (*known)(int tid));

#endif
