/* SPDX-License-Identifier: MIT */
/*
 * leat/exec.h - child processes.
 *
 *     leat_scoped_ctx(ctx, leat_ctx_with_timeout(NULL, 10 * LEAT_SECOND));
 *     leat_cmd cmd = {.argv = LEAT_ARGV("git", "log", "-1", "--format=%h"), .ctx = ctx};
 *     char *hash = NULL;
 *     int status = leat_cmd_output(&cmd, &hash, NULL);
 *
 *     if (status == 0)
 *         printf("at %s", hash);
 *     else if (status > 0)
 *         printf("git said no: %d\n", status);      // 1 to 255, or 128 + a signal
 *     else
 *         printf("git: %s\n", leat_strerror(status));
 *     free(hash);
 *
 * A child begins with the descriptors that it is given and no others, however many are started at
 * once, with no signal blocked, and with the signals ignored that are ignored here
 * (leat_signal_ignore). Whoever starts one must wait for it, or it stays as a zombie.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_EXEC_H
#define LEAT_EXEC_H

#include <leat/base.h>
#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A command: what to run, how, and afterwards what became of it. Only argv is needed; zero is
 * right for all else. It must not move or change between leat_cmd_start and leat_cmd_wait; after
 * that it may be started again.
 *
 * A standard stream that is not set is /dev/null. A leat_io is copied from or to by a goroutine,
 * through a pipe, unless it is a file or a standard stream of ours: then the child gets its
 * descriptor, as it does with in_fd and its like. If `err` is the same as `out`, or err_fd the
 * same as out_fd, the two stay in order.
 */
typedef struct leat_cmd {
    const char *const *argv; /* the program and its arguments, then NULL: LEAT_ARGV(...) */
    const char *path;        /* the file, if it is not argv[0]; without a '/': found by PATH */
    const char *const *env;  /* NAME=value, then NULL; NULL: as here */
    const char *dir;         /* where to run; NULL: here. A relative path is meant from there */
    leat_io *in, *out, *err; /* standard input, output and error */
    int in_fd, out_fd, err_fd; /* or descriptors: LEAT_FD(n) */
    const int *fds;            /* further descriptors: they become 3, 4 and so on */
    int nfds;
    bool group;               /* it leads a process group, and signals go to all of that */
    leat_ctx *ctx;            /* when it is over, the child gets cancel_signal */
    int cancel_signal;        /* 0: SIGKILL */
    leat_duration wait_delay; /* how long it, and who has inherited its output, may go on after
                                 that and after its end; 0: for ever */
    /* What became of it: set by leat_cmd_start and leat_cmd_wait. */
    int pid;
    int code;   /* how it exited; -1: it did not */
    int signal; /* what killed it; 0: nothing did */
    struct leat__child *leat__child;
} leat_cmd;

/** A descriptor, as leat_cmd's in_fd, out_fd and err_fd have it. */
#define LEAT_FD(n) ((n) + 1)

#ifndef __cplusplus
/** A program and its arguments; they live as long as the block that they stand in. */
#define LEAT_ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#endif

