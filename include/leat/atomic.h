/* SPDX-License-Identifier: MIT */
/*
 * leat/atomic.h - values that several goroutines read and change without a lock.
 *
 *     static leat_atomic_int64 hits;
 *     leat_atomic(struct config *) current;      // of any integer or pointer type
 *
 *     leat_atomic_add(&hits, 1);
 *     leat_atomic_store(&current, read_config());
 *
 * All operations are sequentially consistent, as Go's are: there is one order of them all that
 * every goroutine sees, and an operation comes after those whose effect it observes. There are
 * no weaker ones. The zero value is zero, false or NULL.
 *
 * leat_atomic_wait sleeps until a value has changed, which whoever changes it announces with
 * leat_atomic_notify_one or _all. leat_atomic_value holds a struct of any size.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_ATOMIC_H
#define LEAT_ATOMIC_H

#include <leat/detail/atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Atomic values of the types that Go names. */
typedef struct leat_atomic_int32 {
    int32_t leat__v;
} leat_atomic_int32;
typedef struct leat_atomic_int64 {
    int64_t leat__v LEAT__ALIGNED(8);
} leat_atomic_int64;
typedef struct leat_atomic_uint32 {
    uint32_t leat__v;
} leat_atomic_uint32;
typedef struct leat_atomic_uint64 {
    uint64_t leat__v LEAT__ALIGNED(8);
} leat_atomic_uint64;
typedef struct leat_atomic_uintptr {
    uintptr_t leat__v;
} leat_atomic_uintptr;
typedef struct leat_atomic_bool {
    bool leat__v LEAT__ALIGNED(4);
} leat_atomic_bool;
typedef struct leat_atomic_pointer {
    void *leat__v;
} leat_atomic_pointer;

/* What the macros expand to. */
LEAT_API int leat__atomic_wait(const void *word, size_t size, uint64_t old, leat_ctx *ctx,
                               leat_duration deadline);
LEAT_API void leat__atomic_notify(const void *word, bool all);
LEAT_API bool leat__value_load(const leat__value *value, const void *from, void *to,
                               size_t size);
LEAT_API bool leat__value_swap(leat__value *value, void *to, const void *from, void *old,
                               size_t size);
LEAT_API bool leat__value_cas(leat__value *value, void *to, const void *expected,
                              const void *from, size_t size);

#ifdef __cplusplus
}
#endif

/**
 * Name the atomic type of an integer, bool or pointer type.
 *
 *     struct list { leat_atomic(struct node *) head; };
 *
 * Two such types are different types in C, even of the same T: give it a typedef to share it.
 *
 * Go         atomic.Pointer[T]
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   where a type may stand.
 * Ownership  none.
 * Ordering   none.
 * Param      T       a type of at most 8 bytes.
 * Returns    a type.
 * Fatal      never.
 * See        leat_atomic_load, leat_atomic_value
 * Since      0.2
 */
#define leat_atomic(T) LEAT__ATOMIC(T)

/**
 * Name the type of an atomic value of any size, such as a struct.
 *
 *     static leat_atomic_value(struct limits) limits;
 *
 * Reading it copies the value and never sees half of one; it takes no lock as long as nobody
 * writes.
 *
 * Go         atomic.Value, but with a type that the compiler checks
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   where a type may stand.
 * Ownership  none: the value is copied as bytes.
 * Ordering   none.
 * Param      T       a type.
 * Returns    a type.
 * Fatal      never.
 * See        leat_atomic_value_load, leat_atomic_value_store
 * Since      0.2
 */
#define leat_atomic_value(T) LEAT__ATOMIC_VALUE(T)

#ifndef __cplusplus

/**
 * Read an atomic value.
 *
 * Go         a.Load()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   sequentially consistent: what precedes the store whose value it reads happens
 *            before it returns.
 * Param      a       a pointer to an atomic value.
 * Returns    the value.
 * Fatal      never.
 * See        leat_atomic_store, leat_atomic_wait
 * Since      0.2
 */
#define leat_atomic_load(a) __atomic_load_n(&(a)->leat__v, __ATOMIC_SEQ_CST)

/**
 * Store into an atomic value.
 *
 * Go         a.Store(v)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   sequentially consistent: what precedes it happens before what reads its value.
 * Param      a       a pointer to an atomic value.
 * Param      v       converts to the value's type.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_atomic_load, leat_atomic_swap
 * Since      0.2
 */
