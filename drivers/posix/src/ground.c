/* SPDX-License-Identifier: MIT */
/*
 * ground.c - where a call comes from, and how it waits.
 *
 * PICTURE   call -> no goroutine? libc's. Else try without blocking -> done, and the goroutine is
 *                   as free as before; or EAGAIN -> bind, park in leat_wait_fd, try again.
 *
 * BINDING   The caller may be code that was compiled without leat's errno: compilers take the
 *   address of errno once in a function and keep it. So may it keep anything else of its thread.
 *   A goroutine that parks inside such code must continue on the thread it was on:
 *   B1  the first call that would block binds the goroutine to the thread it is on, the main
 *       thread not excepted, and nothing moves it inside a call;
 *   B2  a call that does not block binds nobody: it comes back without a switch;
 *   B3  the binding lasts until the goroutine ends or calls leat_posix_release. It cannot end by
 *       itself: the library that called is still on the stack, and after the call returns to
 *       its caller nobody here can tell whether an address is still at hand.
 *   Until then goroutines are stolen as others are, which spreads them over threads while they
 *   start. Where this does not suffice, as when one goroutine accepts and starts the others one
 *   by one, leat_posix_bind chooses the thread that has the fewest. It moves the caller, and so
 *   it is for the program to call, whose errno is leat's.
 *
 * SIGNALS   A handler runs in the midst of anything, perhaps of the runtime itself, so it must not
 *   park. Where a call would block, a handler shows by the signal that the thread has blocked
 *   meanwhile; since programs also block signals for other reasons, a mask that is not empty
 *   makes us walk the stack for a signal frame. A handler installed with SA_NODEFER is seen only
 *   if its mask is not empty.
 *
 * REJECTED  Wrapping sigaction to count handlers: those that leave by siglongjmp would be counted
 *   for ever. Moving a goroutine to an emptier thread at its first wait: see B1.
 *
 * PROOF  drivers/posix/tests/posix_errno_test.c, drivers/posix/tests/posix_ground_test.c.
 */
#include "ground.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unwind.h>

#include "held.h"

/* ---- in a signal handler? ---- */

static _Unwind_Reason_Code look_for_signal_frame(struct _Unwind_Context *ctx, void *found)
{
    int before = 0;

    if (_Unwind_GetIPInfo(ctx, &before) != 0 && before)
        *(bool *)found = true;
    return *(bool *)found ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static bool in_signal_handler(void)
{
    sigset_t mask;
    bool found = false;

    if (pthread_sigmask(SIG_BLOCK, NULL, &mask) != 0 || sigisemptyset(&mask))
        return false;
    _Unwind_Backtrace(look_for_signal_frame, &found);
    return found;
}

bool ground_may_park(const char *call)
{
    if (leat__whereabouts() == LEAT__NO_GOROUTINE || in_signal_handler())
        return false;
    leat__bind_here();
    held_check(call);
    return true;
}

/* ---- waiting ---- */

leat_duration ground_deadline(int fd, int timeout_option)
{
    struct timeval tv = {0, 0};
    socklen_t size = sizeof(tv);

    if (getsockopt(fd, SOL_SOCKET, timeout_option, &tv, &size) != 0 ||
        (tv.tv_sec == 0 && tv.tv_usec == 0))
        return LEAT_FOREVER;
    leat_duration wait;
    if (__builtin_mul_overflow((leat_duration)tv.tv_sec, LEAT_SECOND, &wait) ||
        __builtin_add_overflow(wait, (leat_duration)tv.tv_usec * LEAT_MICROSECOND, &wait) ||
        __builtin_add_overflow(wait, leat_now(), &wait))
        return LEAT_FOREVER;
    return wait;
}

enum ground_next ground_wait(struct ground_call *c)
{
    enum { ODD_MAX = 3, EAGER_MAX = 16 };

    if (!c->begun) {
        int flags = fcntl(c->fd, F_GETFL);
        if (flags < 0 || flags & O_NONBLOCK)
            return GROUND_GIVE_UP;
        if (!ground_may_park(c->name))
            return GROUND_BLOCK;
        c->deadline = ground_deadline(c->fd, c->timeout_option);
        c->begun = true;
    }
    /* Others were faster so often, or the kernel calls ready what is not. */
    if (++c->waits > EAGER_MAX)
        leat_sleep(LEAT_MILLISECOND);
    int got = leat_wait_fd(c->fd, c->events, c->deadline);
    if (got == -ETIMEDOUT)
        return GROUND_GIVE_UP;
    /* An error queue that nobody reads is news without end. */
    if (got > 0 && !((unsigned)got & c->events))
        c->odd++;
    return got < 0 || c->odd > ODD_MAX ? GROUND_BLOCK : GROUND_TRY;
}

int64_t ground_result(int64_t r)
{
    if (r >= 0)
        return r;
    errno = (int)-r;
    return -1;
}
