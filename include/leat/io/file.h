/* SPDX-License-Identifier: MIT */
/*
 * leat/io/file.h - files.
 *
 *     leat_io *log;
 *     int err = leat_open(&log, "log.txt", O_WRONLY | O_APPEND | O_CREAT, 0644);
 *
 *     if (err)
 *         return err;
 *     leat_write(log, "started\n", 8);
 *     leat_io_free(log);
 *
 * A file is a stream. The kernel has no way to wait for a disk, so calls that may go there are
 * made as leat_blocking makes them: their thread waits, other goroutines run on. A read is first
 * tried without, and comes back at once with what is in memory.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_FILE_H
#define LEAT_IO_FILE_H

#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What something in the file system is. */
enum {
    LEAT_FILE_OTHER, /* a socket, a device */
    LEAT_FILE_REGULAR,
    LEAT_FILE_DIRECTORY,
    LEAT_FILE_LINK,
    LEAT_FILE_PIPE,
};

/** What is known of something in the file system. */
typedef struct leat_file_info {
    int64_t size;
    int64_t changed_ns; /* when its content was changed, nanoseconds since 1970 */
    uint64_t device, inode;
    uint64_t links;
    uint32_t mode; /* permission bits, with set-id and sticky */
    int type;      /* LEAT_FILE_ */
    uint32_t user, group;
} leat_file_info;

/**
 * Open a file.
 *
 * What one can wait for, a FIFO or a terminal, becomes such a stream as leat_io_adopt makes;
 * opening a FIFO waits for its other end.
 *
 * Go         os.OpenFile(path, flags, mode)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      path    its name.
 * Param      flags   of <fcntl.h>: O_RDONLY, O_CREAT and so on; O_CLOEXEC is always added.
 * Param      mode    the permissions of a new file, less the umask.
 * Returns    0; else what the kernel says: -ENOENT, -EACCES, -EISDIR, -EMFILE; -ENOMEM.
 * Fatal      never.
 * See        leat_io_free, leat_read_file, leat_temp_file
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_open(leat_io **io, const char *path, int flags, unsigned mode);

/**
 * Move the place where a file is read and written next.
 *
 * Go         f.Seek(offset, whence)
 * Blocks     while another goroutine reads or writes there.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a file.
 * Param      offset  how far, in bytes.
 * Param      whence  from where: SEEK_SET, SEEK_CUR, SEEK_END of <stdio.h>.
 * Returns    the place, from the beginning; -EINVAL: before it; -EOPNOTSUPP: no file of
 *            leat_open; -EBADF: closed.
 * Fatal      never.
 * See        leat_pread, leat_pwrite
 * Since      0.3
 */
LEAT_API int64_t leat_seek(leat_io *io, int64_t offset, int whence);

/**
 * Read at a place of a file, until memory is full. Where it is read next does not change.
 *
 * Go         f.ReadAt(buf, offset)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   none.
 * Param      io      a file; others may read and write it at once.
 * Param      buf     where to put it.
 * Param      n       how much to read.
 * Param      offset  where, from the beginning.
 * Returns    n; less, also 0, where the file ends; -EOPNOTSUPP: no file of leat_open; -EBADF:
 *            closed; else what the kernel says.
 * Fatal      never.
 * See        leat_pwrite, leat_seek
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_pread(leat_io *io, void *buf, size_t n, int64_t offset);

/**
 * Write at a place of a file. Where it is written next does not change.
 *
 * With O_APPEND the kernel writes at the end all the same.
 *
 * Go         f.WriteAt(buf, offset)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   none.
 * Param      io      a file; others may read and write it at once.
 * Param      buf     what to write.
 * Param      n       how much.
 * Param      offset  where, from the beginning.
 * Returns    n; -EOPNOTSUPP: no file of leat_open; -EBADF: closed; else what the kernel says.
 * Fatal      never.
 * See        leat_pread, leat_seek
 * Since      0.3
 */
LEAT_API int64_t leat_pwrite(leat_io *io, const void *buf, size_t n, int64_t offset);

/**
 * Have what was written put on the disk.
 *
 * Go         f.Sync()
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a file.
 * Returns    0; -EIO: it could not be; -EOPNOTSUPP: no file of leat_open; -EBADF: closed.
 * Fatal      never.
 * See        leat_write_file
 * Since      0.3
 */
LEAT_API int leat_sync(leat_io *io);

