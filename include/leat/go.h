/* SPDX-License-Identifier: MIT */
/*
 * leat/go.h - goroutines: start one, yield, exit, look around.
 *
 *     static void hello(const char *name, int times) { ... }
 *
 *     leat_go(hello, "world", 3);      // like a call, but it runs concurrently
 *
 * leat_go takes the function and its arguments exactly as a call would: the compiler checks
 * their number and types and converts them, they are evaluated now and once, and copied. The
 * function's result is dropped. At most six words of arguments, or six words and eight
 * floating-point values when their types are exactly the parameters'; pass more by pointer.
 *
 * The macros split their operands at commas, as all macros do: a compound literal with a comma
 * in its braces needs parentheses of its own, leat_go(f, ((struct point){1, 2})).
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_GO_H
#define LEAT_GO_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a goroutine is started; zero means the default. */
typedef struct leat_go_opts {
    const char *name;          /* for dumps and tools; copied, at most 31 bytes are kept */
    size_t stack_size;         /* bytes of stack; 0 is the default, 191 KiB */
    const leat_site *site;     /* where the goroutine counts as created; NULL is this place */
    const char *const *labels; /* key, value, ..., NULL: copied, besides those it inherits */
} leat_go_opts;

/**
 * Let other goroutines run.
 *
 * The caller goes to the end of its processor's queue and continues when its turn comes, here
 * or on the thread that takes it from there. On a thread that leat did not create it is
 * sched_yield.
 *
 * Go         runtime.Gosched()
 * Blocks     no; it may switch to another goroutine.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      never.
 * See        leat_go, leat_sleep
 * Since      0.1
 */
LEAT_API void leat_yield(void);

/**
 * End the calling goroutine, from any depth of calls.
 *
 * What leat_defer, leat_lock_guard and leat_scoped_chan registered runs first, the last one
 * first. Nothing else does: destructors of C++ objects and the cleanup attributes of others
 * are skipped. On goroutine 1 the others go on, and the program ends when one of them calls
 * exit.
 *
 * Go         runtime.Goexit()
 * Blocks     no; what it runs may.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well; on another thread it is fatal.
 * Ownership  the goroutine's stack goes: let nobody point into it.
 * Ordering   what precedes it happens before the leat_waitgroup_wait that it releases.
 * Param      none
 * Returns    does not return.
 * Fatal      "no goroutines (main called runtime.Goexit) - deadlock!" when goroutine 1 has
 *            exited and no other is left.
 * See        leat_defer, leat_panic
 * Since      0.1
 */
LEAT_API LEAT_NORETURN void leat_exit(void);

/**
 * Give the number of the calling goroutine.
 *
 * Numbers are for logs and tools: none is used twice, and nothing can be done with one. The
 * main thread is goroutine 1.
 *
 * Go         none, on purpose; the number in a traceback.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    the number; 0 on a thread that leat did not create, and inside leat_blocking.
 * Fatal      never.
 * See        leat_name, leat_dump
 * Since      0.1
 */
LEAT_API uint64_t leat_id(void);

/**
 * Count the goroutines that exist, goroutine 1 included.
 *
 * Go         runtime.NumGoroutine()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none: the number may be old when it returns.
 * Param      none
 * Returns    how many were started and have not ended.
 * Fatal      never.
 * See        leat_dump
 * Since      0.1
 */
LEAT_API int leat_num_goroutine(void);

/**
 * Count the processors that this process might use when this was first asked.
 *
 * Go         runtime.NumCPU()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    the size of the process's affinity mask, at least 1.
 * Fatal      never.
 * See        leat_procs
 * Since      0.1
 */
LEAT_API int leat_num_cpu(void);

/**
 * Set how many goroutines run at once, and say how many it was.
 *
 * The default is the number of processors, or less when a cgroup's quota allows less;
 * LEAT_PROCS in the environment sets it too. Goroutines inside leat_blocking do not count, nor
 * most of those that are stuck in C code; with a smaller number the surplus stops at the next
 * scheduling points.
 *
 * Go         runtime.GOMAXPROCS(n)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      n       the new number; below 1 it only reads, above 1024 it is 1024.
 * Returns    the number before the call.
 * Fatal      never.
 * See        leat_num_cpu
 * Since      0.1
 */
