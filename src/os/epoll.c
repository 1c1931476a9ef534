/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - the poller of Linux; see poller.h.
 *
 * One epoll descriptor, edge-triggered: a watch costs one call in a descriptor's life, where
 * EPOLLONESHOT would cost one for each wait. What belongs to others is armed for one event at a
 * time all the same, because they may close it and the number may come back as another file
 * (poll/foreign.c).
 *
 * The eventfd that interrupts is edge-triggered too, so nobody has to read it.
 *
 * CALLS  go to the kernel directly: ThreadSanitizer watches libc's, sees idle threads write to
 *   their own stacks as goroutines, and orders what the memory model does not.
 *
 * REJECTED  io_uring's polls and reads: an echo gains nothing by them on the kernels measured,
 *   many containers forbid it, and rings belong to threads. kqueue would be another file.
 */
#include <errno.h>
#include <linux/prctl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "os/clock.h"
#include "os/os.h"
#include "os/poller.h"

static int poll_fd = -1, interrupt_fd = -1;

static int control(int op, int fd, uint64_t tag, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};

    return syscall(SYS_epoll_ctl, poll_fd, op, fd, &event) == 0 ? 0 : -errno;
}

static uint32_t events_of(unsigned wanted)
{
    return (wanted & POLLER_IN ? EPOLLIN | EPOLLRDHUP : 0u) |
           (wanted & POLLER_OUT ? (uint32_t)EPOLLOUT : 0u) |
           (wanted & POLLER_PRI ? (uint32_t)EPOLLPRI : 0u);
}

int poller_open(void)
{
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll_fd < 0)
        return -errno;
    interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int err = interrupt_fd < 0 ? -errno
                               : control(EPOLL_CTL_ADD, interrupt_fd, 0, EPOLLIN | EPOLLET);
    if (err)
        poller_forget();
    return err;
}

void poller_forget(void)
{
    if (poll_fd >= 0)
        close(poll_fd);
    if (interrupt_fd >= 0)
        close(interrupt_fd);
    poll_fd = interrupt_fd = -1;
}

int poller_add(int fd, uint64_t tag, unsigned wanted)
{
    return control(EPOLL_CTL_ADD, fd, tag, events_of(wanted) | EPOLLET);
}

int poller_change(int fd, uint64_t tag, unsigned wanted)
{
    return control(EPOLL_CTL_MOD, fd, tag, events_of(wanted) | EPOLLET);
}

int poller_arm(int fd, uint64_t tag, unsigned wanted)
{
    uint32_t events = events_of(wanted) | EPOLLONESHOT;
    int err = control(EPOLL_CTL_MOD, fd, tag, events);

    return err == -ENOENT ? control(EPOLL_CTL_ADD, fd, tag, events) : err;
}

void poller_remove(int fd)
{
    control(EPOLL_CTL_DEL, fd, 0, 0);
}

static uint32_t ready_of(uint32_t events)
{
    uint32_t ready = 0;

    if (events & (EPOLLIN | EPOLLRDHUP))
        ready |= POLLER_IN;
    if (events & EPOLLOUT)
        ready |= POLLER_OUT;
    if (events & EPOLLPRI)
        ready |= POLLER_PRI;
    if (events & (EPOLLHUP | EPOLLRDHUP))
        ready |= POLLER_HUP;
    if (events & EPOLLERR)
        ready |= POLLER_ERR;
    return events & (EPOLLHUP | EPOLLERR) ? ready | POLLER_IN | POLLER_OUT : ready;
}

static int64_t nanoseconds_until(int64_t until)
{
    int64_t left = until - os_now();

    return left > 0 ? left : 0;
}

static int wait_ms(struct epoll_event *events, int ms)
{
    return (int)syscall(SYS_epoll_pwait, poll_fd, events, LEAT__POLL_BATCH, ms, NULL, 0);
}

/* Kernels before 5.11 know milliseconds only. */
static int wait_rounded(struct epoll_event *events, int64_t left)
{
    int64_t ms = left / 1000000 + (left % 1000000 > 0);

    return wait_ms(events, ms < INT32_MAX ? (int)ms : INT32_MAX);
}

static int wait_precise(struct epoll_event *events, int64_t until)
{
    static bool missing; /* atomic */
    int64_t left = nanoseconds_until(until);
    struct timespec ts = {left / 1000000000, left % 1000000000};

    if (load_relaxed(&missing))
        return wait_rounded(events, left);
    int slack = os_precise_begin();
    int n = (int)syscall(SYS_epoll_pwait2, poll_fd, events, LEAT__POLL_BATCH, &ts, NULL, 0);
    if (n < 0 && errno == ENOSYS)
        store_relaxed(&missing, true); /* and come back with nothing: the caller asks again */
    os_precise_end(slack);
    return n;
}

void poller_wait(struct poller_news *news, int64_t until)
{
    struct epoll_event events[LEAT__POLL_BATCH];
    int n;

    if (until == 0 || until == INT64_MAX)
        n = wait_ms(events, until == 0 ? 0 : -1);
    else
        n = wait_precise(events, until);
    news->n = 0;
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == 0)
            continue; /* the interrupt */
        news->at[news->n].tag = events[i].data.u64;
        news->at[news->n++].ready = ready_of(events[i].events);
    }
}

void poller_interrupt(void)
{
    uint64_t one = 1;
    long n = syscall(SYS_write, interrupt_fd, &one, sizeof(one));

    (void)n; /* full after 2^64 - 2 of them, and then still readable */
}
