/* SPDX-License-Identifier: MIT */
/*
 * signal.c - signals as values on channels, and as ends of contexts.
 *
 * PICTURE   kernel -> handler: a bit of `pending` -> goroutine of ours -> subscriptions
 *   A subscription is a channel or a context, and the set of signals that it wants. What a signal
 *   did before we were asked for it stands in `before`, and comes back when nobody wants it.
 *
 * INVARIANTS, under the lock
 *   G1  a signal is in `caught` exactly while a subscription wants it; then the handler is ours,
 *       unless somebody has put another one there since. That one is left alone for ever.
 *   G2  who takes bits out of `pending` holds the lock until they have been sent. So whoever has
 *       the lock next, and finds no bit, knows that nothing is on its way.
 *
 * STOP  First the signal does again what it did, then what is pending is sent, then the
 *   subscription goes: what came before is delivered. A handler may have been interrupted in
 *   between, and sets its bit late: the goroutine finds that nobody wants that signal, and
 *   raises it again. So a signal is delivered or has its effect, whatever the timing. (Go waits
 *   for handlers that have announced themselves; one that has not yet is missed.)
 *
 * FORK  The child of a fork would answer signals into memory that is no longer the parent's, so
 *   it starts without subscriptions, and with what was there before.
 *
 * THE LOCK is a mutex that parks: cancelling a context and waking receivers take the runtime's
 *   own locks.
 *
 * REJECTED  signalfd: it needs the signals blocked in every thread, those of others too, and
 *   children inherit that. sigwait in a thread of its own: the same. Sending from the handler:
 *   a channel's lock may be held by the very thread that was interrupted.
 *
 * PROOF  tests/api/signal_go_test.c, tests/api/signal_manners_test.c.
 */
#include <leat/signal.h>

#include <leat/sync.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fatal.h"
#include "flow/context.h"
#include "os/mem.h"
#include "os/signals.h"
#include "sched/sched.h"

enum { SIGNALS = 64, FIRST_RESERVED = 32, LAST_RESERVED = 33, CAUSE_MAX = 96 };

struct subscription {
    struct subscription *next;
    leat_chan_base *chan; /* a reference; or NULL: */
    leat_ctx *ctx;        /* a reference */
    uint64_t wants;
    int caught; /* of a context: the first signal that came */
};

static struct {
    leat_mutex lock;
    struct subscription *first;
    uint64_t caught;  /* signals that are wanted */
    uint64_t changed; /* signals whose disposition is in `before` */
    uint64_t ignored; /* of which leat_signal_ignore was the last to change */
    struct sigaction before[SIGNALS + 1];
    bool started; /* the goroutine exists */
    bool atfork;
} signals;

static uint64_t pending; /* atomic: signals that have come */

static uint64_t bit_of(int sig)
{
    return UINT64_C(1) << (sig - 1);
}

/* Take the lowest signal out of a set. */
static int pop_signal(uint64_t *set)
{
    int sig = __builtin_ctzll(*set) + 1;

    *set &= *set - 1;
    return sig;
}

static void on_signal(int sig)
{
    fetch_or(&pending, bit_of(sig));
    sched_interrupt();
}

/* ---- which signals ---- */

static bool can_be_asked_for(int sig)
{
    switch (sig) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGSTKFLT:
        return false;
    default: /* two belong to libc's threads */
        return sig >= 1 && sig <= SIGNALS && (sig < FIRST_RESERVED || sig > LAST_RESERVED);
    }
}

/* 0, or the first that cannot be asked for. */
static int read_set(const int *list, size_t n, uint64_t *set)
{
    bool named = false;

    *set = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i] == LEAT__NO_SIGNAL)
            continue;
        if (!can_be_asked_for(list[i]))
            return list[i] ? list[i] : -1;
        named = true;
        *set |= bit_of(list[i]);
    }
    for (int sig = 1; sig <= SIGNALS && !named; sig++)
        if (can_be_asked_for(sig))
            *set |= bit_of(sig);
    return 0;
}

