/* SPDX-License-Identifier: MIT */
/*
 * leat/posix.h - blocking C code as goroutines: calls of libc that park instead of blocking.
 *
 *     cc server.c -lhiredis -lleat-posix -lleat
 *
 *     static void serve(int id)                    // ten thousand of these on two threads
 *     {
 *         redisContext *c = redisConnect("127.0.0.1", 6379);
 *         redisReply *r = redisCommand(c, "GET user:%d", id);   // parks, does not block
 *         ...
 *
 * Nothing is to be called: a program that links libleat-posix before libc, or has it in
 * LD_PRELOAD, gets these calls from it, and so do all libraries of the process. On a goroutine
 * they park where they would block; elsewhere (threads that leat did not make, leat_blocking, a
 * signal handler, a program that has not used leat yet) they are libc's.
 *
 * These park:
 *   read write readv writev   on sockets, pipes, terminals, eventfds, timerfds
 *   send sendto sendmsg recv recvfrom recvmsg   connect accept accept4
 *   poll ppoll select pselect   sleep usleep nanosleep clock_nanosleep
 *   getaddrinfo getnameinfo fsync fdatasync flock   on threads of the library's own
 * with libc's results and errno. O_NONBLOCK, MSG_DONTWAIT, SO_RCVTIMEO and SO_SNDTIMEO mean
 * what they mean. A signal does not interrupt a call that has parked: it is as if all handlers
 * had SA_RESTART, so EINTR does not come.
 *
 * A goroutine is bound to its thread by the first call that parks, till it ends: the library that
 * made the call was compiled without leat's errno, and may hold an address of errno or of any
 * other thread-local. Bound goroutines share their thread and cannot be stolen. They are spread
 * over the threads by the stealing that goes on before that; see leat_posix_bind.
 *
 * Limits:
 *   - Thread-local state that a library keeps from one call to the next is the thread's: all
 *     goroutines of that thread share it. errno after a call is right; strerror's buffer, or
 *     "the current connection" in a thread-local, is not safe.
 *   - A pthread mutex held while its goroutine parks can block the thread for ever: see
 *     leat_posix_locks. Waiting for a mutex, a condition or a semaphore blocks the thread.
 *   - stdio calls the kernel by names inside libc, which nobody can take the place of: fread on a
 *     pipe blocks the thread. So do gethostbyname, waitpid, sendfile, splice, sendmmsg, recvmmsg,
 *     epoll_wait, sigwait, fcntl(F_SETLKW), io_uring, system calls made by number, and poll and
 *     select with a signal mask. Other goroutines go on meanwhile, those bound there do not.
 *   - A static program has no second definition to call; link libc dynamically.
 *   - Closing a descriptor does not wake who waits for it, as in libc. shutdown does.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* for what base.h declares */
#endif
#ifndef LEAT_POSIX_H
#define LEAT_POSIX_H

#include <leat/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happens when a goroutine parks with a pthread lock held. */
enum {
    LEAT_POSIX_LOCKS_OFF = 0,    /* nothing; locking costs what libc's does */
    LEAT_POSIX_LOCKS_REPORT = 1, /* a report on standard error, once a place: the default */
    LEAT_POSIX_LOCKS_FATAL = 2,  /* a panic */
};

/**
 * Bind the calling goroutine to the thread that has the fewest bound ones.
 *
 *     leat_posix_bind();                 // at the top of a goroutine's function
 *     redisContext *c = redisConnect(...);
 *
 * Without it, a goroutine is bound where it first parks. That is as good where many start at once;
 * where one goroutine accepts and starts the others one by one, they would gather on its thread.
 * It moves the caller: call it where no library is on the stack. Already bound, it does nothing.
 *
 * Go         none.
 * Blocks     no; it may move to another thread.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well, which stays on the main thread; on other threads it
 *            does nothing.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    nothing.
 * Fatal      never.
 * See        leat_posix_release, leat_pin
 * Since      0.3
 */
LEAT_API void leat_posix_bind(void);

/**
 * Let the calling goroutine move again, after calls that parked.
 *
 * For a goroutine that is done with its blocking library and lives on. The next call that parks
 * binds it again. No library that knows nothing of leat may be on the stack.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine, goroutine 1 as well; on other threads it does nothing.
 * Ownership  none.
 * Ordering   none.
 * Param      none
 * Returns    whether it was bound by this library.
 * Fatal      never.
 * See        leat_posix_bind, leat_unpin
 * Since      0.3
 */
LEAT_API bool leat_posix_release(void);

/**
 * Choose what happens when a goroutine parks with a pthread lock held.
 *
 * LEAT_POSIX=locks=off|report|fatal in the environment does so from the start. Mutexes and
 * reader-writer locks that were taken before by calls of libc itself, or while it was off, are
 * not known.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  none.
 * Ordering   none.
 * Param      mode    LEAT_POSIX_LOCKS_OFF, _REPORT or _FATAL; another value changes nothing.
 * Returns    the mode before.
 * Fatal      never.
 * See        leat_posix_bind
 * Since      0.3
 */
LEAT_API int leat_posix_locks(int mode);

#ifdef __cplusplus
}
#endif

#endif
