/* SPDX-License-Identifier: MIT */
/*
 * rwmutex.c - many readers or one writer; a writer that waits stops new readers.
 *
 * PICTURE   state:  [ WRITER | BEHIND | leaving, 30 bits | readers, 32 bits ]
 *
 *   readers   how many hold it or wait for it.
 *   WRITER    a writer holds it (leaving is 0), or waits for the readers that were inside when it
 *             came; `leaving` of the readers are still there. The others wait for the writer.
 *   BEHIND    another writer stands behind the one that holds it, which is about to unlock.
 *   turn      a mutex among writers. One holds it from before it sets WRITER until it unlocks, so
 *             at most one waits here; the mutex does the queueing, the fairness, the spinning.
 *
 * INVARIANTS
 *   R1  without WRITER leaving is 0; leaving <= readers.
 *   R2  readers inside: all without WRITER, `leaving` with it.
 *   R3  BEHIND only with WRITER and leaving 0.
 *
 * PROTOCOL
 *   rlock    one addition. Without WRITER that was all, else wait for a grant.
 *   runlock  one CAS; the last of `leaving` grants the writer.
 *   lock     get the turn, set WRITER, and all readers of that moment become `leaving`.
 *   unlock   drop WRITER: who had queued as a reader meanwhile is inside from then on, and is
 *            granted. A writer BEHIND keeps WRITER for itself and waits for those readers: so
 *            readers and writers alternate, and neither starves.
 *   Which one of the readers a grant reaches does not matter: the state only counts them.
 *   downgrade  unlock, and one reader more: itself, who is inside with those that are granted.
 *   upgrade    get the turn if it is free, and set WRITER if the only reader is oneself.
 *
 * LAST TOUCH  Whoever takes the last step of an unlock uses the address only, as a key: the one
 *   it lets in may unlock and free. So unlock gives the turn back first, while it still holds
 *   the lock: the next writer may then come too early, spins a little, and stands BEHIND.
 *
 * EARLY LEAVERS  As in mutex.c, the state is compared with what has been promised.
 *   A reader leaves if the state counts one that waits: it takes one such off. Otherwise every
 *   reader in rlock has a grant coming; it tries again until one is its own.
 *   A writer leaves while readers are still leaving: the readers that waited for it come in, by
 *   the same CAS that takes WRITER away. With leaving 0 it holds the lock already.
 *
 * ORDERING  The state orders all. For TSan a writer releases and everybody acquires at the lock's
 *   address; readers release at another one, which writers alone acquire: two readers are not
 *   ordered. The turn tells TSan nothing: who has it and gives it back without the lock, because
 *   readers are inside, comes after nobody.
 * REJECTED  (a) Go's three words: after the step that lets others in unlock still reads two of
 *   them. (b) an addition in runlock: whether the reader was a leaving one must be decided in
 *   the same step, else a writer that gives up meets a number that is nobody's. (c) one CAS for
 *   an uncontended writer, taking the turn only to wait: then each writer is handed the lock by
 *   the one before, a switch each.
 *
 * PROOF  tests/golike/rwmutex_test.c, src/sync/{early_test.c,order_test.c}.
 */
#include <leat/rwmutex.h>

#include "arch/sanitize.h"
#include "base/fatal.h"
#include "park/lot.h"
#include "sync/rwmutex.h"

enum { SPIN_BEHIND = 100 };

#define LEAVING (UINT64_C(1) << 32)
#define BEHIND  (UINT64_C(1) << 62)
#define WRITER  (UINT64_C(1) << 63)

static inline uint32_t readers_in(uint64_t state)
{
    return (uint32_t)state;
}

static inline uint32_t leaving_in(uint64_t state)
{
    return (uint32_t)(state >> 32) & 0x3fffffff;
}

/* The end of a call; as the inline ways do, it asks first whether somebody is to yield at all. */
static inline void poll(void)
{
    struct m *self;

    if ((LEAT__HOSTILE || unlikely(load_relaxed(&leat__attention) != 0)) && (self = tls_m()))
        sched_poll(self);
}

/* ---- readers ---- */

/* Off the count of readers that wait; false: a grant is ours, or on its way to us. */
static bool reader_withdraw(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);

    do {
        if (!(old & WRITER) || readers_in(old) == leaving_in(old))
            return false;
    } while (!cas(&rw->leat__state, &old, old - 1));
    return true;
}

