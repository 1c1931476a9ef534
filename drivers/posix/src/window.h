/* SPDX-License-Identifier: MIT */
/* window.h - the rest of a list of buffers after so many bytes, a few of them at a time. */
#ifndef LEAT_POSIX_WINDOW_H
#define LEAT_POSIX_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum { WINDOW_MAX = 16 };

struct window {
    struct iovec iov[WINDOW_MAX];
    int n;
};

/* Never empty buffers only, unless there is nothing left. */
static inline void window_set(struct window *w, const struct iovec *iov, size_t n, size_t done)
{
    w->n = 0;
    for (size_t i = 0; i < n && w->n < WINDOW_MAX; i++) {
        if (done >= iov[i].iov_len) {
            done -= iov[i].iov_len;
            continue;
        }
        w->iov[w->n].iov_base = (char *)iov[i].iov_base + done;
        w->iov[w->n++].iov_len = iov[i].iov_len - done;
        done = 0;
    }
}

/* False: the sum is more than a call can return. */
static inline bool window_total(const struct iovec *iov, size_t n, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < n; i++)
        if (__builtin_add_overflow(*total, iov[i].iov_len, total) || *total >> 63)
            return false;
    return true;
}

#endif