#define leat_atomic_store(a, v) LEAT__ATOMIC_OP(__COUNTER__, __atomic_store_n, a, v)

/**
 * Store into an atomic value and give what was there.
 *
 * Go         a.Swap(v)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_atomic_load and leat_atomic_store in one.
 * Param      a       a pointer to an atomic value.
 * Param      v       converts to the value's type.
 * Returns    the old value.
 * Fatal      never.
 * See        leat_atomic_store, leat_atomic_cas
 * Since      0.2
 */
#define leat_atomic_swap(a, v) LEAT__ATOMIC_OP(__COUNTER__, __atomic_exchange_n, a, v)

/**
 * Store into an atomic value if it is what one thinks.
 *
 *     do
 *         n->next = leat_atomic_load(&head);
 *     while (!leat_atomic_cas(&head, n->next, n));
 *
 * It does not fail without a reason.
 *
 * Go         a.CompareAndSwap(old, new)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_atomic_swap when it stored, else as leat_atomic_load.
 * Param      a       a pointer to an atomic value.
 * Param      old     what the value must be; converts to its type.
 * Param      v       what to store then; converts to its type.
 * Returns    whether it stored.
 * Fatal      never.
 * See        leat_atomic_swap
 * Since      0.2
 */
#define leat_atomic_cas(a, old, v) LEAT__ATOMIC_CAS(__COUNTER__, a, old, v)

/**
 * Add to an atomic integer.
 *
 * Go         a.Add(delta)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_atomic_swap.
 * Param      a       a pointer to an atomic integer.
 * Param      delta   how much; less when negative, and unsigned types wrap around.
 * Returns    the new value.
 * Fatal      never.
 * See        leat_atomic_and, leat_atomic_or
 * Since      0.2
 */
#define leat_atomic_add(a, delta) LEAT__ATOMIC_INT(__COUNTER__, __atomic_add_fetch, a, delta)

/**
 * Clear bits of an atomic integer.
 *
 * Go         a.And(mask)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_atomic_swap.
 * Param      a       a pointer to an atomic integer.
 * Param      mask    the bits that stay.
 * Returns    the old value.
 * Fatal      never.
 * See        leat_atomic_or, leat_atomic_add
 * Since      0.2
 */
#define leat_atomic_and(a, mask) LEAT__ATOMIC_INT(__COUNTER__, __atomic_fetch_and, a, mask)

/**
 * Set bits of an atomic integer.
 *
 * Go         a.Or(mask)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   anywhere, also in a signal handler.
 * Ownership  borrows it.
 * Ordering   as leat_atomic_swap.
 * Param      a       a pointer to an atomic integer.
 * Param      mask    the bits to set.
 * Returns    the old value.
 * Fatal      never.
 * See        leat_atomic_and, leat_atomic_add
 * Since      0.2
 */
#define leat_atomic_or(a, mask) LEAT__ATOMIC_INT(__COUNTER__, __atomic_fetch_or, a, mask)

/**
 * Sleep while an atomic value is what it was.
 *
 *     while (!leat_atomic_load(&ready))
 *         leat_atomic_wait(&ready, false);
 *
 * It returns when the value is another one, which it looks at first, and again whenever it is
 * notified. A change without a notification may go unnoticed.
 *
 * Go         none: Go has it in its runtime only.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled: see leat_atomic_wait_ctx.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it until it returns.
 * Ordering   as leat_atomic_load of the other value.
 * Param      a       a pointer to an atomic value.
 * Param      old     the value that it must lose; converts to its type.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_atomic_notify_one, leat_atomic_notify_all
 * Since      0.2
 */
#define leat_atomic_wait(a, old) \
    ((void)LEAT__ATOMIC_WAIT(__COUNTER__, a, old, NULL, LEAT_FOREVER))

/**
 * Sleep while an atomic value is what it was, unless a context ends before.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with the context's error.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows both until it returns.
 * Ordering   as leat_atomic_load of the other value when it returns 0.
 * Param      ctx     a context, or NULL for none.
 * Param      a       a pointer to an atomic value.
 * Param      old     the value that it must lose; converts to its type.
 * Returns    0 when the value is another one, else -ECANCELED or -ETIMEDOUT.
 * Fatal      never.
 * See        leat_atomic_wait, leat_atomic_wait_until
 * Since      0.2
 */
#define leat_atomic_wait_ctx(ctx, a, old) \
    LEAT__ATOMIC_WAIT(__COUNTER__, a, old, ctx, LEAT_FOREVER)

