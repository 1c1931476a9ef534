/* SPDX-License-Identifier: MIT */
/*
 * atomic.c - sleeping until an atomic value changes, and atomic values of any size.
 *
 * WAITING  Who waits stands in the parking lot under the odd address above the value, which is no
 *   other object's key. The value is looked at under the lot's lock before standing there, and a
 *   notification takes that lock after the value was changed: the waiter sees the change, or is
 *   found. It looks again when woken, so a notification that comes late, for an object that is
 *   gone, at worst wakes somebody for nothing.
 *
 * VALUES OF ANY SIZE  A seqlock: `changes` is odd while a writer is inside, 0 before the first.
 *   A reader copies and takes the copy if `changes` was even and the same before and after. It
 *   never writes shared memory; after some failures it takes the writers' lock, so that it ends.
 *
 * ORDERING  A writer's stores to the value are relaxed, between two stores of `changes` with a
 *   release fence after the first and release on the second; a reader's loads stand between an
 *   acquire load and an acquire fence. So a copy with an odd or torn write in it sees `changes`
 *   move. For TSan writers release and readers acquire at the value.
 *
 * REJECTED  Go's pointer to an immutable copy: in C nobody would know when to free it.
 *
 * PROOF  tests/golike/{atomic_test.c,atomic_value_test.c}.
 */
#include <leat/atomic.h>
#include <string.h>

#include "arch/sanitize.h"
#include "base/spin.h"
#include "park/lot.h"

enum { READ_TRIES = 16 };

/* ---- waiting ---- */

struct watched {
    const void *word;
    size_t size;
    uint64_t old;
};

static uint64_t load_word(const void *word, size_t size)
{
    switch (size) {
    case 1:
        return load_seq((const uint8_t *)word);
    case 2:
        return load_seq((const uint16_t *)word);
    case 4:
        return load_seq((const uint32_t *)word);
    default:
        return load_seq((const uint64_t *)word);
    }
}

static bool is_unchanged(void *arg)
{
    const struct watched *w = arg;

    return load_word(w->word, w->size) == w->old;
}

static const void *odd_address(const void *word)
{
    return (const char *)word + 1;
}

int leat__atomic_wait(const void *word, size_t size, uint64_t old, leat_ctx *ctx,
                      leat_duration deadline)
{
    struct watched w = {word, size, old};
    struct limit l = limit_ctx(ctx);
    int err;

    l.deadline = deadline;
    err = limit_over(&l);
    while (!err && is_unchanged(&w))
        err = lot_park_limit(odd_address(word), is_unchanged, &w, WAIT_ATOMIC, &l, NULL);
    if (!err)
        san_acquire((void *)(uintptr_t)word);
    return err;
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

void leat__atomic_notify(const void *word, bool all)
{
    if (all)
        lot_wake_all(odd_address(word), always, NULL);
    else
        lot_wake_one(odd_address(word));
}

/* ---- values of any size ---- */

/* Copy between a user's object and the shared one; only the latter is touched atomically. */
static void copy_out(void *to, const uint64_t *from, size_t size)
{
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t word = load_relaxed(&from[i]);
        memcpy((char *)to + 8 * i, &word, 8);
    }
    const char *rest = (const char *)from;
    for (size_t i = size & ~(size_t)7; i < size; i++)
        ((char *)to)[i] = load_relaxed(&rest[i]);
}

static void copy_in(uint64_t *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t word;
        memcpy(&word, (const char *)from + 8 * i, 8);
        store_relaxed(&to[i], word);
    }
    char *rest = (char *)to;
    for (size_t i = size & ~(size_t)7; i < size; i++)
        store_relaxed(&rest[i], ((const char *)from)[i]);
}

static spinlock *writers(leat__value *value)
{
    return (spinlock *)(void *)&value->lock;
}

static bool value_copy(const leat__value *value, const void *from, void *to, size_t size)
{
    for (int i = 0; i < READ_TRIES; i++) {
        uint32_t before = load_acquire(&value->changes);
        if (before % 2) {
            cpu_relax();
            continue;
        }
        copy_out(to, from, size);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (load_relaxed(&value->changes) == before)
            return before != 0;
    }
    leat__value *guard = (leat__value *)(uintptr_t)value;
    spin_lock(writers(guard), LEAT__RANK_LOT);
    copy_out(to, from, size);
    bool stored = guard->changes != 0;
    spin_unlock(writers(guard), LEAT__RANK_LOT);
    return stored;
}

bool leat__value_load(const leat__value *value, const void *from, void *to, size_t size)
{
    bool stored = value_copy(value, from, to, size);

    san_acquire((void *)(uintptr_t)value);
    san_write(to, size);
    return stored;
}

/* Lock held. */
static void value_write(leat__value *value, void *to, const void *from, size_t size)
{
    uint32_t after = value->changes + 2;

    store_relaxed(&value->changes, after - 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    copy_in(to, from, size);
    store_release(&value->changes, after ? after : 2);
}

bool leat__value_swap(leat__value *value, void *to, const void *from, void *old, size_t size)
{
    san_read(from, size);
    if (old)
        san_write(old, size);
    spin_lock(writers(value), LEAT__RANK_LOT);
    bool stored = value->changes != 0;
    san_acquire(value);
    san_release(value);
    if (old)
        copy_out(old, to, size);
    value_write(value, to, from, size);
    spin_unlock(writers(value), LEAT__RANK_LOT);
    return stored;
}

bool leat__value_cas(leat__value *value, void *to, const void *expected, const void *from,
                     size_t size)
{
    san_read(expected, size);
    san_read(from, size);
    spin_lock(writers(value), LEAT__RANK_LOT);
    bool same = value->changes != 0 && memcmp(to, expected, size) == 0;
    san_acquire(value);
    if (same) {
        san_release(value);
        value_write(value, to, from, size);
    }
    spin_unlock(writers(value), LEAT__RANK_LOT);
    return same;
}
