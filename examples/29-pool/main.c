/* SPDX-License-Identifier: MIT */
/*
 * 29 pool: pages are built in buffers that are used again.
 *
 * Each request needs a buffer for a moment. To allocate one each time costs, and to keep one
 * for each goroutine costs more when there are many that do nothing. A pool keeps what is not
 * in use: a get takes one from there, or has one made. Which one it is nobody can tell, so
 *
 *     what comes out is dirty: begin by emptying it;
 *     what was put back is another's: keep no pointer into it;
 *     what has become unusually large is not put back: it would stay large for ever.
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 8, REQUESTS = 500, USUAL = 1024, TOO_LARGE = 16 * USUAL };

struct buffer {
    char *text;
    size_t used, size;
    leat_atomic_int32 users; /* never two at a time: that is what the pool promises */
};

static leat_atomic_int32 made, dropped, shared;

static void *make_buffer(void *arg)
{
    struct buffer *b = calloc(1, sizeof(*b));

    (void)arg;
    if (!b || !(b->text = malloc(USUAL)))
        leat_panic("no memory for a buffer");
    b->size = USUAL;
    leat_atomic_add(&made, 1);
    return b;
}

static void drop_buffer(void *item, void *arg)
{
    struct buffer *b = item;

    (void)arg;
    free(b->text);
    free(b);
    leat_atomic_add(&dropped, 1);
}

static leat_pool buffers = {.make = make_buffer, .drop = drop_buffer};

static struct buffer *get_buffer(void)
{
    struct buffer *b = leat_pool_get(&buffers);

    if (leat_atomic_add(&b->users, 1) != 1)
        leat_atomic_add(&shared, 1);
    b->used = 0;
    return b;
}

static void put_buffer(struct buffer *b)
{
    leat_atomic_add(&b->users, -1);
    if (b->size > TOO_LARGE)
        drop_buffer(b, NULL);
    else
        leat_pool_put(&buffers, b);
}

static void append(struct buffer *b, const char *text)
{
    size_t n = strlen(text);

    while (b->used + n >= b->size) {
        char *more = realloc(b->text, 2 * b->size);
        if (!more)
            leat_panic("no memory for a page");
        b->text = more;
        b->size *= 2;
    }
    memcpy(b->text + b->used, text, n + 1);
    b->used += n;
}

/* A page with so many rows; one in a hundred is the full report. */
static int answer(int request)
{
    int rows = request % 100 == 0 ? 5000 : request % 10;
    struct buffer *b = get_buffer();

    append(b, "<ul>");
    for (int i = 0; i < rows; i++)
        append(b, "<li>row</li>");
    leat_yield(); /* stands for the network: others run, and must not touch this page */
    append(b, "</ul>");
    int sent = (int)strlen(b->text); /* a number, and no pointer into what is put back */
    put_buffer(b);
    return sent;
}

static void worker(int number, leat_atomic_int64 *bytes)
{
    for (int i = 0; i < REQUESTS; i++)
        leat_atomic_add(bytes, answer(number * REQUESTS + i));
}

int main(void)
{
    leat_atomic_int64 bytes = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < WORKERS; i++)
        leat_waitgroup_go(&wg, worker, i, &bytes);
    leat_waitgroup_wait(&wg);
    printf("%d requests, %d bytes sent\n", WORKERS * REQUESTS, (int)leat_atomic_load(&bytes));
    printf("buffers used by two at once: %d\n", leat_atomic_load(&shared));
    /* How many were made depends on who met whom: some fifty, most of them for the reports. */
    printf("buffers used again: %s\n",
           leat_atomic_load(&made) < WORKERS * REQUESTS ? "yes" : "no");

    /* While it is used, a pool drops by itself what it has not needed for a second or two. One
     * that is used no more keeps what it has until somebody frees it. */
    leat_pool_free(&buffers);
    printf("all dropped in the end: %s\n",
           leat_atomic_load(&made) == leat_atomic_load(&dropped) ? "yes" : "no");
    return 0;
}
