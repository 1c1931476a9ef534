/* SPDX-License-Identifier: MIT */
/*
 * 14 request log: what belongs to a request follows it through all its goroutines.
 *
 * Deep down in a library there is no place for another argument; here it is the log function
 * that wants to know which request it works for. A local value is found under a key, by the
 * goroutine that set it, and, because this key says so, by all that it starts. The value is
 * dropped when the last of them has ended: that is when the request is complete and its lines
 * can be printed together.
 *
 * A label is the same for people: goroutines show theirs in every dump (leat_dump, a crash).
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
    leat_mutex lock;
    const char *path;
    int lines, milliseconds;
};

static void print_and_free(void *value);

static const leat_local current = {.inherited = true, .drop = print_and_free};

static void print_and_free(void *value)
{
    struct request *r = value;

    printf("%s: %d lines of log, %d ms in all\n", r->path, r->lines, r->milliseconds);
    free(r);
}

/* Called from anywhere: nobody had to hand the request down to here. */
static void log_time(int milliseconds)
{
    struct request *r = leat_local_get(&current);

    leat_lock_guard(&r->lock);
    r->lines++;
    r->milliseconds += milliseconds;
}

static void query(int milliseconds)
{
    leat_sleep(milliseconds * LEAT_MICROSECOND);
    log_time(milliseconds);
}

static void handle(const char *path, int queries)
{
    struct request *r = calloc(1, sizeof(*r));

    if (!r)
        leat_panic("no memory for a request");
    r->path = path;
    leat_local_set(&current, r);
    leat_label_set("path", path);
    for (int i = 1; i <= queries; i++)
        leat_go(query, 10 * i); /* not waited for: each of them has the request */
    log_time(1);
}

int main(void)
{
    static const char *const paths[] = {"/login", "/search", "/basket"};

    for (int i = 0; i < 3; i++) {
        leat_waitgroup handler = {0};
        leat_waitgroup_go(&handler, handle, paths[i], i + 2);
        leat_waitgroup_wait(&handler);
        while (leat_num_goroutine() > 1) /* one request after the other, for the reader */
            leat_sleep(LEAT_MILLISECOND);
    }
    return 0;
}
