/* SPDX-License-Identifier: MIT */
/*
 * socket.h - sockets: results are >= 0, else -errno. New descriptors do not block, and are closed
 * by exec. Addresses are what the kernel takes: a struct sockaddr of some family and its size.
 */
#ifndef LEAT_OS_SOCKET_H
#define LEAT_OS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msghdr;

int os_socket(int family, int type);
int os_bind(int fd, const void *addr, uint32_t size);
int os_listen(int fd, int backlog);
int os_accept(int fd, void *addr, uint32_t *size);
int os_connect(int fd, const void *addr, uint32_t size); /* -EINPROGRESS: it is on its way */
/* Of a connect that was on its way: 0, why it failed, or -EINPROGRESS. */
int os_connected(int fd);
int os_socket_name(int fd, bool peer, void *addr, uint32_t *size);
int os_socket_set(int fd, int level, int option, const void *value, size_t size);
int os_socket_get(int fd, int level, int option, void *value, size_t size);

int64_t os_recv_message(int fd, struct msghdr *message);
int64_t os_send_message(int fd, const struct msghdr *message);

enum { OS_INTERFACE_NAME = 16 };
unsigned os_interface_index(const char *name); /* 0: there is none */
bool os_interface_name(unsigned index, char name[OS_INTERFACE_NAME]);

#endif
