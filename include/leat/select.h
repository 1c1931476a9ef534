/* SPDX-License-Identifier: MIT */
/*
 * leat/select.h - wait for the first of several channel operations.
 *
 *     switch (leat_select(leat_case_recv(jobs, &job),
 *                         leat_case_send(results, r),
 *                         leat_case_timeout(2 * LEAT_SECOND))) {
 *     case 0: handle(job); break;
 *     case 1: sent++; break;
 *     case 2: puts("slow"); break;
 *     }
 *
 * The call returns the index of the one case that happened, chosen uniformly among those that
 * were ready. Every operand is evaluated once, in order, whether or not its case is chosen;
 * unlike Go, that includes the receive targets.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_SELECT_H
#define LEAT_SELECT_H

#include <leat/base.h>
#include <leat/chan.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a case waits for. */
enum leat_case_kind {
    LEAT_CASE_END = 0,
    LEAT_CASE_SEND,
    LEAT_CASE_RECV,
    LEAT_CASE_TIMEOUT,
    LEAT_CASE_DEFAULT,
};

/** One case of a select; make it with the leat_case_ macros, or fill it for leat_select_n. */
typedef struct leat_case {
    leat_chan_base *chan;  /* NULL is never ready */
    void *elem;            /* value to send, or where to receive; NULL discards */
    bool *ok;              /* set to false by a receive from a closed channel; may be NULL */
    leat_duration timeout; /* of a timeout case, from now */
    enum leat_case_kind kind;
} leat_case;

/**
 * Wait for one of an array of channel operations, chosen at random among the ready.
 *
 * Fill the cases with the leat_case_ macros or by hand: kind, chan, elem and ok, or timeout.
 * One that waits over more than 8 cases takes memory from the heap meanwhile.
 *
 * Go         reflect.Select(cases)
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread. Not
 *            with a default case.
 * Cancel     with a timeout case, or a channel to close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array and what it points to until it returns.
 * Ordering   as the send or the receive that happened.
 * Param      cases   the cases; at most one default.
 * Param      n       how many; with none it blocks for ever.
 * Returns    the index of the case that happened.
 * Fatal      "send on closed channel", when that case is chosen; more than one default case,
 *            more than 65536 cases, a case of no known kind; out of memory.
 * See        leat_select, leat_select_ordered_n
 * Since      0.1
 */
LEAT_API int leat_select_n(leat_case *cases, size_t n);

/**
 * Wait for one of an array of channel operations, the first ready one in order.
 *
 * Go         none.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread. Not
 *            with a default case.
 * Cancel     with a timeout case, or a channel to close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the array and what it points to until it returns.
 * Ordering   as the send or the receive that happened.
 * Param      cases   the cases, the most important first; at most one default.
 * Param      n       how many; with none it blocks for ever.
 * Returns    the index of the case that happened.
 * Fatal      "send on closed channel", when that case is chosen; more than one default case,
 *            more than 65536 cases, a case of no known kind; out of memory.
 * See        leat_select_ordered, leat_select_n
 * Since      0.1
 */
LEAT_API int leat_select_ordered_n(leat_case *cases, size_t n);

/* What the macros expand to: the array ends with LEAT_CASE_END. */
LEAT_API int leat__select(leat_case *cases);
LEAT_API int leat__select_ordered(leat_case *cases);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

/* Every member is named: else gcc clears the whole array of cases beforehand, by a `rep stos` that
 * takes a third of a select. */
