/* SPDX-License-Identifier: MIT */
/*
 * files.h - what may go to a disk, and so may sleep: results are >= 0, else -errno. A signal
 * that interrupts does not show.
 */
#ifndef LEAT_OS_FILES_H
#define LEAT_OS_FILES_H

#include <leat/io/file.h>

struct iovec;

int os_open(const char *path, int flags, unsigned mode); /* closed by exec */
/* At the file's place, only what needs no sleep: -EAGAIN: it would; -EOPNOTSUPP and others: such
 * files, or the kernel, do not know the question. */
int64_t os_readv_now(int fd, const struct iovec *to, int n);
int64_t os_pread(int fd, void *buf, size_t n, int64_t offset);
int64_t os_writev_now(int fd, const struct iovec *from, int n);
int64_t os_file_writev(int fd, const struct iovec *from, int n);
int64_t os_pwrite(int fd, const void *buf, size_t n, int64_t offset); /* all of it */
int64_t os_seek(int fd, int64_t offset, int whence);
int os_replace(int fd); /* closed, but the number stays taken, by /dev/null */
int os_sync(int fd);
int os_truncate(int fd, int64_t size);
int os_fstat(int fd, leat_file_info *info);
int os_stat(const char *path, bool follow, leat_file_info *info);

/* The whole content, of the heap and with a NUL behind it. */
int os_read_file(const char *path, char **text, size_t *n);
/* Under another name in the same directory first, then renamed. */
int os_write_file(const char *path, const void *bytes, size_t n, unsigned mode);
/* A new file (its descriptor) or directory (0): where a '*' stands in the pattern is a random name;
 * the path goes to `path`. */
int os_temp(char *path, size_t size, const char *dir, const char *pattern, bool directory);

/* What is in a directory, but not "." and "..", by name. */
struct os_entry {
    int type; /* LEAT_FILE_ */
    const char *name;
};
struct os_list {
    struct os_entry *entry; /* os_list_free */
    size_t n;
};
int os_list(const char *path, struct os_list *list);
void os_list_free(struct os_list *list);

#endif
