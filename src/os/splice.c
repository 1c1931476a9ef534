/* SPDX-License-Identifier: MIT */
/* splice.c - see splice.h. */
#include "os/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>

#include "os/rw.h"

int64_t os_splice(int from, int to, size_t n)
{
    struct os_quiet quiet;
    int64_t moved;

    os_quiet_begin(&quiet);
    do {
        moved = splice(from, NULL, to, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        moved = moved < 0 ? -errno : moved;
    } while (moved == -EINTR);
    os_quiet_end(&quiet, moved);
    return moved;
}

int64_t os_sendfile(int from, int to, size_t n)
{
    struct os_quiet quiet;
    int64_t moved;

    os_quiet_begin(&quiet);
    do {
        moved = sendfile(to, from, NULL, n);
        moved = moved < 0 ? -errno : moved;
    } while (moved == -EINTR);
    os_quiet_end(&quiet, moved);
    return moved;
}
