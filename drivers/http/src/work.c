/* SPDX-License-Identifier: MIT */
/*
 * work.c - the memory of a connection that is at work.
 *
 * PICTURE   in: [ head of the request | used | start ... end: read, not yet used | room ]
 *
 * INVARIANTS
 *   1. While a request is served the bytes of its head stay where they are: its strings point
 *      into them. So a body is read behind the head, and the room for it is made before the head
 *      is parsed.
 *   2. After http__work_reset the object is as small as a new one, but for the array of fields,
 *      whose limit is the server's.
 *
 * PROOF server_test.c
 */
#include "message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct http_work *http__work_make(int max_fields)
{
    struct http_work *w = malloc(sizeof *w);

    if (!w)
        return NULL;
    memset(&w->req, 0, sizeof w->req);
    w->req.work = w->res.work = w;
    w->res.req = &w->req;
    w->res.fields = w->res.fields_inline;
    w->req.head.fields = (struct http_fields){.limit = max_fields};
    w->arena.used = 0;
    w->arena.blocks = NULL;
    w->in = w->in_inline;
    w->in_cap = IN_INLINE;
    w->head_len = w->start = w->end = 0;
    w->date_second = -1;
    return w;
}

void http__work_free(struct http_work *w)
{
    if (!w)
        return;
    http__arena_reset(&w->arena);
    if (w->in != w->in_inline)
        free(w->in);
    if (w->res.fields != w->res.fields_inline)
        free(w->res.fields);
    free(w->req.head.fields.at);
    free(w);
}

bool http__work_room(struct http_work *w, size_t cap)
{
    char *grown;

    if (cap <= w->in_cap)
        return true;
    grown = malloc(cap);
    if (!grown)
        return false;
    memcpy(grown, w->in, w->end);
    if (w->in != w->in_inline)
        free(w->in);
    w->in = grown;
    w->in_cap = cap;
    return true;
}

void http__work_reset(struct http_work *w)
{
    size_t left = w->end - w->start;

    http__arena_reset(&w->arena);
    if (w->in != w->in_inline && left <= IN_INLINE) {
        memcpy(w->in_inline, w->in + w->start, left);
        free(w->in);
        w->in = w->in_inline;
        w->in_cap = IN_INLINE;
    } else if (left > 0) {
        memmove(w->in, w->in + w->start, left);
    }
    w->head_len = w->start = 0;
    w->end = left;
}

const char *http__work_date(struct http_work *w)
{
    int64_t now = time(NULL);

    if (now != w->date_second) {
        w->date_second = now;
        http__date_format(w->date, now);
    }
    return w->date;
}
