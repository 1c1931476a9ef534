/* SPDX-License-Identifier: MIT */
/*
 * held.c - pthread locks that a goroutine holds while it parks.
 *
 * WHY     The next goroutine on the same thread that wants the lock blocks the thread, and with it
 *   the one that holds it, for ever; and a recursive mutex lets it in, for it knows threads only.
 *   Nothing of that shows until the load is high enough. So the situation is reported when it
 *   first arises, harmless or not.
 *
 * PICTURE hash of the goroutine's number -> bucket -> {goroutine, lock, place} ...
 *
 * NOTES   come from a fixed store and go back to their bucket: there is no allocation here, since
 *   allocators lock as well. If the store is used up (so many locks are held at once), further
 *   ones are not seen. A lock that another goroutine unlocks, which POSIX forbids, stays noted.
 *   Locks that are taken inside libc are not seen either (stdio's, malloc's).
 *
 * REPORT  Once for each place that locks, named by its address: the call that parks, where the
 *   lock was taken, and the stack.
 *
 * PROOF  drivers/posix/tests/posix_offload_test.c.
 */
#include "held.h"

#include <leat.h>

#include <dlfcn.h>
#include <execinfo.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUCKETS = 256, NOTES = 8192, PLACES = 64, FRAMES = 48 };

struct note {
    struct note *next;
    uint64_t goroutine;
    const void *lock, *place;
};

static struct bucket {
    atomic_flag busy;
    struct note *notes, *free; /* busy */
} buckets[BUCKETS];

static struct note store[NOTES];
static atomic_uint used;
static _Atomic(const void *) reported[PLACES];

int held_mode = LEAT_POSIX_LOCKS_REPORT;

/* ---- settings ---- */

static bool option_is(const char *text, const char *option)
{
    size_t n = strlen(option);

    return strncmp(text, option, n) == 0 && (text[n] == '\0' || text[n] == ',');
}

__attribute__((constructor)) static void held_read_settings(void)
{
    const char *text = getenv("LEAT_POSIX");

    if (!text || !*text)
        return;
    if (option_is(text, "locks=off"))
        held_mode = LEAT_POSIX_LOCKS_OFF;
    else if (option_is(text, "locks=fatal"))
        held_mode = LEAT_POSIX_LOCKS_FATAL;
    else if (!option_is(text, "locks=report"))
        fprintf(stderr, "leat-posix: LEAT_POSIX=%s is not understood; locks=report|fatal|off\n",
                text);
}

int leat_posix_locks(int mode)
{
    if (mode < LEAT_POSIX_LOCKS_OFF || mode > LEAT_POSIX_LOCKS_FATAL)
        return __atomic_load_n(&held_mode, __ATOMIC_RELAXED);
    return __atomic_exchange_n(&held_mode, mode, __ATOMIC_RELAXED);
}

/* ---- notes ---- */

static struct bucket *enter_bucket(uint64_t goroutine)
{
    struct bucket *b = &buckets[goroutine % BUCKETS];

    while (atomic_flag_test_and_set_explicit(&b->busy, memory_order_acquire))
        sched_yield();
    return b;
}

static void leave_bucket(struct bucket *b)
{
    atomic_flag_clear_explicit(&b->busy, memory_order_release);
}

static struct note *take_note(struct bucket *b)
{
    struct note *n = b->free;

    if (n) {
        b->free = n->next;
        return n;
    }
    if (atomic_load_explicit(&used, memory_order_relaxed) >= NOTES)
        return NULL;
    unsigned i = atomic_fetch_add_explicit(&used, 1, memory_order_relaxed);
    return i < NOTES ? &store[i] : NULL;
}

void held_add(const void *lock, const void *place)
{
    uint64_t self = leat_id();
    struct bucket *b = enter_bucket(self);
    struct note *n = take_note(b);

    if (n) {
        *n = (struct note){b->notes, self, lock, place};
        b->notes = n;
    }
    leave_bucket(b);
}

void held_remove(const void *lock)
{
    uint64_t self = leat_id();
    struct bucket *b = enter_bucket(self);

    for (struct note **at = &b->notes; *at; at = &(*at)->next)
        if ((*at)->goroutine == self && (*at)->lock == lock) {
            struct note *n = *at;
            *at = n->next;
            n->next = b->free;
            b->free = n;
            break;
        }
    leave_bucket(b);
}

/* ---- the report ---- */

/* False: this place was reported before, or there have been many others. */
static bool is_news(const void *place)
{
    for (int i = 0; i < PLACES; i++) {
        const void *there = NULL;
        if (atomic_compare_exchange_strong(&reported[i], &there, place))
            return true;
        if (there == place)
            return false;
    }
    return false;
}

static void describe_place(const void *place, char *text, size_t size)
{
    Dl_info info = {0};
    const char *file = "?";
    const char *slash;

    if (dladdr(place, &info) && info.dli_fname) {
        slash = strrchr(info.dli_fname, '/');
        file = slash ? slash + 1 : info.dli_fname;
    }
    if (info.dli_sname)
        snprintf(text, size, "%s+0x%zx in %s", info.dli_sname,
                 (size_t)((const char *)place - (const char *)info.dli_saddr), file);
    else
        snprintf(text, size, "%s+0x%zx", file,
                 (size_t)((const char *)place - (const char *)info.dli_fbase));
}

static void report_held(const char *call, const struct note *n)
{
    char where[200], text[400];
    void *frames[FRAMES];

    describe_place(n->place, where, sizeof(where));
    if (__atomic_load_n(&held_mode, __ATOMIC_RELAXED) == LEAT_POSIX_LOCKS_FATAL)
        leat_panic("leat-posix: parks in %s with a pthread lock held, locked at %s", call,
                   where);
    int len = snprintf(
        text, sizeof(text),
        "leat-posix: goroutine %llu parks in %s with a pthread lock held, locked "
        "at %s; others on its thread that want the lock would block the thread\n"
        "goroutine %llu [%s]:\n",
        (unsigned long long)n->goroutine, call, where, (unsigned long long)n->goroutine, call);
    syscall(SYS_write, STDERR_FILENO, text, (size_t)len);
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
}

void held_check(const char *call)
{
    struct note found = {0};

    if (__atomic_load_n(&held_mode, __ATOMIC_RELAXED) == LEAT_POSIX_LOCKS_OFF ||
        atomic_load_explicit(&used, memory_order_relaxed) == 0)
        return;
    uint64_t self = leat_id();
    struct bucket *b = enter_bucket(self);
    for (const struct note *n = b->notes; n && !found.lock; n = n->next)
        if (n->goroutine == self)
            found = *n;
    leave_bucket(b);
    if (found.lock && is_news(found.place))
        report_held(call, &found);
}
