/* SPDX-License-Identifier: MIT */
/*
 * leat/io/walk.h - everything below a directory.
 *
 *     static int add_up(void *arg, const leat_walk_entry *e)
 *     {
 *         leat_file_info info;
 *
 *         if (e->err)
 *             fprintf(stderr, "%s: %s\n", e->path, leat_strerror(e->err));
 *         else if (strcmp(e->name, ".git") == 0)
 *             return LEAT_WALK_SKIP;
 *         else if (e->type == LEAT_FILE_REGULAR && leat_stat(e->path, false, &info) == 0)
 *             *(int64_t *)arg += info.size;
 *         return 0;
 *     }
 *
 *     int err = leat_walk(ctx, "src", add_up, &sum);
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_IO_WALK_H
#define LEAT_IO_WALK_H

#include <leat/io/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a walk has come to. It stands until the function returns. */
typedef struct leat_walk_entry {
    const char *path; /* beginning with what the walk was given */
    const char *name; /* the last part of it */
    int type;         /* LEAT_FILE_ */
    int depth;        /* 0: where the walk began */
    int err;          /* 0; or why it is not there, or the directory cannot be read */
} leat_walk_entry;

/** What the function of a walk may return, besides 0 and errors. */
enum {
    LEAT_WALK_SKIP =
        1, /* a directory: not what is in it; else: not the rest of its directory */
    LEAT_WALK_STOP = 2, /* nothing more: the walk returns 0 */
};

/**
 * Call a function for a file or directory, and all that is below it, in the order of names.
 *
 * A directory comes before what is in it. If it cannot be read the function is called for it
 * again, with the error. Symbolic links are not followed. What changes meanwhile is seen as it
 * was or is. A directory's names are read when it is entered, all at once.
 *
 * Go         filepath.WalkDir(root, fn)
 * Blocks     the calling goroutine only.
 * Cancel     when ctx is over, between two calls of the function.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows all of it for the call.
 * Ordering   none.
 * Param      ctx     a context; NULL is the background.
 * Param      root    where to begin.
 * Param      visit   the function: it is called by the same goroutine, and returns 0 to go on,
 *            LEAT_WALK_SKIP, LEAT_WALK_STOP, or a negative error to end with.
 * Param      arg     for it.
 * Returns    0; what the function returned, if that is negative; -ECANCELED or -ETIMEDOUT by the
 *            context; -ENOMEM.
 * Fatal      never.
 * See        leat_stat
 * Since      0.3
 */
LEAT_API int leat_walk(leat_ctx *ctx, const char *root,
                       int (*visit)(void *arg, const leat_walk_entry *e), void *arg);

#ifdef __cplusplus
}
#endif

#endif