/* ---- what a signal does; lock held ---- */

static void set_action(int sig, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    struct sigaction before;

    sigemptyset(&action.sa_mask);
    os_sigaction(sig, &action, &before);
    if (!(signals.changed & bit_of(sig)))
        signals.before[sig] = before;
    signals.changed |= bit_of(sig);
    signals.ignored &= ~bit_of(sig);
}

static void restore_action(int sig)
{
    struct sigaction now;

    if (!(signals.changed & bit_of(sig)))
        return;
    signals.changed &= ~bit_of(sig);
    os_sigaction(sig, NULL, &now);
    bool ignored = signals.ignored & bit_of(sig);
    if (now.sa_handler == (ignored ? SIG_IGN : on_signal))
        os_sigaction(sig, &signals.before[sig], NULL);
}

static void set_caught(uint64_t caught)
{
    signals.caught = caught;
    store_seq(&sched.expected, caught != 0);
}

/* ---- delivering; lock held ---- */

static void tell_subscriber(struct subscription *s, int sig)
{
    char text[CAUSE_MAX];

    if (s->chan) {
        leat_chan_base_try_send(s->chan, &sig);
        return;
    }
    if (s->caught)
        return;
    s->caught = sig;
    snprintf(text, sizeof(text), "%s signal received", strsignal(sig));
    if (text[0] >= 'A' && text[0] <= 'Z')
        text[0] = (char)(text[0] - 'A' + 'a'); /* as Go has it, in the middle of a sentence */
    leat_ctx_cancel_cause(s->ctx, -ECANCELED, text);
}

/* Nobody wants it any more: it does what it does now. Our handler may have come back, by somebody
 * who had saved it. */
static void raise_again(int sig)
{
    struct sigaction now;

    os_sigaction(sig, NULL, &now);
    if (now.sa_handler == on_signal) {
        now.sa_handler = SIG_DFL;
        os_sigaction(sig, &now, NULL);
    }
    kill(getpid(), sig);
}

static void deliver_pending(void)
{
    uint64_t set = exchange(&pending, 0);

    while (set) {
        int sig = pop_signal(&set);
        bool told = false;
        for (struct subscription *s = signals.first; s; s = s->next) {
            if (s->wants & bit_of(sig)) {
                tell_subscriber(s, sig);
                told = true;
            }
        }
        if (!told)
            raise_again(sig);
    }
}

static void deliver_for_ever(void)
{
    for (;;) {
        leat_mutex_lock(&signals.lock);
        deliver_pending();
        leat_mutex_unlock(&signals.lock);
        sched_interrupt_wait();
    }
}

static void in_child(void)
{
    for (uint64_t set = signals.caught; set;)
        restore_action(pop_signal(&set));
    pending = 0;
    signals.first = NULL;
    signals.lock = (leat_mutex){0};
    signals.started = false;
    set_caught(0);
    interrupt_reset();
}

static void start_delivering(void)
{
    static const leat_site site = {__FILE__, __func__, __LINE__};

    if (!signals.atfork)
        pthread_atfork(NULL, NULL, in_child);
    signals.atfork = true;
    if (!signals.started)
        sched_spawn_own(deliver_for_ever, &site);
    signals.started = true;
}

/* ---- subscriptions; lock held ---- */

static struct subscription **find_subscription(const leat_chan_base *c, const leat_ctx *ctx)
{
    struct subscription **at = &signals.first;

    while (*at && ((*at)->chan != c || (*at)->ctx != ctx))
        at = &(*at)->next;
    return at;
}

static void subscribe(leat_chan_base *c, leat_ctx *ctx, uint64_t set)
{
    struct subscription **at = find_subscription(c, ctx);

    if (!*at) {
        *at = leat__need(leat__alloc(sizeof(**at)), "a channel for signals");
        (*at)->chan = leat_chan_base_ref(c);
        (*at)->ctx = leat_ctx_ref(ctx);
    }
    (*at)->wants |= set;
    uint64_t fresh = set & ~signals.caught;
    set_caught(signals.caught | set);
    start_delivering();
    while (fresh)
        set_action(pop_signal(&fresh), on_signal);
}

