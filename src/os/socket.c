/* SPDX-License-Identifier: MIT */
/* socket.c - see socket.h. What connections do often goes to the kernel directly: see rw.c. */
#include "os/socket.h"

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert((int)OS_INTERFACE_NAME == (int)IF_NAMESIZE, "if_indextoname writes so much");

static int result_of(long result)
{
    return result >= 0 ? (int)result : -errno;
}

int os_socket(int family, int type)
{
    return result_of(syscall(SYS_socket, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int os_bind(int fd, const void *addr, uint32_t size)
{
    return result_of(bind(fd, addr, size));
}

int os_listen(int fd, int backlog)
{
    return result_of(listen(fd, backlog));
}

int os_accept(int fd, void *addr, uint32_t *size)
{
    long conn;

    do
        conn = syscall(SYS_accept4, fd, addr, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (conn < 0 && errno == EINTR);
    return result_of(conn);
}

/* One that a signal has interrupted goes on. */
int os_connect(int fd, const void *addr, uint32_t size)
{
    int err = result_of(syscall(SYS_connect, fd, addr, size));

    return err == -EINTR ? -EINPROGRESS : err;
}

/* No error is not enough: there may be no answer yet. Whoever has a peer is connected. */
int os_connected(int fd)
{
    struct sockaddr_storage peer;
    uint32_t size = sizeof(peer);
    int failed = 0, err = os_socket_get(fd, SOL_SOCKET, SO_ERROR, &failed, sizeof(failed));

    if (err < 0 || failed)
        return err < 0 ? err : -failed;
    err = os_socket_name(fd, true, &peer, &size);
    if (err != -ENOTCONN)
        return err;
    /* It failed between the two questions, or is still on its way. */
    err = os_socket_get(fd, SOL_SOCKET, SO_ERROR, &failed, sizeof(failed));
    return err < 0 ? err : failed ? -failed : -EINPROGRESS;
}

int os_socket_name(int fd, bool peer, void *addr, uint32_t *size)
{
    return result_of(peer ? getpeername(fd, addr, size) : getsockname(fd, addr, size));
}

int os_socket_set(int fd, int level, int option, const void *value, size_t size)
{
    return result_of(setsockopt(fd, level, option, value, (socklen_t)size));
}

int os_socket_get(int fd, int level, int option, void *value, size_t size)
{
    socklen_t len = (socklen_t)size;

    return result_of(getsockopt(fd, level, option, value, &len));
}

int64_t os_recv_message(int fd, struct msghdr *message)
{
    for (;;) {
        long got = syscall(SYS_recvmsg, fd, message, MSG_CMSG_CLOEXEC);
        if (got >= 0 || errno != EINTR)
            return got >= 0 ? got : -errno;
    }
}

int64_t os_send_message(int fd, const struct msghdr *message)
{
    for (;;) {
        long put = syscall(SYS_sendmsg, fd, message, MSG_NOSIGNAL);
        if (put >= 0 || errno != EINTR)
            return put >= 0 ? put : -errno;
    }
}

unsigned os_interface_index(const char *name)
{
    return if_nametoindex(name);
}

bool os_interface_name(unsigned index, char name[OS_INTERFACE_NAME])
{
    return if_indextoname(index, name) != NULL;
}
