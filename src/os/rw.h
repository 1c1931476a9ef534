/* SPDX-License-Identifier: MIT */
/*
 * rw.h - reading, writing and closing descriptors: results are >= 0, else -errno. A signal that
 * interrupts does not show, and none is raised because nobody reads what is written.
 */
#ifndef LEAT_OS_RW_H
#define LEAT_OS_RW_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iovec;

int64_t os_readv(int fd, const struct iovec *to, int n);
int64_t os_receive(int fd, const struct iovec *to, int n);  /* a socket */
int64_t os_writev(int fd, const struct iovec *from, int n); /* a pipe, a file, a terminal */
int64_t os_send(int fd, const struct iovec *from, int n);   /* a socket */
int os_readable(
    int fd);          /* 1: a read would not wait, for an end or an error neither; 0; -errno */
int os_close(int fd); /* closed, whatever it returns */
int os_set_nonblocking(int fd, bool on); /* the former setting */
int os_is_socket(int fd, bool *tcp);     /* or -errno: no descriptor */
int os_shutdown(int fd, bool reading, bool writing);
int os_unlink(const char *path);
/* Around a call that writes, and cannot be told not to raise SIGPIPE: the thread's is held up; one
 * that the call has raised is taken back, an older one is not. */
struct os_quiet {
    sigset_t pipe_only, before;
    bool older;
};
void os_quiet_begin(struct os_quiet *q);
void os_quiet_end(const struct os_quiet *q, int64_t result);

int os_pipe(int ends[2]);          /* non-blocking, closed by exec */
int os_pipe_blocking(int ends[2]); /* closed by exec */

#endif