LEAT__COLD static int rlock_slow(leat_rwmutex *rw, const struct limit *l)
{
    for (;;) {
        int err = lot_acquire_limit(&rw->leat__readers, false, WAIT_RWMUTEX_RLOCK, rw, l);
        if (!err || reader_withdraw(rw))
            return err;
        sched_yield_now(m_self()); /* somebody is about to release what we are promised */
    }
}

static inline bool rlock_fast(leat_rwmutex *rw)
{
    return !(__atomic_fetch_add(&rw->leat__state, 1, __ATOMIC_ACQUIRE) & WRITER);
}

/* `counted`: the inline way has added us, and found a writer. */
void leat__rwmutex_rlock_slow(leat_rwmutex *rw, bool counted)
{
    if (unlikely(counted || !rlock_fast(rw)))
        rlock_slow(rw, NULL);
    san_acquire(rw);
}

void leat_rwmutex_rlock(leat_rwmutex *rw)
{
    leat__rwmutex_rlock_slow(rw, false);
}

static int rlock_limit(leat_rwmutex *rw, const struct limit *l)
{
    int err = limit_over(l);

    if (!err && unlikely(!rlock_fast(rw)))
        err = rlock_slow(rw, l);
    if (!err)
        san_acquire(rw);
    return err;
}

bool leat_rwmutex_tryrlock(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);

    do {
        if (old & WRITER)
            return false;
    } while (!cas(&rw->leat__state, &old, old + 1));
    san_acquire(rw);
    return true;
}

void leat__rwmutex_runlock_slow(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);
    uint64_t new;
    struct m *self = tls_m();

    san_release(&rw->leat__readers);
    do {
        uint32_t inside = old & WRITER ? leaving_in(old) : readers_in(old);
        if (unlikely(inside == 0))
            leat__throw("sync: RUnlock of unlocked RWMutex");
        new = old - 1 - (old & WRITER ? LEAVING : 0);
    } while (!__atomic_compare_exchange_n(&rw->leat__state, &old, new, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    if (unlikely(new &WRITER) && leaving_in(new) == 0)
        lot_release(&rw->leat__writer, false);
    if (likely(self))
        sched_poll(self);
}

void leat_rwmutex_runlock(leat_rwmutex *rw)
{
    leat__rwmutex_runlock_slow(rw);
}

/* ---- writers ---- */

/* The lock is ours, or we stand where it will be granted to us: then false. */
static bool claim_turn(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);
    uint64_t new;

    for (int i = 0; i < SPIN_BEHIND && old & WRITER; i++) {
        cpu_relax();
        old = load_relaxed(&rw->leat__state);
    }
    do {
        new = old &WRITER ? old | BEHIND : old | WRITER | readers_in(old) * LEAVING;
    } while (!cas(&rw->leat__state, &old, new));
    return old == 0;
}

/* False: the lock is ours, or about to be. */
static bool writer_withdraw(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);
    uint64_t new;
    uint32_t admitted;

    do {
        if (old & BEHIND) {
            new = old & ~BEHIND;
            admitted = 0;
        } else if (leaving_in(old)) {
            new = readers_in(old);
            admitted = readers_in(old) - leaving_in(old);
        } else {
            return false;
        }
    } while (!cas(&rw->leat__state, &old, new));
    if (admitted)
        lot_release_many(&rw->leat__readers, admitted);
    return true;
}

LEAT__COLD static int write_slow(leat_rwmutex *rw, const struct limit *l)
{
    if (claim_turn(rw))
        return 0;
    for (;;) {
        int err = lot_acquire_limit(&rw->leat__writer, false, WAIT_RWMUTEX_LOCK, rw, l);
        if (!err)
            return 0;
        if (writer_withdraw(rw)) {
            mutex_give(&rw->leat__turn);
            return err;
        }
        sched_yield_now(m_self());
    }
}

