/* SPDX-License-Identifier: MIT */
/*
 * leat/rwmutex.h - a lock for many readers or one writer.
 *
 *     static leat_rwmutex lock;
 *
 *     leat_rwmutex_rlock(&lock);
 *     use(table);
 *     leat_rwmutex_runlock(&lock);
 *
 * A writer that waits stops readers that come later, so a stream of readers does not keep it
 * out; when it unlocks, the readers that queued meanwhile go before the next writer. Therefore
 * a reader must not rlock again what it holds: a writer between the two would wait for the
 * first, and the second for the writer.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_RWMUTEX_H
#define LEAT_RWMUTEX_H

#include <leat/mutex.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A lock that many readers or one writer hold; not owned, not recursive. */
typedef struct leat_rwmutex {
    uint64_t leat__state; /* opaque */
    uint32_t leat__readers, leat__writer;
    leat_mutex leat__turn;
} leat_rwmutex;

/**
 * Lock for reading, waiting while a writer holds the lock or waits for it.
 *
 * Go         rw.RLock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_rwmutex_rlock_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until it is unlocked.
 * Ordering   what precedes a leat_rwmutex_unlock happens before the later lock for reading
 *            returns. Two readers are not ordered.
 * Param      rw      a reader-writer lock.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_rwmutex_runlock, leat_rwmutex_lock, leat_read_guard
 * Since      0.2
 */
LEAT_API void leat_rwmutex_rlock(leat_rwmutex *rw);

/**
 * Lock for reading unless a context ends before.
 *
 * Go         none: Go's locks cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without trying, when that is over already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until it is unlocked; the context until this returns.
 * Ordering   as leat_rwmutex_rlock when it locked.
 * Param      ctx     a context, or NULL for none.
 * Param      rw      a reader-writer lock.
 * Returns    0 when it is locked, else -ECANCELED or -ETIMEDOUT, and it is not.
 * Fatal      never.
 * See        leat_rwmutex_rlock, leat_rwmutex_runlock, leat_rwmutex_rlock_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_rwmutex_rlock_ctx(leat_ctx *ctx, leat_rwmutex *rw);

/**
 * Lock for reading unless a time comes before.
 *
 * Go         none: Go's locks cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without trying, when that has
 *            passed already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until it is unlocked.
 * Ordering   as leat_rwmutex_rlock when it locked.
 * Param      rw       a reader-writer lock.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when it is locked, else -ETIMEDOUT, and it is not.
 * Fatal      never.
 * See        leat_rwmutex_rlock, leat_rwmutex_runlock, leat_rwmutex_rlock_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_rwmutex_rlock_until(leat_rwmutex *rw, leat_duration deadline);

/**
 * Lock for reading if that needs no wait.
 *
 * Go         rw.TryRLock()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_rwmutex_rlock when it locked.
 * Ordering   as leat_rwmutex_rlock when it locked; none when not.
 * Param      rw      a reader-writer lock.
 * Returns    whether the caller holds it for reading now.
 * Fatal      never.
 * See        leat_rwmutex_rlock
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD bool leat_rwmutex_tryrlock(leat_rwmutex *rw);

/**
 * Undo one lock for reading; whoever took it.
 *
 * Go         rw.RUnlock()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock is not touched once a writer has it.
 * Ordering   what precedes it happens before the next leat_rwmutex_lock returns.
 * Param      rw      a reader-writer lock.
 * Returns    nothing.
 * Fatal      "sync: RUnlock of unlocked RWMutex".
 * See        leat_rwmutex_rlock
 * Since      0.2
 */
LEAT_API void leat_rwmutex_runlock(leat_rwmutex *rw);

/**
 * Lock for writing, waiting until nobody else holds the lock.
 *
 * Go         rw.Lock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_rwmutex_lock_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until it is unlocked.
 * Ordering   what precedes every earlier unlock, of readers and writers, happens before this
 *            returns.
 * Param      rw      a reader-writer lock.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_rwmutex_unlock, leat_rwmutex_rlock, leat_write_guard
 * Since      0.2
 */
LEAT_API void leat_rwmutex_lock(leat_rwmutex *rw);

