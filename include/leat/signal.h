/* SPDX-License-Identifier: MIT */
/*
 * leat/signal.h - signals of the operating system, as values on channels and ends of contexts.
 *
 *     leat_scoped_ctx(ctx, leat_signal_notify_ctx(NULL, SIGINT, SIGTERM));
 *     serve(ctx);                        // until somebody presses Ctrl-C
 *     printf("%s\n", leat_ctx_cause_text(ctx));   // "interrupt signal received"
 *
 *     leat_int_chan hups = leat_chan_make(leat_int_chan, 1);
 *     leat_signal_notify(hups, SIGHUP);
 *     leat_range(sig, hups) reload();
 *
 * The handler that leat installs does no more than to note the signal; a goroutine of the
 * runtime sends it on. So no code of yours runs in a signal handler. What a signal did before
 * leat was asked for it, it does again when nobody asks any more.
 *
 * A program that has asked for a signal is never deadlocked: the signal may come.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_SIGNAL_H
#define LEAT_SIGNAL_H

#include <leat/base.h>
#include <leat/chan.h>
#include <leat/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Send no more signals on a channel.
 *
 * It takes back all of leat_signal_notify for this channel. A signal that nobody else wants does
 * again what it did before. One that came before the call is still sent, if there is room; none
 * is lost on the way: it is either sent or does what it did before.
 *
 * Go         signal.Stop(c)
 * Blocks     no; while another call or a signal is being worked on it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the reference that leat_signal_notify took is given back.
 * Ordering   every send on the channel happens before this returns.
 * Param      c       a channel of int; one that no signal goes to, or NULL, does nothing.
 * Returns    nothing. From then on no signal is sent on the channel.
 * Fatal      never.
 * See        leat_signal_notify, leat_signal_reset
 * Since      0.3
 */
#define leat_signal_stop(c) leat__signal_stop(LEAT__SIGNAL_CHAN(c))

/**
 * Say whether a signal is ignored now, by whoever made it so: nohup, the program, or
 * leat_signal_ignore.
 *
 * Go         signal.Ignored(sig)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      sig     a number such as SIGHUP.
 * Returns    true when it is; false when it is not, or when there is no such signal.
 * Fatal      never.
 * See        leat_signal_ignore, leat_signal_reset
 * Since      0.3
 */
LEAT_API bool leat_signal_ignored(int sig);

/**
 * Say which signal has ended a context.
 *
 * Go         none; context.Cause(ctx) has it in words, as leat_ctx_cause_text here.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the context.
 * Ordering   none.
 * Param      ctx     a context of leat_signal_notify_ctx, or one below it; or NULL.
 * Returns    the number of the first signal that came; 0 when none has.
 * Fatal      never.
 * See        leat_signal_notify_ctx, leat_ctx_cause_text
 * Since      0.3
 */
LEAT_API int leat_signal_caught(leat_ctx *ctx);

/* What the macros expand to: a list of n numbers, in which LEAT__NO_SIGNAL stands for nothing. */
#define LEAT__NO_SIGNAL (-32768)
LEAT_API int leat__signal_notify(leat_chan_base *c, const int *signals, size_t n);
LEAT_API void leat__signal_stop(leat_chan_base *c);
LEAT_API int leat__signal_reset(const int *signals, size_t n);
LEAT_API int leat__signal_ignore(const int *signals, size_t n);
LEAT_API leat_ctx *leat__signal_notify_ctx(leat_ctx *parent, const int *signals, size_t n);

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus

#define LEAT__SIGNAL_CHAN(c) (leat__signal_chan(c))

#else

#define LEAT__SIGNAL_CHAN(c)                                                \
    (LEAT__ASSERT(__builtin_types_compatible_p(LEAT__ELEM(c), int),         \
                  "leat: signals are numbers: they need a channel of int"), \
     LEAT__CHAN(c))
#define LEAT__COUNTED(...) \
    (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int)
#define LEAT__SIGNALS(...)         LEAT__COUNTED(LEAT__NO_SIGNAL, __VA_ARGS__)
#define LEAT__SIGNALS_(first, ...) LEAT__COUNTED(__VA_ARGS__)
#define LEAT__OTHER_SIGNALS(...)   LEAT__SIGNALS_(__VA_ARGS__, LEAT__NO_SIGNAL)

