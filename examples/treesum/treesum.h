/* SPDX-License-Identifier: MIT */
/*
 * treesum.h - what the parts of treesum share.
 *
 * PICTURE
 *
 *                    idle slots <-----------------------------+
 *                       |                                     |
 *     walk.c: take a slot, put the next path in               |
 *                       |                                     |
 *          +----------- todo -----------+                     |
 *          v            v               v                     |
 *     hash.c         hash.c    ...   hash.c  (-j of them)     |
 *          | done       | done          | done                |
 *          +------------+---------------+                     |
 *     merge.c: in the walker's order, wait for each slot's    |
 *     result, print it, give the slot back -------------------+
 *
 * The walker passes every slot on twice: to whichever hasher is free (todo), and to the merger,
 * who sees them in output order (order). A slot carries its own one-place channel for the
 * result, so the merger waits for exactly the file that must be printed next while the hashers
 * run ahead.
 *
 * MEMORY   There are WINDOW(jobs) slots and no more. Taking a slot is the only place where the
 *   walker waits, so a slow file or a slow reader of the output stops the walk, not the bound:
 *     window * (PATH_MAX + a channel)         the slots
 *     jobs * (READ_SIZE + a digest context)   the hashers
 *     the names in the directories on the way from the root to the current file, since sorted
 *     output needs whole directories
 *   It depends neither on the sizes of the files nor on how many the tree holds.
 *
 * END      The walker closes todo and order when it has come to the end or was stopped. Hashers
 *   and merger always empty their channels. So whatever happens every goroutine ends, all
 *   slots are back in idle, and main can free the lot.
 *
 * STOP     Only the merger stops the run: when standard output fails, or with --fail-fast at
 *   the first error in output order, so that what was printed before does not depend on timing.
 *   It closes stop; the walker looks at it before each file, a hasher after each read.
 *
 * BLOCKING System calls on files go through leat_blocking: they run while the processor does
 *   other goroutines. Each is wrapped in a small function that returns a negative errno,
 *   because errno belongs to a thread and a goroutine may go on on another one.
 */
#ifndef TREESUM_H
#define TREESUM_H

#include <leat.h>
#include <limits.h>
#include <stdatomic.h>

#define MAX_JOBS     256
#define READ_SIZE    ((size_t)64 << 10)
#define DIGEST_SIZE  32
#define WINDOW(jobs) ((jobs)*4 + 16)

/* What a file that is no regular file (any more) counts as; no call here returns it itself. */
#define ERR_NOT_REGULAR (-ENOTBLK)

/* A place for one file on its way through the program. */
struct slot {
    leat_int_chan done; /* one place: 0, or the negative errno that kept us from a digest */
    unsigned char digest[DIGEST_SIZE]; /* the hasher's until done, then the merger's */
    char path[PATH_MAX];
};

typedef leat_chan(struct slot *) slot_chan;

/* Progress on standard error, and every message that must not run into it. */
struct progress {
    bool shown;         /* standard error is a terminal */
    leat_done_chan end; /* closed: erase the line and go */
    leat_mutex line;    /* guards the terminal's last line and width */
    int width;          /* columns the progress line takes now */
    leat_duration start;
    atomic_ullong files, bytes;
};

struct walk;   /* walk.c */
struct hasher; /* hash.c */

struct treesum {
    slot_chan idle, todo, order;
    leat_done_chan stop; /* closed by the merger, once, to end early */
    struct progress progress;
    bool fail_fast;
    /* the merger's until everything has ended */
    unsigned long long printed, failed;
    int output_error;
};

/* walk.c: find the regular files below n roots, in byte order of their paths. */
struct walk *walk_make(size_t n);
void walk_free(struct walk *walks, size_t n);
void walk_trees(struct treesum *t, struct walk *walks, char **roots, size_t n);

/* hash.c: work off todo until it is closed, with one hasher's buffer and context. */
struct hasher *hasher_make(void);
void hasher_free(struct hasher *h);
void hash_files(struct treesum *t, struct hasher *h);

/* merge.c: print every slot of order as sha256sum would, or say why there is no digest. */
void merge_in_order(struct treesum *t);
bool stopped(struct treesum *t);
int write_all(int fd, const char *data, size_t n);

/* progress.c: the line on the terminal until end is closed; messages that respect it. */
void progress_run(struct progress *p);
void progress_say(struct progress *p, const char *format, ...) LEAT_PRINTF(2, 3);

#endif
