/* SPDX-License-Identifier: MIT */
/*
 * limit_table.h - calls that wait, ended by each thing that can end them, in all combinations,
 * before the call and during it; docs/limits.md is the same table for users.
 *
 *     static const struct row rows[] = {
 *         {"accept, tcp", BY_ALL | BY_EITHER, set_listener_tcp, run_accept},
 *     };
 *
 *     T_TEST(every_call_that_waits_is_ended)
 *     {
 *         table_run(rows, sizeof rows / sizeof rows[0]);
 *     }
 *
 * A row sets its stage so that the call finds nothing to do, and runs the call until it gives up.
 * What it says must be the word of one of those that had been asked to end it; if nothing ends it
 * the case hangs.
 */
#ifndef LIMIT_TABLE_H
#define LIMIT_TABLE_H

#include <leat.h>

#include "t.h"

enum {
    BY_DEADLINE = 1, /* of the stream or listener */
    BY_TIME = 2,     /* of this call */
    BY_CTX = 4,
    BY_CLOSE = 8, /* by another goroutine */
    BY_ALL = 15,
    BY_EITHER = 16, /* a call has a context or a time, not both */
};

enum { STAGE_HELD = 80 };

/* What one row waits on. */
struct stage {
    leat_io *io;      /* whose deadline and end are the call's */
    leat_listener *l; /* or it is this one's */
    leat_io *other;   /* what the call needs besides */
    leat_io *held[STAGE_HELD];
    int nheld;
    leat_reader *r;
    leat_writer *w;
    leat_addr to;
    char at[LEAT_ADDR_TEXT];
    leat_limit limit; /* the call's */
    leat_ctx *both;   /* the two of the limit in one context, if a row has made it */
    leat_cmd cmd;
    int err; /* of the setting, for the call to say */
    leat_int_chan signals;
};

struct row {
    const char *name;
    int ends; /* BY_ bits that it knows */
    void (*set)(struct stage *s);
    int64_t (*run)(struct stage *s, const leat_limit *limit);
    void (*close)(struct stage *s); /* NULL: of the stream or listener */
    int closed;                     /* what the call says then; 0: -EBADF */
};

/* The form of a call for a limit of at most one kind. */
#define FORMS(limit, plain, by_ctx, by_time) \
    ((limit)->until != LEAT_FOREVER ? (by_time) : (limit)->ctx ? (by_ctx) : (plain))

/* A stream to be freed at the end. */
static inline leat_io *stage_hold(struct stage *s, leat_io *io)
{
    T_LT(s->nheld, STAGE_HELD);
    s->held[s->nheld++] = io;
    return io;
}

static inline void stage_free(struct stage *s)
{
    leat_reader_free(s->r);
    leat_writer_free(s->w);
    leat_listener_free(s->l);
    while (s->nheld > 0)
        leat_io_free(s->held[--s->nheld]);
    leat_chan_free(s->signals);
    leat_ctx_free(s->both);
}

struct waiting {
    const struct row *row;
    struct stage stage;
    leat_ctx *ctx;
    leat_int_chan result;
};

static inline void table_waits(struct waiting *w)
{
    leat_send(w->result, (int)w->row->run(&w->stage, &w->stage.limit));
}

static inline void end_by(struct waiting *w, int by)
{
    leat_duration when = t_rand() % 2 ? 0 : leat_now() + 100 * LEAT_MICROSECOND;
    struct stage *s = &w->stage;

    if (by == BY_CTX)
        leat_ctx_cancel(w->ctx);
    else if (by == BY_CLOSE && w->row->close)
        w->row->close(s);
    else if (by == BY_CLOSE)
        T_ERR(s->l ? leat_listener_close(s->l) : leat_io_close(s->io), 0);
    else if (by == BY_DEADLINE && s->l)
        leat_listener_set_deadline(s->l, when); /* in vain if it is closed already */
    else if (by == BY_DEADLINE)
        leat_io_set_deadline(s->io, LEAT_READ | LEAT_WRITE, when);
    /* BY_TIME ends by itself. */
}

static inline void end_by_all(struct waiting *w, int ends)
{
    for (int left = ends; left;) {
        int by = 1 << t_rand() % 4;
        if (left & by)
            end_by(w, by);
        left &= ~by;
    }
}

static inline bool is_one_of(const struct row *row, int err, int ends)
{
    int closed = row->closed ? row->closed : -EBADF;

    return (err == -ETIMEDOUT && ends & (BY_DEADLINE | BY_TIME)) ||
           (err == -ECANCELED && ends & BY_CTX) || (err == closed && ends & BY_CLOSE);
}

static inline void table_one(const struct row *row, int ends, bool early)
{
    struct waiting w = {.row = row, .ctx = leat_ctx_with_cancel(NULL)};
    leat_duration soon = early ? 0 : 100 * LEAT_MICROSECOND;
    int err;

    w.result = leat_chan_make(leat_int_chan, 0);
    w.stage.limit.ctx = ends & BY_CTX ? w.ctx : NULL;
    w.stage.limit.until = ends & BY_TIME ? leat_now() + soon : LEAT_FOREVER;
    row->set(&w.stage);
    if (early)
        end_by_all(&w, ends);
    leat_go(table_waits, &w);
    for (uint64_t i = t_rand() % 4; i > 0; i--)
        leat_yield();
    if (t_rand() % 4 == 0)
        leat_sleep(200 * LEAT_MICROSECOND);
    if (!early)
        end_by_all(&w, ends);
    leat_recv(w.result, &err);
    if (!is_one_of(row, err, ends))
        T_FAIL("%s: ended by %d %s, it says %d, %s", row->name, ends,
               early ? "before" : "meanwhile", err, leat_strerror(err));
    leat_chan_free(w.result);
    stage_free(&w.stage);
    leat_ctx_free(w.ctx);
}

static inline bool row_knows(const struct row *row, int ends)
{
    bool both = (ends & BY_TIME) && (ends & BY_CTX);

    return (ends & ~row->ends) == 0 && !(both && row->ends & BY_EITHER);
}

static inline void table_run(const struct row *rows, size_t n)
{
    for (long round = 0; round < t_scale(10); round++)
        for (size_t i = 0; i < n; i++)
            for (int ends = 1; ends <= BY_ALL; ends++)
                if (row_knows(&rows[i], ends))
                    table_one(&rows[i], ends, t_rand() % 3 == 0);
}

#endif