/**
 * Have signals sent on a channel.
 *
 *     leat_int_chan c = leat_chan_make(leat_int_chan, 1);
 *     leat_signal_notify(c, SIGINT, SIGTERM);
 *
 * The send never waits: a signal that finds the channel full is dropped, so give it room for what
 * may come while you are busy; 1 is enough for one signal. Signals of the same number that come
 * faster than they are sent on count as one, as the system itself has it. Calling again for the
 * same channel adds signals. Each channel gets its own copy. A channel that is closed must be
 * stopped before.
 *
 * Signals of faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGSTKFLT) cannot be asked
 * for, nor can SIGKILL and SIGSTOP. With none named it is all that can.
 *
 * A signal that every thread blocks does not arrive. The child of a fork has asked for none.
 *
 * Go         signal.Notify(c, sigs...)
 * Blocks     no; while another call or a signal is being worked on it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes a reference to the channel, until leat_signal_stop or _reset.
 * Ordering   as leat_try_send: what a signal brings orders nothing else.
 * Param      c       a channel of int (leat_int_chan). Evaluated once.
 * Param      signals numbers such as SIGINT; none is all.
 * Returns    0, or -EINVAL when one of them cannot be asked for; then nothing has changed.
 * Fatal      "os/signal: Notify using nil channel"; later "send on closed channel".
 * See        leat_signal_stop, leat_signal_notify_ctx, leat_signal_ignore
 * Since      0.3
 */
#define leat_signal_notify(...)                                      \
    leat__signal_notify(LEAT__SIGNAL_CHAN(LEAT__FIRST(__VA_ARGS__)), \
                        LEAT__OTHER_SIGNALS(__VA_ARGS__))

/**
 * Make a context that is over when a signal comes.
 *
 *     leat_scoped_ctx(ctx, leat_signal_notify_ctx(parent, SIGINT, SIGTERM));
 *
 * Its cause is then the signal: -ECANCELED, with the text "interrupt signal received" for
 * SIGINT; leat_signal_caught has the number. Further signals are taken and dropped until the
 * context is freed: only then they do again what they did before. To let a second Ctrl-C kill a
 * program that is slow to end, free the context as soon as it is over.
 *
 * Go         signal.NotifyContext(parent, sigs...)
 * Blocks     no; while another call or a signal is being worked on it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  leat_ctx_free, which is Go's stop(): it cancels and no longer asks for the signals.
 *            Giving references up by leat_ctx_unref alone does not.
 * Ordering   as leat_ctx_with_cancel.
 * Param      parent  a context, or NULL.
 * Param      signals numbers such as SIGINT; none is all.
 * Returns    the context, never NULL.
 * Fatal      "leat: no signal that can be asked for", with its number; out of memory.
 * See        leat_signal_notify, leat_signal_caught, leat_ctx_cause_text
 * Since      0.3
 */
#define leat_signal_notify_ctx(...) \
    leat__signal_notify_ctx(LEAT__FIRST(__VA_ARGS__), LEAT__OTHER_SIGNALS(__VA_ARGS__))

/**
 * Take back what was asked for signals, for all channels and contexts, and ignoring them.
 *
 * They do again what they did before leat was first asked. leat_signal_notify_ctx's contexts live
 * on; only the signals do not reach them any more.
 *
 * Go         signal.Reset(sigs...)
 * Blocks     no; while another call or a signal is being worked on it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives back the channels to which no signal goes any more.
 * Ordering   every send of these signals happens before this returns.
 * Param      signals numbers such as SIGINT; none is all.
 * Returns    0, or -EINVAL when one of them cannot be asked for; then nothing has changed.
 * Fatal      never.
 * See        leat_signal_stop, leat_signal_notify
 * Since      0.3
 */
#define leat_signal_reset(...)  leat__signal_reset(LEAT__SIGNALS(__VA_ARGS__))

/**
 * Have signals ignored, and take back what was asked for them.
 *
 * Programs that are started later inherit it.
 *
 * Go         signal.Ignore(sigs...)
 * Blocks     no; while another call or a signal is being worked on it waits for that.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives back the channels to which no signal goes any more.
 * Ordering   every send of these signals happens before this returns.
 * Param      signals numbers such as SIGHUP; none is all.
 * Returns    0, or -EINVAL when one of them cannot be asked for; then nothing has changed.
 * Fatal      never.
 * See        leat_signal_ignored, leat_signal_reset
 * Since      0.3
 */
#define leat_signal_ignore(...) leat__signal_ignore(LEAT__SIGNALS(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