LEAT_API int leat_procs(int n);

/**
 * Wire the calling goroutine to its thread.
 *
 * Until as many calls of leat_unlock_thread, it runs on this thread only and the thread runs
 * nothing else. For libraries that keep state in a thread. A goroutine that ends while wired
 * ends its thread too, except the main thread and one that others are pinned to.
 *
 * Go         runtime.LockOSThread()
 * Blocks     no; a goroutine that stands on the main thread moves to another thread first.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well; on other threads it does nothing.
 * Ownership  the thread is the goroutine's alone meanwhile.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      never.
 * See        leat_unlock_thread, leat_pin
 * Since      0.1
 */
LEAT_API void leat_lock_thread(void);

/**
 * Undo one leat_lock_thread; the last one lets the goroutine move again.
 *
 * Go         runtime.UnlockOSThread()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well; on other threads it does nothing.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      never: without a leat_lock_thread it does nothing.
 * See        leat_lock_thread
 * Since      0.1
 */
LEAT_API void leat_unlock_thread(void);

/**
 * Keep the calling goroutine on its thread for a while.
 *
 * It may park, and the thread runs other goroutines meanwhile; but it continues on this
 * thread. For what follows no goroutine across a park: errno, thread-local variables of
 * libraries, recursive and error-checking pthread mutexes, a locked FILE. Calls nest.
 *
 * Go         none; LockOSThread is the nearest.
 * Blocks     no; a goroutine that stands on the main thread moves to another thread first.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well; on other threads it does nothing.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      never.
 * See        leat_unpin, leat_lock_thread
 * Since      0.1
 */
LEAT_API void leat_pin(void);

/**
 * Undo one leat_pin; the last one lets the goroutine move again.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well; on other threads it does nothing.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      without a leat_pin before it.
 * See        leat_pin
 * Since      0.1
 */
LEAT_API void leat_unpin(void);

/**
 * End the program with a message and a traceback, as a panic that nobody recovers.
 *
 * Prints `panic: ` and the message to standard error, then the calling goroutine's stack, and
 * ends the process with status 2. LEAT_TRACEBACK chooses how much is printed; `crash` leaves a
 * core.
 *
 * Go         panic(fmt.Sprintf(...))
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments.
 * Ordering   none.
 * Param      fmt     a printf format.
 * Param      values  what the format asks for.
 * Returns    does not return.
 * Fatal      always: that is its purpose.
 * See        leat_exit, leat_dump
 * Since      0.1
 */
LEAT_API LEAT_NORETURN LEAT_PRINTF(1, 2) void leat_panic(const char *fmt, ...);

/**
 * Print every goroutine with its state and stack to standard error, and go on.
 *
 * A thread that has not used leat yet prints nothing.
 *
 * Go         pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
 * Blocks     while it prints; other goroutines run on.
 * Cancel     cannot be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      never.
 * See        leat_panic, leat_num_goroutine
 * Since      0.1
 */
LEAT_API void leat_dump(void);

/**
 * Give the name of the calling goroutine.
 *
 * Go         none; pprof labels are the nearest.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the string is the goroutine's and lives as long.
 * Ordering   none.
 * Param      none
 * Returns    the name that leat_go_named or leat_go_with gave it, or "".
 * Fatal      never.
 * See        leat_go_named, leat_id
 * Since      0.1
 */
LEAT_API const char *leat_name(void);

/* One deferred call: lives on the stack of the block that made it. */
typedef struct leat__defer {
    struct leat__defer *prev;
    void (*fn)(void *);
    void *arg;
} leat__defer;

LEAT_API void leat__defer_push(leat__defer *d, void (*fn)(void *), void *arg);
LEAT_API void leat__defer_run(leat__defer *d);