static void drop_subscription(struct subscription **at)
{
    struct subscription *s = *at;

    *at = s->next;
    leat_chan_base_unref(s->chan);
    leat_ctx_unref(s->ctx);
    leat__free(s);
}

/* Signals that nobody wants but this one. */
static uint64_t wanted_by_no_other(const struct subscription *than)
{
    uint64_t set = than->wants;

    for (const struct subscription *s = signals.first; s; s = s->next)
        if (s != than)
            set &= ~s->wants;
    return set;
}

/* They are wanted no longer: what has come is delivered, from now on they do `action`. */
static void let_go(uint64_t set, void (*action)(int sig))
{
    set_caught(signals.caught & ~set);
    for (uint64_t rest = set; rest;)
        action(pop_signal(&rest));
    deliver_pending();
}

static void unsubscribe(const leat_chan_base *c, const leat_ctx *ctx)
{
    leat_mutex_lock(&signals.lock);
    struct subscription **at = find_subscription(c, ctx);
    if (*at) {
        let_go(wanted_by_no_other(*at), restore_action);
        drop_subscription(at);
    }
    leat_mutex_unlock(&signals.lock);
}

static int take_signals_back(const int *list, size_t n, void (*action)(int sig))
{
    uint64_t set;

    if (read_set(list, n, &set))
        return -EINVAL;
    leat_mutex_lock(&signals.lock);
    let_go(set, action);
    for (struct subscription **at = &signals.first; *at;) {
        (*at)->wants &= ~set;
        if (!(*at)->wants && (*at)->chan)
            drop_subscription(at);
        else
            at = &(*at)->next;
    }
    leat_mutex_unlock(&signals.lock);
    return 0;
}

/* ---- the calls ---- */

int leat__signal_notify(leat_chan_base *c, const int *list, size_t n)
{
    uint64_t set;

    if (!c)
        leat__panic("os/signal: Notify using nil channel");
    if (read_set(list, n, &set))
        return -EINVAL;
    leat_mutex_lock(&signals.lock);
    subscribe(c, NULL, set);
    leat_mutex_unlock(&signals.lock);
    return 0;
}

void leat__signal_stop(leat_chan_base *c)
{
    if (c)
        unsubscribe(c, NULL);
}

int leat__signal_reset(const int *list, size_t n)
{
    return take_signals_back(list, n, restore_action);
}

static void ignore_signal(int sig)
{
    set_action(sig, SIG_IGN);
    signals.ignored |= bit_of(sig);
}

int leat__signal_ignore(const int *list, size_t n)
{
    return take_signals_back(list, n, ignore_signal);
}

bool leat_signal_ignored(int sig)
{
    struct sigaction now;

    if (!can_be_asked_for(sig))
        return false;
    os_sigaction(sig, NULL, &now);
    return now.sa_handler == SIG_IGN;
}

static void ctx_freed(leat_ctx *ctx)
{
    unsubscribe(NULL, ctx);
}

leat_ctx *leat__signal_notify_ctx(leat_ctx *parent, const int *list, size_t n)
{
    uint64_t set;
    int wrong = read_set(list, n, &set);

    if (wrong)
        leat__throw("leat: no signal that can be asked for: %d", wrong);
    leat_ctx *ctx = ctx_make_told(parent, ctx_freed);
    leat_mutex_lock(&signals.lock);
    subscribe(NULL, ctx, set);
    leat_mutex_unlock(&signals.lock);
    return ctx;
}

int leat_signal_caught(leat_ctx *ctx)
{
    int sig = 0;

    leat_mutex_lock(&signals.lock);
    for (; ctx && !sig; ctx = ctx->parent) {
        const struct subscription *s = *find_subscription(NULL, ctx);
        sig = s ? s->caught : 0;
    }
    leat_mutex_unlock(&signals.lock);
    return sig;
}