/**
 * Make a file so long: cut it off, or fill it with zeros.
 *
 * Go         f.Truncate(size)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream.
 * Ordering   none.
 * Param      io      a file, open for writing.
 * Param      size    how long.
 * Returns    0; -EINVAL: it is not open for writing; -EOPNOTSUPP: no file of leat_open; -EBADF:
 *            closed; else what the kernel says.
 * Fatal      never.
 * See        leat_seek
 * Since      0.3
 */
LEAT_API int leat_truncate(leat_io *io, int64_t size);

/**
 * Say what is known of an open file.
 *
 * Go         f.Stat()
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the stream and the memory for the call.
 * Ordering   none.
 * Param      io      a file.
 * Param      info    where it goes.
 * Returns    0; -EOPNOTSUPP: no file of leat_open; -EBADF: closed; else what the kernel says.
 * Fatal      never.
 * See        leat_stat
 * Since      0.3
 */
LEAT_API int leat_io_stat(leat_io *io, leat_file_info *info);

/**
 * Say what is known of a name in the file system.
 *
 * Go         os.Stat(path), os.Lstat(path)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the memory for the call.
 * Ordering   none.
 * Param      path    a name.
 * Param      follow  where it is a symbolic link: tell of what that leads to; false: of the
 *            link.
 * Param      info    where it goes.
 * Returns    0; -ENOENT; else what the kernel says.
 * Fatal      never.
 * See        leat_io_stat, leat_walk
 * Since      0.3
 */
LEAT_API int leat_stat(const char *path, bool follow, leat_file_info *info);

/**
 * Read a whole file.
 *
 * Go         os.ReadFile(path)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *text is the caller's: free().
 * Ordering   none.
 * Param      path    its name.
 * Param      text    where the content goes, with a NUL behind it; NULL after an error.
 * Param      n       where to leave how much that is; NULL if nobody asks.
 * Returns    0; -EISDIR; -ENOMEM; else what the kernel says.
 * Fatal      never.
 * See        leat_write_file, leat_open
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_read_file(const char *path, char **text, size_t *n);

/**
 * Write a whole file, at once: whoever reads it finds the old content or the new one, also
 * after a crash.
 *
 * It is written under another name in the same directory, put on the disk, and given its name
 * then; after an error nothing has changed. A symbolic link is replaced, not followed.
 *
 * Go         os.WriteFile(path, b, mode), which is not atomic
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the memory for the call.
 * Ordering   none.
 * Param      path    its name.
 * Param      bytes   what to write.
 * Param      n       how much.
 * Param      mode    its permissions, less the umask.
 * Returns    0; else what the kernel says.
 * Fatal      never.
 * See        leat_read_file
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_write_file(const char *path, const void *bytes, size_t n,
                                            unsigned mode);

/**
 * Make a file of a name that nobody has, for reading and writing; nobody else may.
 *
 * Go         os.CreateTemp(dir, pattern)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. So is the file: unlink it.
 * Ordering   none.
 * Param      io      where the stream goes.
 * Param      path    where its name goes, with a NUL.
 * Param      size    how much room there is.
 * Param      dir     where to make it; NULL: in $TMPDIR, or /tmp.
 * Param      pattern its name; the last '*' becomes random, else that is put at the end.
 * Returns    0; -EINVAL: the pattern has a '/'; -ENAMETOOLONG: there is no room; else what the
 *            kernel says.
 * Fatal      never.
 * See        leat_temp_dir, leat_open
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_temp_file(leat_io **io, char *path, size_t size,
                                           const char *dir, const char *pattern);

/**
 * Make a directory of a name that nobody has; nobody else may enter it.
 *
 * Go         os.MkdirTemp(dir, pattern)
 * Blocks     the calling goroutine only.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the memory for the call. The directory is the caller's to remove.
 * Ordering   none.
 * Param      path    where its name goes, with a NUL.
 * Param      size    how much room there is.
 * Param      dir     where to make it; NULL: in $TMPDIR, or /tmp.
 * Param      pattern its name; the last '*' becomes random, else that is put at the end.
 * Returns    0; -EINVAL: the pattern has a '/'; -ENAMETOOLONG: there is no room; else what the
 *            kernel says.
 * Fatal      never.
 * See        leat_temp_file
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_temp_dir(char *path, size_t size, const char *dir,
                                          const char *pattern);

#ifdef __cplusplus
}
#endif

#endif
