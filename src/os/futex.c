/* SPDX-License-Identifier: MIT */
/* futex.c - sleeping on a word and waking sleepers. */
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"

void os_futex_wait(uint32_t *word, uint32_t value, int64_t deadline)
{
    struct timespec ts;
    struct timespec *until = NULL;

    if (deadline != INT64_MAX) {
        if (deadline < 0)
            deadline = 0;
        ts.tv_sec = deadline / 1000000000;
        ts.tv_nsec = deadline % 1000000000;
        until = &ts;
    }
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

int os_precise_begin(void)
{
    int slack = prctl(PR_GET_TIMERSLACK, 0L, 0L, 0L, 0L);

    prctl(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
    return slack;
}

void os_precise_end(int slack)
{
    if (slack > 0)
        prctl(PR_SET_TIMERSLACK, (long)slack, 0L, 0L, 0L);
}

void os_futex_wait_precise(uint32_t *word, uint32_t value, int64_t deadline)
{
    int slack = os_precise_begin();

    os_futex_wait(word, value, deadline);
    os_precise_end(slack);
}

void os_futex_wake(uint32_t *word, int n)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}
