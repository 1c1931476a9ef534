/* SPDX-License-Identifier: MIT */
/*
 * merge.c - the merger: results in the walker's order, onto standard output.
 *
 * The order channel says which slot comes next, the slot's own channel says when it is ready.
 * Slots that are done early simply keep their result until it is their turn; how many there can
 * be is what the window bounds.
 *
 * FORMAT   sha256sum's: digest, two spaces, path. A path with a backslash, newline or carriage
 *   return has these written as \\, \n and \r, and its line starts with a backslash, so that
 *   `sha256sum -c` reads it back.
 *
 * STOP     After a failed write, or the first error under --fail-fast, nothing more is printed,
 *   but the channel is emptied to its end all the same: the walker and the hashers must find
 *   somebody who takes what they have in hand.
 */
#include "treesum.h"

#include <string.h>
#include <unistd.h>

#define LINE_MAX_SIZE (2 * DIGEST_SIZE + 2 * PATH_MAX + 8)

/* What is printed, collected into writes worth their while; a terminal gets every line. */
struct output {
    bool by_line;
    size_t used;
    char text[32 << 10];
};

bool stopped(struct treesum *t)
{
    return leat_select(leat_case_recv(t->stop, NULL), leat_case_default) == 0;
}

/* Runs inside leat_blocking: a pipe's reader may take its time. */
int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);
        if (done >= 0) {
            data += done;
            n -= (size_t)done;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int output_flush(struct output *o)
{
    size_t n = o->used;
    o->used = 0;
    return n > 0 ? leat_blocking(write_all, STDOUT_FILENO, o->text, n) : 0;
}

static char *put_escaped(char *to, const char *path)
{
    static const char special[] = "\\\n\r", letter[] = "\\nr";
    for (; *path; path++) {
        const char *at = strchr(special, *path);
        if (at) {
            *to++ = '\\';
            *to++ = letter[at - special];
        } else {
            *to++ = *path;
        }
    }
    return to;
}

static int output_line(struct output *o, const struct slot *s)
{
    int err = 0;
    if (sizeof(o->text) - o->used < LINE_MAX_SIZE)
        err = output_flush(o);

    char *to = o->text + o->used;
    if (strpbrk(s->path, "\\\n\r"))
        *to++ = '\\';
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        *to++ = "0123456789abcdef"[s->digest[i] >> 4];
        *to++ = "0123456789abcdef"[s->digest[i] & 15];
    }
    *to++ = ' ';
    *to++ = ' ';
    to = put_escaped(to, s->path);
    *to++ = '\n';
    o->used = (size_t)(to - o->text);
    return err == 0 && o->by_line ? output_flush(o) : err;
}

static const char *reason(int err)
{
    return err == ERR_NOT_REGULAR ? "no longer a regular file" : strerror(-err);
}

/* One slot's result. False when the run is to stop because of it. */
static bool merge_slot(struct treesum *t, struct output *o, const struct slot *s, int err)
{
    if (err < 0) {
        t->failed++;
        progress_say(&t->progress, "%s: %s", s->path, reason(err));
        return !t->fail_fast;
    }
    t->output_error = output_line(o, s);
    if (t->output_error < 0)
        return false;
    t->printed++;
    atomic_fetch_add_explicit(&t->progress.files, 1, memory_order_relaxed);
    return true;
}

/* A file on a network may say only now that there was no room for it. */
static int close_output(void)
{
    return close(STDOUT_FILENO) < 0 ? -errno : 0;
}

/* What is left in the buffer is good even after --fail-fast. */
static int output_end(struct output *o)
{
    int err = output_flush(o);
    int late = leat_blocking(close_output);
    return err < 0 ? err : late;
}

void merge_in_order(struct treesum *t)
{
    struct output o = {.by_line = isatty(STDOUT_FILENO)};
    bool going = true;

    leat_range(s, t->order) {
        int err;
        leat_recv(s->done, &err);
        if (going && !merge_slot(t, &o, s, err)) {
            going = false;
            leat_close(t->stop);
        }
        leat_send(t->idle, s);
    }
    if (t->output_error == 0)
        t->output_error = output_end(&o);
}
