/* SPDX-License-Identifier: MIT */
/* reason.c - what goroutines wait for, in Go's words. */
#include "sched/sched.h"

const char *wait_reason_text(enum wait_reason r)
{
    static const char *const texts[WAIT_REASONS] = {
        [WAIT_NONE] = "waiting",
        [WAIT_CHAN_RECV] = "chan receive",
        [WAIT_CHAN_SEND] = "chan send",
        [WAIT_CHAN_RECV_NIL] = "chan receive (nil chan)",
        [WAIT_CHAN_SEND_NIL] = "chan send (nil chan)",
        [WAIT_SELECT] = "select",
        [WAIT_SELECT_NO_CASES] = "select (no cases)",
        [WAIT_MUTEX] = "sync.Mutex.Lock",
        [WAIT_RWMUTEX_RLOCK] = "sync.RWMutex.RLock",
        [WAIT_RWMUTEX_LOCK] = "sync.RWMutex.Lock",
        [WAIT_COND] = "sync.Cond.Wait",
        [WAIT_WAITGROUP] = "sync.WaitGroup.Wait",
        [WAIT_BARRIER] = "barrier",
        [WAIT_LATCH] = "latch",
        [WAIT_ATOMIC] = "atomic wait",
        [WAIT_SLEEP] = "sleep",
        [WAIT_SEMAPHORE] = "semaphore.Acquire",
        [WAIT_SINGLEFLIGHT] = "singleflight.Do",
        [WAIT_SIGNAL] = "signal wait",
        [WAIT_IO] = "IO wait",
        [WAIT_BLOCKING_SLOT] = "waiting for a blocking-call slot",
    };

    return (unsigned)r < WAIT_REASONS ? texts[r] : "unknown";
}