/* Call capture: see src/arch/arch.h. The stub stores the argument registers. */
LEAT_API extern void (*const leat__capture)(void);
LEAT_API extern void (*const leat__capture_ints)(void);
LEAT_API extern void (*const leat__blocking_call)(void);
LEAT_API void leat__go_commit(void (*fn)(void), const leat_site *site);
LEAT_API void leat__go_commit_opts(void (*fn)(void), const leat_site *site,
                                   const leat_go_opts *opts);
LEAT_API int leat__go_commit_try(void (*fn)(void), const leat_site *site);
LEAT_API void leat__blocking_begin(void (*fn)(void));

/* For libleat-posix: where the calling code runs, which makes no thread known to leat; and a pin
 * of its own, here or on the thread that has the fewest. See src/sched/bind.c. */
enum { LEAT__NO_GOROUTINE, LEAT__MAY_MOVE, LEAT__BOUND };
LEAT_API int leat__whereabouts(void);
LEAT_API void leat__bind_here(void);
LEAT_API bool leat__unbind(void);
LEAT_API void leat__bind_spread(void);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

#include <leat/detail/go.h>

/**
 * Start a goroutine that calls a function.
 *
 *     leat_go(fetch, url, &result);
 *
 * The compiler checks the call and converts its arguments as those of a direct one. The
 * function runs concurrently, on a stack of its own. When main returns the program ends, and
 * goroutines that still run end with it.
 *
 * Go         go f(x, y)
 * Blocks     no.
 * Cancel     a goroutine ends by itself: give it a channel to watch.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; what pointers point to must live until fn has done with
 *            it.
 * Ordering   what precedes the call happens before fn begins. The end of fn happens before
 *            nothing: join with a wait group or a channel.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped. If it is marked noreturn, clang needs arguments of
 *                    exactly its parameters' types.
 * Param      args    its arguments, evaluated once, now; at most 16 bytes each and no long
 *                    double.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_go_named, leat_go_with, leat_go_try, leat_waitgroup_go
 * Since      0.1
 */
#define leat_go(...) LEAT__GO(__COUNTER__, leat__go_commit, (), __VA_ARGS__)

/**
 * Start a goroutine, or say that memory does not allow it.
 *
 * Go         go f(x, y), where it would be fatal.
 * Blocks     no.
 * Cancel     a goroutine ends by itself: give it a channel to watch.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; what pointers point to must live until fn has done with
 *            it.
 * Ordering   what precedes the call happens before fn begins. The end of fn happens before
 *            nothing: join with a wait group or a channel.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped.
 * Param      args    its arguments, evaluated once, now; at most 16 bytes each and no long
 *                    double.
 * Returns    0, or -ENOMEM and nothing was started.
 * Fatal      "go of nil func value".
 * See        leat_go, leat_strerror
 * Since      0.1
 */
#define leat_go_try(...) LEAT__GO(__COUNTER__, leat__go_commit_try, (), __VA_ARGS__)

/**
 * Start a goroutine with options.
 *
 *     leat_go_with((&(leat_go_opts){.name = "deep", .stack_size = 8 << 20}), walk, root);
 *
 * Go         go f(x, y)
 * Blocks     no.
 * Cancel     a goroutine ends by itself: give it a channel to watch.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; what pointers point to must live until fn has done with
 *            it.
 * Ordering   what precedes the call happens before fn begins. The end of fn happens before
 *            nothing: join with a wait group or a channel.
 * Param      opts    a leat_go_opts *, borrowed until the call returns.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped.
 * Param      args    its arguments, evaluated once, now; at most 16 bytes each and no long
 *                    double.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_go, leat_go_named
 * Since      0.1
 */
#define leat_go_with(opts, ...) \
    LEAT__GO(__COUNTER__, leat__go_commit_opts, (, (opts)), __VA_ARGS__)