#define LEAT__CASE(kind_, chan_, elem_, ok_, timeout_) \
    ((leat_case){.chan = (chan_),                      \
                 .elem = (elem_),                      \
                 .ok = (ok_),                          \
                 .timeout = (timeout_),                \
                 .kind = LEAT_CASE_##kind_})
/* The checks are expressions, and no block holds the literals: they outlive the select. */
#define LEAT__CASE_RECV(c, target, ok_)                                                \
    (LEAT__QUIET LEAT__ASSERT(LEAT__IS_PTR(target), LEAT__TARGET_TEXT),                \
     LEAT__ASSERT(LEAT__TARGET_AGREE(c, target), LEAT__TARGET_TYPE_TEXT),              \
     LEAT__ASSERT(!LEAT__TARGET_CONST(c, target), LEAT__TARGET_CONST_TEXT) LEAT__LOUD, \
     LEAT__CASE(RECV, LEAT__CHAN(c), (void *)(target), ok_, 0))
#define LEAT__CASE_SEND(c, ...)                                                           \
    (LEAT__QUIET LEAT__ASSERT(LEAT__STRUCT_AGREE((c)->elem, (__VA_ARGS__)),               \
                              LEAT__SEND_STRUCT_TEXT),                                    \
     LEAT__ASSERT(LEAT__PTR_AGREE((c)->elem, (__VA_ARGS__)), LEAT__SEND_TEXT) LEAT__LOUD, \
     LEAT__CASE(SEND, LEAT__CHAN(c), (void *)(LEAT__ELEM(c)[1]){(__VA_ARGS__)}, 0, 0))

/**
 * Make the case that receives from a channel.
 *
 * A closed channel is always ready, as for leat_recv; leat_case_recv_ok tells.
 *
 * Go         case v = <-c:
 * Blocks     no; the select may.
 * Cancel     nothing to cancel.
 * Callable   where leat_select stands.
 * Ownership  what it points to must live until the select is over.
 * Ordering   that of the operation, when it happens.
 * Param      c       a channel; NULL is never ready.
 * Param      target  where to put the value: a pointer to the element's type, evaluated
 *                    whether or not the case is chosen; NULL discards.
 * Returns    a leat_case that lives as long as the block around it.
 * Fatal      never.
 * See        leat_select, leat_case_recv_ok
 * Since      0.1
 */
#define leat_case_recv(c, target) LEAT__CASE_RECV(c, target, (bool *)0)

/**
 * Make the case that receives from a channel and tells a value from the end.
 *
 * Go         case v, ok = <-c:
 * Blocks     no; the select may.
 * Cancel     nothing to cancel.
 * Callable   where leat_select stands.
 * Ownership  what it points to must live until the select is over.
 * Ordering   that of the operation, when it happens.
 * Param      c       a channel; NULL is never ready.
 * Param      target  where to put the value: a pointer to the element's type, evaluated
 *                    whether or not the case is chosen; NULL discards.
 * Param      ok      a bool *, set when the case is chosen: true with a value, false when the
 *                    channel is closed and drained.
 * Returns    a leat_case that lives as long as the block around it.
 * Fatal      never.
 * See        leat_select, leat_case_recv
 * Since      0.1
 */
#define leat_case_recv_ok(c, target, ok) LEAT__CASE_RECV(c, target, ok)

/**
 * Make the case that sends a value.
 *
 * Go         case c <- value:
 * Blocks     no; the select may.
 * Cancel     nothing to cancel.
 * Callable   where leat_select stands.
 * Ownership  the value is copied; what a pointer points to is the receiver's when the case is
 *            chosen.
 * Ordering   that of the operation, when it happens.
 * Param      c       a channel; NULL is never ready.
 * Param      value   what to send, evaluated once, whether or not the case is chosen.
 * Returns    a leat_case that lives as long as the block around it.
 * Fatal      "send on closed channel", when the case is chosen: a closed channel is ready.
 * See        leat_select, leat_send
 * Since      0.1
 */
#define leat_case_send(c, ...) LEAT__CASE_SEND(c, __VA_ARGS__)

/**
 * Make the case that happens when the others took too long.
 *
 * Go         case <-time.After(d):
 * Blocks     no; the select may.
 * Cancel     nothing to cancel.
 * Callable   where leat_select stands.
 * Ownership  none: there is no timer to stop.
 * Ordering   none.
 * Param      d       how long from now; 0 or less is ready at once.
 * Returns    a leat_case that lives as long as the block around it.
 * Fatal      never.
 * See        leat_select, leat_after
 * Since      0.1
 */
#define leat_case_timeout(d) LEAT__CASE(TIMEOUT, 0, 0, 0, d)

/**
 * The case that happens when no other is ready.
 *
 * Go         default:
 * Blocks     no; the select may.
 * Cancel     nothing to cancel.
 * Callable   where leat_select stands.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    a leat_case that lives as long as the block around it.
 * Fatal      never.
 * See        leat_select
 * Since      0.1
 */
#define leat_case_default LEAT__CASE(DEFAULT, 0, 0, 0, 0)

/**
 * Wait for the first of several channel operations; do that one and no other.
 *
 *     switch (leat_select(leat_case_recv(jobs, &job),
 *                         leat_case_timeout(2 * LEAT_SECOND))) {
 *     case 0: handle(&job); break;
 *     case 1: puts("slow"); break;
 *     }
 *
 * Among several that are ready the choice is uniformly random. A switch around it keeps what
 * break, continue, return and goto mean. Unlike in Go, receive targets are evaluated for every
 * case.
 *
 * Go         select { ... }
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread. Not
 *            with leat_case_default.
 * Cancel     with a timeout case, or a channel to close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows what the cases point to until it returns.
 * Ordering   as the send or the receive that happened.
 * Param      cases   one or more leat_case_ macros; each operand is evaluated once, in order.
 * Returns    the index of the case that happened, from 0.
 * Fatal      "send on closed channel", when that case is chosen; more than one default case.
 * See        leat_case_recv, leat_case_send, leat_case_timeout, leat_case_default,
 *            leat_select_ordered, leat_select_n
 * Since      0.1
 */
#define leat_select(...) leat__select((leat_case[]){__VA_ARGS__, LEAT__CASE(END, 0, 0, 0, 0)})

/**
 * Wait for the first of several channel operations; the first ready one in order is done.
 *
 * For priorities: list what matters most first. A case that is always ready starves those
 * after it.
 *
 * Go         none; nested selects with default.
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread. Not
 *            with leat_case_default.
 * Cancel     with a timeout case, or a channel to close.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows what the cases point to until it returns.
 * Ordering   as the send or the receive that happened.
 * Param      cases   one or more leat_case_ macros; each operand is evaluated once, in order.
 * Returns    the index of the case that happened, from 0.
 * Fatal      "send on closed channel", when that case is chosen; more than one default case.
 * See        leat_select
 * Since      0.1
 */
#define leat_select_ordered(...) \
    leat__select_ordered((leat_case[]){__VA_ARGS__, LEAT__CASE(END, 0, 0, 0, 0)})

/**
 * Block for ever.
 *
 * Go         select {}
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    does not return.
 * Fatal      "all goroutines are asleep - deadlock!" when all are.
 * See        leat_select
 * Since      0.1
 */
#define leat_select_none() leat__select((leat_case[]){LEAT__CASE(END, 0, 0, 0, 0)})

#endif /* !__cplusplus */

#endif