/**
 * Lock for writing unless a context ends before.
 *
 * A writer that gives up lets the readers in that waited behind it.
 *
 * Go         none: Go's locks cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error; at once, without trying, when that is over already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until it is unlocked; the context until this returns.
 * Ordering   as leat_rwmutex_lock when it locked.
 * Param      ctx     a context, or NULL for none.
 * Param      rw      a reader-writer lock.
 * Returns    0 when it is locked, else -ECANCELED or -ETIMEDOUT, and it is not.
 * Fatal      never.
 * See        leat_rwmutex_lock, leat_rwmutex_unlock, leat_rwmutex_lock_until
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_rwmutex_lock_ctx(leat_ctx *ctx, leat_rwmutex *rw);

/**
 * Lock for writing unless a time comes before.
 *
 * A writer that gives up lets the readers in that waited behind it.
 *
 * Go         none: Go's locks cannot be given up on.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline; at once, without trying, when that has
 *            passed already.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until it is unlocked.
 * Ordering   as leat_rwmutex_lock when it locked.
 * Param      rw       a reader-writer lock.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when it is locked, else -ETIMEDOUT, and it is not.
 * Fatal      never.
 * See        leat_rwmutex_lock, leat_rwmutex_unlock, leat_rwmutex_lock_ctx
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD int leat_rwmutex_lock_until(leat_rwmutex *rw, leat_duration deadline);

/**
 * Lock for writing if that needs no wait.
 *
 * Go         rw.TryLock()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_rwmutex_lock when it locked.
 * Ordering   as leat_rwmutex_lock when it locked; none when not.
 * Param      rw      a reader-writer lock.
 * Returns    whether the caller holds it for writing now.
 * Fatal      never.
 * See        leat_rwmutex_lock
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD bool leat_rwmutex_trylock(leat_rwmutex *rw);

/**
 * Undo a lock for writing; whoever took it.
 *
 * Go         rw.Unlock()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock is not touched once another has it.
 * Ordering   what precedes it happens before every later lock returns.
 * Param      rw      a reader-writer lock.
 * Returns    nothing.
 * Fatal      "sync: Unlock of unlocked RWMutex".
 * See        leat_rwmutex_lock
 * Since      0.2
 */
LEAT_API void leat_rwmutex_unlock(leat_rwmutex *rw);

/**
 * Go on with a lock for reading in place of the one for writing, without a gap.
 *
 *     leat_rwmutex_lock(&table->lock);
 *     int version = change(table);
 *     leat_rwmutex_downgrade(&table->lock);      // nobody changes it before we have told
 *     tell(table, version);
 *     leat_rwmutex_runlock(&table->lock);
 *
 * Readers that wait come in as well; a writer that waits comes after all of them.
 *
 * Go         none: Go's lock must be unlocked and locked again, and is changed in between.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler, nor in a block with a
 *            leat_write_guard, whose end unlocks for writing.
 * Ownership  the lock must live until leat_rwmutex_runlock.
 * Ordering   what precedes it happens before every later lock, of readers too, returns.
 * Param      rw      a reader-writer lock that the caller holds for writing.
 * Returns    nothing.
 * Fatal      "sync: downgrade of an RWMutex not locked for writing".
 * See        leat_rwmutex_runlock, leat_rwmutex_try_upgrade
 * Since      0.2
 */
LEAT_API void leat_rwmutex_downgrade(leat_rwmutex *rw);

/**
 * Go on with a lock for writing in place of the one for reading, if nobody else is there.
 *
 *     leat_rwmutex_rlock(&cache->lock);
 *     if (stale(cache) && !leat_rwmutex_try_upgrade(&cache->lock)) {
 *         leat_rwmutex_runlock(&cache->lock);
 *         leat_rwmutex_lock(&cache->lock);       // and look again: others were there first
 *     }
 *
 * It fails while another holds the lock or a writer waits for it. There is no form that waits:
 * two readers who both did would wait for each other.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler, nor in a block with a
 *            leat_read_guard, whose end unlocks for reading.
 * Ownership  the lock must live until it is unlocked.
 * Ordering   as leat_rwmutex_lock when it worked; none when not.
 * Param      rw      a reader-writer lock that the caller holds for reading.
 * Returns    whether the caller holds it for writing now; if not, it reads as before.
 * Fatal      "sync: upgrade of an RWMutex not locked for reading", when nobody reads.
 * See        leat_rwmutex_unlock, leat_rwmutex_downgrade
 * Since      0.2
 */
