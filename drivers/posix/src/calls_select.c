/* SPDX-License-Identifier: MIT */
/*
 * calls_select.c - select and pselect.
 *
 * PROTOCOL  libc's select with no time to wait, on copies of the sets, gives the answer or says
 *   that there is none yet, and finds what is wrong with the arguments. Then the goroutine parks
 *   in this library's poll for the same descriptors, and asks again. Sets are as long as n says:
 *   longer than an fd_set, if the program allocates them so. As in Linux, the time that is left
 *   is written back.
 *
 * PROOF  drivers/posix/tests/posix_poll_test.c.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "ground.h"
#include "real.h"

enum { READS, WRITES, EXCEPTS, SETS };

struct selecting {
    int n;
    size_t bytes; /* of a set */
    unsigned char *asked[SETS];
    fd_set *sets[SETS]; /* the caller's */
    struct pollfd *fds;
    nfds_t nfds;
};

static const short set_events[SETS] = {POLLIN, POLLOUT, POLLPRI};

static size_t set_bytes(int n)
{
    enum { WORD = 8 * sizeof(long) };

    return ((size_t)n + WORD - 1) / WORD * sizeof(long);
}

static bool set_has(const unsigned char *set, int fd)
{
    return set && set[fd / 8] >> (fd % 8) & 1;
}

static void select_list(struct selecting *s)
{
    for (int fd = 0; fd < s->n; fd++) {
        short events = 0;
        for (int i = 0; i < SETS; i++)
            if (set_has(s->asked[i], fd))
                events |= set_events[i];
        if (events)
            s->fds[s->nfds++] = (struct pollfd){.fd = fd, .events = events};
    }
}

static bool select_begin(struct selecting *s, int n, fd_set *sets[SETS])
{
    s->n = n;
    s->bytes = set_bytes(n);
    s->nfds = 0;
    char *memory = malloc(SETS * s->bytes + ((size_t)n + 1) * sizeof(*s->fds));
    if (!memory)
        return false;
    s->fds = (struct pollfd *)memory;
    memory += ((size_t)n + 1) * sizeof(*s->fds);
    for (int i = 0; i < SETS; i++) {
        s->sets[i] = sets[i];
        s->asked[i] = sets[i] ? memcpy(memory + (size_t)i * s->bytes, sets[i], s->bytes) : NULL;
    }
    select_list(s);
    return true;
}

static void select_restore(const struct selecting *s)
{
    for (int i = 0; i < SETS; i++)
        if (s->sets[i])
            memcpy(s->sets[i], s->asked[i], s->bytes);
}

static int select_now(const struct selecting *s)
{
    struct timeval none = {0, 0};

    select_restore(s);
    return REAL(select)(s->n, s->sets[READS], s->sets[WRITES], s->sets[EXCEPTS], &none);
}

/* In steps that poll can count; poll's answer only ends the wait, select's is the answer. */
static int select_until(const struct selecting *s, leat_duration deadline)
{
    enum { STEP_MS = 1 << 30 };
    int got;

    while ((got = select_now(s)) == 0 && leat_now() < deadline) {
        leat_duration left = (deadline - leat_now() + LEAT_MILLISECOND - 1) / LEAT_MILLISECOND;
        int ms = deadline == LEAT_FOREVER ? -1 : left < STEP_MS ? (int)left : STEP_MS;
        if (left < 0)
            ms = 0;
        if (poll(s->fds, s->nfds, ms) < 0)
            return -1;
    }
    return got;
}

/* A deadline, or -1 for a time that select refuses. */
static leat_duration select_deadline(int64_t seconds, int64_t ns)
{
    leat_duration t;

    if (seconds < 0 || ns < 0)
        return -1;
    if (__builtin_mul_overflow(seconds, LEAT_SECOND, &t) || __builtin_add_overflow(t, ns, &t) ||
        __builtin_add_overflow(t, leat_now(), &t))
        return LEAT_FOREVER;
    return t;
}

INTERPOSED int select(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
                      struct timeval *timeout)
{
    fd_set *sets[SETS] = {reads, writes, excepts};
    struct selecting s;

    if (!ground_is_goroutine() || n < 0 ||
        (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0 ||
                     (timeout->tv_sec == 0 && timeout->tv_usec == 0))) ||
        !select_begin(&s, n, sets))
        return REAL(select)(n, reads, writes, excepts, timeout);
    int got = select_now(&s);
    if (got == 0 && !ground_may_park("select")) {
        select_restore(&s);
        got = REAL(select)(n, reads, writes, excepts, timeout);
    } else if (got == 0) {
        leat_duration end = timeout ? select_deadline(timeout->tv_sec,
                                                      timeout->tv_usec * LEAT_MICROSECOND)
                                    : LEAT_FOREVER;
        got = select_until(&s, end);
        leat_duration left = end - leat_now();
        if (timeout && end != LEAT_FOREVER)
            *timeout = (struct timeval){left > 0 ? left / LEAT_SECOND : 0,
                                        left > 0 ? left % LEAT_SECOND / LEAT_MICROSECOND : 0};
    }
    int kept = errno;
    free(s.fds);
    errno = kept;
    return got;
}

INTERPOSED int pselect(int n, fd_set *reads, fd_set *writes, fd_set *excepts,
                       const struct timespec *ts, const sigset_t *mask)
{
    struct timeval tv;

    if (!ground_is_goroutine() || mask || n < 0 ||
        (ts && (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= LEAT_SECOND)))
        return REAL(pselect)(n, reads, writes, excepts, ts, mask);
    if (ts)
        tv = (struct timeval){ts->tv_sec, (ts->tv_nsec + 999) / 1000};
    if (ts && tv.tv_usec == 1000000)
        tv = (struct timeval){ts->tv_sec + 1, 0};
    return select(n, reads, writes, excepts, ts ? &tv : NULL);
}