/**
 * Sleep while an atomic value is what it was, unless a time comes before.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     ends with -ETIMEDOUT at the deadline.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows it until it returns.
 * Ordering   as leat_atomic_load of the other value when it returns 0.
 * Param      a        a pointer to an atomic value.
 * Param      old      the value that it must lose; converts to its type.
 * Param      deadline when to give up, as leat_now reads it.
 * Returns    0 when the value is another one, else -ETIMEDOUT.
 * Fatal      never.
 * See        leat_atomic_wait, leat_atomic_wait_ctx
 * Since      0.2
 */
#define leat_atomic_wait_until(a, old, deadline) \
    LEAT__ATOMIC_WAIT(__COUNTER__, a, old, NULL, deadline)

/**
 * Wake the first that sleeps in leat_atomic_wait on a value.
 *
 * Change the value before. Whoever finds it unchanged sleeps on.
 *
 * Go         none: Go has it in its runtime only.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  uses the address only: the value may be gone already.
 * Ordering   none: the change of the value orders.
 * Param      a       a pointer to an atomic value.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_atomic_wait, leat_atomic_notify_all
 * Since      0.2
 */
#define leat_atomic_notify_one(a) leat__atomic_notify(&(a)->leat__v, false)

/**
 * Wake all that sleep in leat_atomic_wait on a value.
 *
 * Change the value before. Whoever finds it unchanged sleeps on.
 *
 * Go         none: Go has it in its runtime only.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  uses the address only: the value may be gone already.
 * Ordering   none: the change of the value orders.
 * Param      a       a pointer to an atomic value.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_atomic_wait, leat_atomic_notify_one
 * Since      0.2
 */
#define leat_atomic_notify_all(a) leat__atomic_notify(&(a)->leat__v, true)

/**
 * Read an atomic value of any size.
 *
 * Go         v.Load()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  copies the value.
 * Ordering   what precedes the store whose value it reads happens before it returns.
 * Param      a       a pointer to a leat_atomic_value.
 * Param      to      where to put the value, all zero when nothing was stored yet.
 * Returns    whether something was stored yet.
 * Fatal      never.
 * See        leat_atomic_value_store
 * Since      0.2
 */
#define leat_atomic_value_load(a, to) LEAT__VALUE_LOAD(__COUNTER__, a, to)

/**
 * Store into an atomic value of any size.
 *
 *     leat_atomic_value_store(&limits, ((struct limits){.rate = 10}));
 *
 * Go         v.Store(x)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  copies the value.
 * Ordering   what precedes it happens before what reads its value.
 * Param      a       a pointer to a leat_atomic_value.
 * Param      v       the new value, of its type.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_atomic_value_load, leat_atomic_value_swap
 * Since      0.2
 */
#define leat_atomic_value_store(a, v) ((void)LEAT__VALUE_SWAP(__COUNTER__, a, v, NULL))

/**
 * Exchange an atomic value of any size.
 *
 * Go         v.Swap(x)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  copies the value.
 * Ordering   what precedes it happens before what reads its value.
 * Param      a       a pointer to a leat_atomic_value.
 * Param      v       the new value, of its type.
 * Param      old     where to put the old value, all zero when nothing was stored yet.
 * Returns    whether something was stored before.
 * Fatal      never.
 * See        leat_atomic_value_store, leat_atomic_value_cas
 * Since      0.2
 */
#define leat_atomic_value_swap(a, v, old) \
    LEAT__VALUE_SWAP(__COUNTER__, a, v, &LEAT__VALUE_TARGET(a, old))

/**
 * Store into an atomic value of any size if it is what one thinks.
 *
 * The bytes are compared, those between the members too: zero structs before filling them in.
 * What was never stored compares as unequal to everything.
 *
 * Go         v.CompareAndSwap(old, new)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  copies the values.
 * Ordering   as leat_atomic_value_load, and as leat_atomic_value_store when it stored.
 * Param      a       a pointer to a leat_atomic_value.
 * Param      old     what the value must be, of its type.
 * Param      v       what to store then, of its type.
 * Returns    whether it stored.
 * Fatal      never.
 * See        leat_atomic_value_swap
 * Since      0.2
 */
#define leat_atomic_value_cas(a, old, v) LEAT__VALUE_CAS(__COUNTER__, a, old, v)

#endif /* !__cplusplus */

#endif
