/* SPDX-License-Identifier: MIT */
/*
 * victim.c - code that knows nothing of leat.
 *
 * It uses errno and its thread as code does that was compiled for threads: compilers fetch the
 * address of errno, and that of a thread-local variable, once in a function, and keep it.
 */
#include "victim.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static __thread unsigned touched;

static int wrong(long got, int err, long want, int want_err)
{
    return got != want || (got < 0 && err != want_err);
}

static int victim_fails(const struct victim_calls *c)
{
    char buf[16];
    int bad = 0;
    long r;

    errno = 0;
    r = recv(c->fd, buf, sizeof(buf), 0);
    bad += wrong(r, errno, -1, EAGAIN);
    errno = 0;
    r = recv(c->pipe, buf, sizeof(buf), 0);
    bad += wrong(r, errno, -1, ENOTSOCK);
    errno = 0;
    r = read(c->bad, buf, sizeof(buf));
    bad += wrong(r, errno, -1, EBADF);
    errno = 0;
    r = read(c->fd, buf, sizeof(buf));
    bad += wrong(r, errno, -1, EAGAIN);
    errno = 0;
    r = write(c->closed, buf, 1);
    bad += wrong(r, errno, -1, EPIPE);
    return bad;
}

static int victim_works(const struct victim_calls *c)
{
    char out[16] = "what comes back", in[16];
    struct pollfd p = {.fd = c->echo, .events = POLLIN};
    pthread_t self = pthread_self();
    unsigned before = ++touched;
    int bad = 0;

    bad += send(c->echo, out, sizeof(out), 0) != sizeof(out);
    bad += poll(&p, 1, -1) != 1 || p.revents != POLLIN;
    bad += recv(c->echo, in, sizeof(in), MSG_WAITALL) != sizeof(in);
    bad += memcmp(in, out, sizeof(in)) != 0;
    bad += usleep(100) != 0;
    bad += !pthread_equal(self, pthread_self());
    bad += touched < before; /* others of this thread may have counted meanwhile */
    return bad;
}

int victim_run(const struct victim_calls *c)
{
    int bad = 0;

    for (int i = 0; i < c->rounds; i++) {
        bad += victim_fails(c);
        bad += victim_works(c);
    }
    return bad;
}