/**
 * Find a program in PATH.
 *
 * A name with a '/' stands for itself. Directories of PATH that are relative are passed over:
 * what lies in the current directory is not run by its mere name.
 *
 * Go         exec.LookPath(name)
 * Blocks     the calling goroutine only, while the file system is asked.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the name and the memory for the call.
 * Ordering   none.
 * Param      path    where to put it, with a NUL.
 * Param      size    how much room there is.
 * Param      name    what to look for.
 * Returns    0; -ENOENT: there is none; -EACCES: the name has a '/', and is no program;
 *            -ENAMETOOLONG: there is no room for it.
 * Fatal      never.
 * See        leat_cmd_start
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_look_path(char *path, size_t size, const char *name);

/**
 * Make a pipe to the child's standard input. Close it to end that.
 *
 * Go         c.StdinPipe()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free. It takes no part in what leat_cmd_wait waits
 *            for.
 * Ordering   none.
 * Param      c       a command that has not been started, and now must be.
 * Param      io      where the writing end goes.
 * Returns    0; -EINVAL: it has an input, or runs; -ENOMEM; -EMFILE.
 * Fatal      never.
 * See        leat_cmd_out_pipe, leat_cmd_start
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_in_pipe(leat_cmd *c, leat_io **io);

/**
 * Make a pipe from the child's standard output.
 *
 * Unlike Go's it stays open after leat_cmd_wait: what is in it can still be read.
 *
 * Go         c.StdoutPipe()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free.
 * Ordering   none.
 * Param      c       a command that has not been started, and now must be.
 * Param      io      where the reading end goes.
 * Returns    0; -EINVAL: it has an output, or runs; -ENOMEM; -EMFILE.
 * Fatal      never.
 * See        leat_cmd_err_pipe, leat_cmd_in_pipe, leat_cmd_start
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_out_pipe(leat_cmd *c, leat_io **io);

/**
 * Make a pipe from the child's standard error.
 *
 * Go         c.StderrPipe()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *io is the caller's: leat_io_free.
 * Ordering   none.
 * Param      c       a command that has not been started, and now must be.
 * Param      io      where the reading end goes.
 * Returns    0; -EINVAL: it has such an output, or runs; -ENOMEM; -EMFILE.
 * Fatal      never.
 * See        leat_cmd_out_pipe, leat_cmd_start
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_err_pipe(leat_cmd *c, leat_io **io);

/**
 * Start a command, and do not wait for it.
 *
 * Go         c.Start()
 * Blocks     the calling goroutine only, until the child has begun with its program.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows all that the command names until leat_cmd_wait; after an error nothing, and
 *            pipes made for it have lost their child.
 * Ordering   as leat_go for the goroutines that copy.
 * Param      c       a command.
 * Returns    0: leat_cmd_wait must follow; -EINVAL: argv is empty, a stream is given twice, or
 *            it runs already; -ECANCELED or -ETIMEDOUT: its context is over; -ENOENT, -EACCES
 *            and other errors of finding and executing the program; -EMFILE, -ENOMEM, -EAGAIN.
 * Fatal      never.
 * See        leat_cmd_wait, leat_cmd_run
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_start(leat_cmd *c);

/**
 * Wait until a command has ended, and what it wrote has been copied.
 *
 * Input that it did not want is no error, nor is it waited for.
 *
 * Go         c.Wait()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     when the command's context is over, the child is killed.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  gives back what leat_cmd_start has borrowed.
 * Ordering   what the goroutines that copy did comes before.
 * Param      c       a command that has been started.
 * Returns    0: it exited with 0; 1 to 255: it exited so, or was killed by signal n: 128 + n;
 *            -ECANCELED or -ETIMEDOUT: its context was over before it ended; -ETIME: the copies
 *            lasted longer than wait_delay and were cut off; -EINVAL: it does not run; -ECHILD:
 *            somebody else has waited for it, or SIGCHLD is ignored; else the first error of a
 *            copy. c->code and c->signal tell more.
 * Fatal      never.
 * See        leat_cmd_start, leat_cmd_run
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_wait(leat_cmd *c);

/**
 * Start a command and wait for it.
 *
 * Go         c.Run()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_cmd_wait.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows all that the command names for the call.
 * Ordering   as leat_cmd_wait.
 * Param      c       a command.
 * Returns    as leat_cmd_start if that fails; else as leat_cmd_wait.
 * Fatal      never.
 * See        leat_cmd_output
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_run(leat_cmd *c);

/**
 * Run a command and keep what it writes to its standard output.
 *
 * Go         c.Output()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_cmd_wait.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *text is the caller's: free(), whatever this returns.
 * Ordering   as leat_cmd_wait.
 * Param      c       a command without an output.
 * Param      text    where what it wrote goes, with a NUL behind it; NULL if it could not be
 *            started.
 * Param      n       where to leave how much that is; NULL if nobody asks.
 * Returns    as leat_cmd_run; -EINVAL: it has an output.
 * Fatal      never.
 * See        leat_cmd_combined, leat_cmd_run
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_output(leat_cmd *c, char **text, size_t *n);

/**
 * Run a command and keep what it writes to its standard output and error, in order.
 *
 * Go         c.CombinedOutput()
 * Blocks     the calling goroutine only; on a thread that leat did not create, the thread.
 * Cancel     as leat_cmd_wait.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *text is the caller's: free(), whatever this returns.
 * Ordering   as leat_cmd_wait.
 * Param      c       a command with neither of the two.
 * Param      text    where what it wrote goes, with a NUL behind it; NULL if it could not be
 *            started.
 * Param      n       where to leave how much that is; NULL if nobody asks.
 * Returns    as leat_cmd_run; -EINVAL: it has an output.
 * Fatal      never.
 * See        leat_cmd_output, leat_cmd_run
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_cmd_combined(leat_cmd *c, char **text, size_t *n);

/**
 * Send a signal to a command that runs.
 *
 * Go         c.Process.Signal(sig), c.Process.Kill()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows the command, for which somebody may be waiting; until that has returned.
 * Ordering   none.
 * Param      c       a command.
 * Param      sig     a number such as SIGTERM.
 * Returns    0; -ESRCH: it does not run any more; -EINVAL: it was not started, or there is no
 *            such signal.
 * Fatal      never.
 * See        leat_cmd_wait
 * Since      0.3
 */
LEAT_API int leat_cmd_signal(leat_cmd *c, int sig);

#ifdef __cplusplus
}
#endif

#endif