/**
 * Start a goroutine with a name for dumps and tools.
 *
 * Go         pprof.Do(ctx, labels, f)
 * Blocks     no.
 * Cancel     a goroutine ends by itself: give it a channel to watch.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; what pointers point to must live until fn has done with
 *            it.
 * Ordering   what precedes the call happens before fn begins. The end of fn happens before
 *            nothing: join with a wait group or a channel.
 * Param      name    a string, copied; at most 31 bytes are kept.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped.
 * Param      args    its arguments, evaluated once, now; at most 16 bytes each and no long
 *                    double.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_go, leat_name
 * Since      0.1
 */
#define leat_go_named(name_, ...)                                                     \
    LEAT__GO(__COUNTER__, leat__go_commit_opts, (, &(leat_go_opts){.name = (name_)}), \
             __VA_ARGS__)

/**
 * Start a goroutine that counts as created elsewhere.
 *
 * For wrappers around leat_go, so that dumps name the place that called the wrapper.
 *
 * Go         go f(x, y)
 * Blocks     no.
 * Cancel     a goroutine ends by itself: give it a channel to watch.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; what pointers point to must live until fn has done with
 *            it.
 * Ordering   what precedes the call happens before fn begins. The end of fn happens before
 *            nothing: join with a wait group or a channel.
 * Param      site    a leat_site * that lives as long as the program.
 * Param      fn      what to call: a function or a pointer to one that returns nothing or a
 *                    scalar, which is dropped.
 * Param      args    its arguments, evaluated once, now; at most 16 bytes each and no long
 *                    double.
 * Returns    nothing.
 * Fatal      "go of nil func value"; out of memory, with a text that says what to raise.
 * See        leat_go
 * Since      0.1
 */
#define leat_go_at(site_, ...)                                                        \
    LEAT__GO(__COUNTER__, leat__go_commit_opts, (, &(leat_go_opts){.site = (site_)}), \
             __VA_ARGS__)

/**
 * Call a function that may block its thread, without holding up other goroutines.
 *
 *     ssize_t n = leat_blocking(read, fd, buf, sizeof(buf));
 *
 * The function runs on the thread's own stack of 8 MiB (for goroutine 1, on the main thread's),
 * and the processor it had goes to other goroutines until it returns. Use it for system calls
 * that wait, for long work in libraries, and for what needs a deep stack. Calls of leat inside
 * it block the thread. At most 512 run at once, later ones wait. On a thread that leat did not
 * create it is a direct call.
 *
 * Go         none: Go does it around every system call.
 * Blocks     until fn returns, and the thread as well.
 * Cancel     as far as fn can be cancelled.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the arguments are copied; the caller's variables live on while it waits.
 * Ordering   as a direct call.
 * Param      fn      a function or a pointer to one that returns nothing or a scalar.
 * Param      args    its arguments, as for leat_go.
 * Returns    what fn returns.
 * Fatal      a NULL fn; "thread exhaustion", with more than 10000 threads.
 * See        leat_go, leat_lock_thread
 * Since      0.1
 */
#define leat_blocking(...) LEAT__BLOCKING(__COUNTER__, __VA_ARGS__)

/**
 * Call a function at the end of the block, or when leat_exit ends the goroutine before.
 *
 *     char *text = load(path);
 *     leat_defer(free, text);
 *
 * It is a declaration: it belongs to the block around it, and runs however that is left, by
 * its end, return, break, continue or goto; longjmp does not run it. Several run in reverse
 * order.
 *
 * Go         defer f(x), though that runs at the end of the function.
 * Blocks     no; fn may.
 * Cancel     cannot be taken back.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows what arg points to until fn has run.
 * Ordering   as a direct call.
 * Param      fn      a function of one pointer.
 * Param      arg     its argument, a pointer; evaluated now.
 * Returns    nothing: it is a declaration.
 * Fatal      never.
 * See        leat_exit, leat_lock_guard, leat_scoped_chan
 * Since      0.1
 */
#define leat_defer(fn, arg) LEAT__DEFER(__COUNTER__, fn, arg)

#endif /* !__cplusplus */

#endif
