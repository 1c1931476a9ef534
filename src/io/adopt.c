/* SPDX-License-Identifier: MIT */
/* adopt.c - descriptors that others have opened become streams. */
#include "io/fdio.h"
#include "os/mem.h"
#include "os/rw.h"

int leat_io_adopt(leat_io **io, int fd)
{
    bool tells_all;
    int socket = os_is_socket(fd, &tells_all);
    int was_on = socket < 0 ? socket : os_set_nonblocking(fd, true);

    if (was_on < 0)
        return was_on;
    struct fdio *f = leat__alloc(sizeof(*f));
    int err = f ? fdio_init(f, fd, &fdio_ops) : -ENOMEM;
    if (err) {
        leat__free(f);
        os_set_nonblocking(fd, was_on);
        return err;
    }
    f->socket = socket;
    f->tells_all = tells_all;
    *io = &f->io;
    return 0;
}