LEAT_API LEAT_NODISCARD bool leat_rwmutex_try_upgrade(leat_rwmutex *rw);

/* What the macros expand to. */
LEAT_API void leat__rwmutex_scope_end(void *rw);
LEAT_API void leat__rwmutex_read_end(void *rw);
LEAT_API void leat__rwmutex_rlock_slow(leat_rwmutex *rw, bool counted);
LEAT_API void leat__rwmutex_runlock_slow(leat_rwmutex *rw);

/* Without a writer, readers come and go without a call; the reasons are in mutex.h. The highest
 * bit is the writer's, the lowest half counts readers. */
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_THREAD__) && !defined(LEAT__TSAN)
extern inline __attribute__((gnu_inline)) void leat_rwmutex_rlock(leat_rwmutex *rw)
{
    bool asked = __atomic_load_n(&leat__attention, __ATOMIC_RELAXED) != 0;

    if (__builtin_expect(
            asked || __atomic_fetch_add(&rw->leat__state, 1, __ATOMIC_ACQUIRE) >> 63 != 0, 0))
        leat__rwmutex_rlock_slow(rw, !asked);
}

extern inline __attribute__((gnu_inline)) void leat_rwmutex_runlock(leat_rwmutex *rw)
{
    uint64_t state = __atomic_load_n(&rw->leat__state, __ATOMIC_RELAXED);

    if (__builtin_expect(__atomic_load_n(&leat__attention, __ATOMIC_RELAXED) != 0 ||
                             state == 0 || state >> 63 != 0 ||
                             !__atomic_compare_exchange_n(&rw->leat__state, &state, state - 1,
                                                          0, __ATOMIC_RELEASE,
                                                          __ATOMIC_RELAXED),
                         0))
        leat__rwmutex_runlock_slow(rw);
}
#endif

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

static inline void *leat__write_guard(leat_rwmutex *rw)
{
    leat_rwmutex_lock(rw);
    return rw;
}

static inline void *leat__read_guard(leat_rwmutex *rw)
{
    leat_rwmutex_rlock(rw);
    return rw;
}

/**
 * Lock for reading until the end of the block, however that is left.
 *
 *     leat_read_guard(&table->lock);
 *
 * It is a declaration; leat_exit unlocks as well.
 *
 * Go         rw.RLock(); defer rw.RUnlock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until the end of the block.
 * Ordering   as leat_rwmutex_rlock and leat_rwmutex_runlock.
 * Param      rw      a leat_rwmutex *, evaluated once.
 * Returns    nothing: it is a declaration.
 * Fatal      as leat_rwmutex_runlock.
 * See        leat_rwmutex_rlock, leat_write_guard, leat_lock_guard
 * Since      0.2
 */
#define leat_read_guard(rw) \
    LEAT__GUARD(__COUNTER__, leat__rwmutex_read_end, leat__read_guard(rw))

/**
 * Lock for writing until the end of the block, however that is left.
 *
 * It is a declaration; leat_exit unlocks as well.
 *
 * Go         rw.Lock(); defer rw.Unlock()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the lock must live until the end of the block.
 * Ordering   as leat_rwmutex_lock and leat_rwmutex_unlock.
 * Param      rw      a leat_rwmutex *, evaluated once.
 * Returns    nothing: it is a declaration.
 * Fatal      as leat_rwmutex_unlock.
 * See        leat_rwmutex_lock, leat_read_guard, leat_lock_guard
 * Since      0.2
 */
#define leat_write_guard(rw) \
    LEAT__GUARD(__COUNTER__, leat__rwmutex_scope_end, leat__write_guard(rw))

#endif /* !__cplusplus */

#endif