static inline bool write_fast(leat_rwmutex *rw)
{
    uint64_t none = 0;

    return __atomic_compare_exchange_n(&rw->leat__state, &none, WRITER, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void writer_inside(leat_rwmutex *rw)
{
    san_acquire(rw);
    san_acquire(&rw->leat__readers);
}

void leat_rwmutex_lock(leat_rwmutex *rw)
{
    (void)mutex_take(&rw->leat__turn, NULL);
    if (unlikely(!write_fast(rw)))
        write_slow(rw, NULL);
    writer_inside(rw);
}

static int write_limit(leat_rwmutex *rw, const struct limit *l)
{
    int err = limit_over(l);

    if (!err)
        err = mutex_take(&rw->leat__turn, l);
    if (!err && unlikely(!write_fast(rw)))
        err = write_slow(rw, l);
    if (!err)
        writer_inside(rw);
    return err;
}

bool leat_rwmutex_trylock(leat_rwmutex *rw)
{
    if (!mutex_try_take(&rw->leat__turn))
        return false;
    if (!write_fast(rw)) {
        mutex_give(&rw->leat__turn);
        poll();
        return false;
    }
    writer_inside(rw);
    return true;
}

LEAT__COLD static void unlock_for_others(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);
    uint64_t new;
    uint32_t n;

    do {
        n = readers_in(old);
        new = old &BEHIND ? WRITER | n *LEAVING | n : n;
    } while (!cas(&rw->leat__state, &old, new));
    if (n)
        lot_release_many(&rw->leat__readers, n);
    else if (old & BEHIND)
        lot_release(&rw->leat__writer, false);
}

void leat_rwmutex_unlock(leat_rwmutex *rw)
{
    uint64_t held = load_relaxed(&rw->leat__state);

    if (unlikely(!(held & WRITER) || leaving_in(held)))
        leat__throw("sync: Unlock of unlocked RWMutex");
    san_release(rw);
    mutex_give(&rw->leat__turn);
    held = WRITER;
    if (unlikely(!__atomic_compare_exchange_n(&rw->leat__state, &held, 0, false,
                                              __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
        unlock_for_others(rw);
    poll();
}

/* ---- from one to the other ---- */

void leat_rwmutex_downgrade(leat_rwmutex *rw)
{
    uint64_t old = load_relaxed(&rw->leat__state);
    uint64_t new;
    uint32_t n;

    if (unlikely(!(old & WRITER) || leaving_in(old)))
        leat__throw("sync: downgrade of an RWMutex not locked for writing");
    san_release(rw);
    mutex_give(&rw->leat__turn);
    do {
        n = readers_in(old);
        new = old &BEHIND ? WRITER | (n + 1) * LEAVING | (n + 1) : n + 1;
    } while (!cas(&rw->leat__state, &old, new));
    if (n)
        lot_release_many(&rw->leat__readers, n);
    poll();
}

bool leat_rwmutex_try_upgrade(leat_rwmutex *rw)
{
    uint64_t alone = load_relaxed(&rw->leat__state);

    if (unlikely(readers_in(alone) == 0 || (alone & WRITER && leaving_in(alone) == 0)))
        leat__throw("sync: upgrade of an RWMutex not locked for reading");
    if (alone != 1 || !mutex_try_take(&rw->leat__turn))
        return false;
    if (!__atomic_compare_exchange_n(&rw->leat__state, &alone, WRITER, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        mutex_give(&rw->leat__turn);
        return false;
    }
    writer_inside(rw);
    return true;
}

/* ---- with a limit ---- */

int leat_rwmutex_rlock_ctx(leat_ctx *ctx, leat_rwmutex *rw)
{
    struct limit l = limit_ctx(ctx);

    return rlock_limit(rw, &l);
}

int leat_rwmutex_rlock_until(leat_rwmutex *rw, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return rlock_limit(rw, &l);
}

int leat_rwmutex_lock_ctx(leat_ctx *ctx, leat_rwmutex *rw)
{
    struct limit l = limit_ctx(ctx);

    return write_limit(rw, &l);
}

int leat_rwmutex_lock_until(leat_rwmutex *rw, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return write_limit(rw, &l);
}

void leat__rwmutex_scope_end(void *rw)
{
    leat_rwmutex_unlock(rw);
}

void leat__rwmutex_read_end(void *rw)
{
    leat_rwmutex_runlock(rw);
}

const char *rwmutex_check(const leat_rwmutex *rw)
{
    uint64_t state = load_seq(&rw->leat__state);

    if (!(state & WRITER) && leaving_in(state))
        return "R1: readers are leaving for no writer";
    if (leaving_in(state) > readers_in(state))
        return "R1: more readers are leaving than there are";
    if (state & BEHIND && (!(state & WRITER) || leaving_in(state)))
        return "R3: a writer is behind nobody";
    return NULL;
}
