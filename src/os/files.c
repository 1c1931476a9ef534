/* SPDX-License-Identifier: MIT */
/*
 * files.c - see files.h. What leat closes behind ThreadSanitizer's back (os_close) it must open so,
 * too: the tool would take a number that has come back for one that was never closed.
 */
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "os/mem.h"
#include "os/rw.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

enum { TRIES = 1000 };

int os_open(const char *path, int flags, unsigned mode)
{
    long fd;

    do {
        fd = syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd >= 0 ? (int)fd : -errno;
}

int64_t os_readv_now(int fd, const struct iovec *to, int n)
{
    ssize_t got = preadv2(fd, to, n, -1, RWF_NOWAIT);

    return got >= 0 ? got : -errno;
}

int64_t os_writev_now(int fd, const struct iovec *from, int n)
{
    ssize_t put = pwritev2(fd, from, n, -1, RWF_NOWAIT | RWF_NOSIGNAL);

    return put >= 0 ? put : -errno;
}

int64_t os_file_writev_now(int fd, const struct iovec *from, int n)
{
    ssize_t put = pwritev2(fd, from, n, -1, RWF_NOWAIT);

    return put >= 0 ? put : -errno;
}

int64_t os_pread_now(int fd, void *buf, size_t n, int64_t offset)
{
    const struct iovec to = {buf, n};
    ssize_t got = offset >= 0 ? preadv2(fd, &to, 1, offset, RWF_NOWAIT) : -1;

    return got >= 0 ? got : offset >= 0 ? -errno : -EINVAL;
}

int64_t os_pread(int fd, void *buf, size_t n, int64_t offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, (char *)buf + done, n - done, offset + (int64_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int64_t os_file_writev(int fd, const struct iovec *from, int n)
{
    ssize_t put;

    do {
        put = n == 1 ? write(fd, from->iov_base, from->iov_len) : writev(fd, from, n);
    } while (put < 0 && errno == EINTR);
    return put >= 0 ? put : -errno;
}

int64_t os_pwrite(int fd, const void *buf, size_t n, int64_t offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = pwrite(fd, (const char *)buf + done, n - done, offset + (int64_t)done);
        if (put < 0 && errno != EINTR)
            return -errno;
        done += put > 0 ? (size_t)put : 0;
    }
    return (int64_t)done;
}

int64_t os_seek(int fd, int64_t offset, int whence)
{
    off_t at = lseek(fd, offset, whence);

    return at >= 0 ? at : -errno;
}

int os_replace(int fd)
{
    int nothing = os_open("/dev/null", O_RDWR, 0);

    if (nothing < 0)
        return nothing;
    int err = nothing == fd || syscall(SYS_dup3, nothing, fd, 0) >= 0 ? 0 : -errno;
    if (nothing != fd)
        os_close(nothing);
    return err;
}

int os_sync(int fd)
{
    while (fsync(fd) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

int os_truncate(int fd, int64_t size)
{
    while (ftruncate(fd, size) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* ---- what is known of them ---- */

static int type_of(mode_t mode)
{
    return S_ISREG(mode)    ? LEAT_FILE_REGULAR
           : S_ISDIR(mode)  ? LEAT_FILE_DIRECTORY
           : S_ISLNK(mode)  ? LEAT_FILE_LINK
           : S_ISFIFO(mode) ? LEAT_FILE_PIPE
                            : LEAT_FILE_OTHER;
}

static void tell_info(const struct stat *st, leat_file_info *info)
{
    *info = (leat_file_info){
        .size = st->st_size,
        .changed_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
        .device = st->st_dev,
        .inode = st->st_ino,
        .links = st->st_nlink,
        .mode = st->st_mode & 07777,
        .type = type_of(st->st_mode),
        .user = st->st_uid,
        .group = st->st_gid,
    };
}

int os_fstat(int fd, leat_file_info *info)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    tell_info(&st, info);
    return 0;
}

int os_stat(const char *path, bool follow, leat_file_info *info)
{
    struct stat st;

    if ((follow ? stat : lstat)(path, &st) < 0)
        return -errno;
    tell_info(&st, info);
    return 0;
}

/* ---- whole files ---- */

/* Files of /proc are 0 bytes long, and others may grow meanwhile: until a read says the end. */
static int read_to_end(int fd, size_t size, char **text, size_t *n)
{
    char *mem = leat__alloc(size + 1);
    size_t done = 0;

    while (mem) {
        struct iovec rest = {mem + done, size - done};
        int64_t got = rest.iov_len ? os_readv(fd, &rest, 1) : -ENOBUFS;
        if (got > 0) {
            done += (size_t)got;
            continue;
        }
        if (got != -ENOBUFS) {
            *text = mem;
            *n = done;
            return (int)got;
        }
        size_t larger = size * 2;
        char *more = larger < SIZE_MAX / 4 ? leat__alloc(larger + 1) : NULL;
        if (more)
            memcpy(more, mem, done);
        leat__free(mem);
        mem = more;
        size = larger;
    }
    return -ENOMEM;
}

int os_read_file(const char *path, char **text, size_t *n)
{
    leat_file_info info = {0};
    char *mem = NULL;
    int fd = os_open(path, O_RDONLY, 0);

    *text = NULL;
    *n = 0;
    if (fd < 0)
        return fd;
    int err = os_fstat(fd, &info);
    size_t size = err || info.size < 511 || info.size > INT64_MAX / 8 ? 511 : (size_t)info.size;
    if (!err)
        err = read_to_end(fd, size + 1, &mem, n);
    os_close(fd);
    if (err) {
        leat__free(mem);
        *n = 0;
        return err;
    }
    mem[*n] = '\0';
    *text = mem;
    return 0;
}

static void random_name(char name[17])
{
    unsigned char bytes[8];

    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes)) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t mixed = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u + (uint64_t)getpid();
        memcpy(bytes, &mixed, sizeof(bytes));
    }
    for (int i = 0; i < 8; i++) {
        name[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        name[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    name[16] = '\0';
}

/* before + a random name + after, as a new file or directory. */
static int make_new(char *path, size_t size, const char *before, size_t n, const char *after,
                    int mode)
{
    char name[17];
    size_t length = strlen(after);

    if (n + 16 + length + 1 > size)
        return -ENAMETOOLONG;
    for (int i = 0; i < TRIES; i++) {
        random_name(name);
        memmove(path, before, n);
        memcpy(path + n, name, 16);
        memcpy(path + n + 16, after, length + 1);
        int result = mode < 0 ? (mkdir(path, 0700) == 0 ? 0 : -errno)
                              : os_open(path, O_RDWR | O_CREAT | O_EXCL, (unsigned)mode);
        if (result != -EEXIST)
            return result;
    }
    return -EEXIST;
}

static int write_new(int fd, const void *bytes, size_t n)
{
    int64_t put = os_pwrite(fd, bytes, n, 0);
    int err = put < 0 ? (int)put : os_sync(fd);
    int closed = os_close(fd);

    return err ? err : closed;
}

int os_write_file(const char *path, const void *bytes, size_t n, unsigned mode)
{
    size_t size = strlen(path) + 32;
    char *other = leat__alloc(size);

    if (!other)
        return -ENOMEM;
    int fd = make_new(other, size, path, strlen(path), ".new", (int)(mode & 07777));
    int err = fd < 0 ? fd : write_new(fd, bytes, n);
    if (!err && rename(other, path) < 0)
        err = -errno;
    if (err && fd >= 0)
        unlink(other);
    leat__free(other);
    return err;
}

int os_temp(char *path, size_t size, const char *dir, const char *pattern, bool directory)
{
    const char *star = strrchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : strlen(pattern);

    if (strchr(pattern, '/'))
        return -EINVAL;
    if (!dir)
        dir = getenv("TMPDIR");
    if (!dir || !*dir)
        dir = "/tmp";
    size_t n = strlen(dir);
    if (n + 1 + before >= size)
        return -ENAMETOOLONG;
    snprintf(path, size, "%s/%.*s", dir, (int)before, pattern);
    return make_new(path, size, path, n + 1 + before, star ? star + 1 : "",
                    directory ? -1 : 0600);
}
