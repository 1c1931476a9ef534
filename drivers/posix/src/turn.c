/* SPDX-License-Identifier: MIT */
/*
 * turn.c - trying what cannot be tried.
 *
 * A blocking listener, a terminal, or a pipe of an old kernel has no call that gives EAGAIN but by
 * O_NONBLOCK, which all who share the descriptor would notice. So it is asked whether it is
 * ready, and if so called. Two goroutines that do so for one descriptor could both be told yes,
 * and the slower one would block its thread: so asking and calling is one step, under one of a
 * few flags for all descriptors. Who finds a flag taken waits as if there were nothing: either
 * the other one takes what is there, or the descriptor is still ready and the wait is over at
 * once. Other threads and processes may still come between; then the thread waits as it would
 * have without this library.
 *
 * REJECTED  leat_mutex: a call of leat may switch, and a goroutine that is not bound yet could
 *   come back on another thread.
 */
#include "turn.h"

#include <fcntl.h>
#include <poll.h>

#include "real.h"

enum { TURNS = 64 };

static bool turns[TURNS]; /* atomic */

int64_t turn_try(int fd, short events, int64_t (*call)(void *arg), void *arg)
{
    bool *turn = &turns[(unsigned)fd % TURNS];
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || flags & O_NONBLOCK)
        return call(arg);
    if (__atomic_exchange_n(turn, true, __ATOMIC_ACQUIRE))
        return -EAGAIN;
    struct pollfd p = {.fd = fd, .events = events};
    int64_t r = REAL(poll)(&p, 1, 0) == 0 ? -EAGAIN : call(arg);
    __atomic_store_n(turn, false, __ATOMIC_RELEASE);
    return r;
}
