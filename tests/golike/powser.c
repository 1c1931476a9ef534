/* SPDX-License-Identifier: MIT */
/* powser.c - arithmetic of power series by goroutines that answer when they are asked.
 *
 * PICTURE      consumer --want--> operator --want--> operator ...
 *              consumer <--data-- operator <--data-- operator ...
 *   Nothing is computed before it is wanted, so a series may be infinite and may be defined by
 *   itself: exp(u) is the integral of exp(u) u', with a split that feeds the result back.
 *   mul and compose are recursive: asked for their second coefficient, they build the network
 *   for all others, one level more for each further coefficient.
 *
 * PROTOCOL  Two styles, which torture different operations.
 *   POWSER_QUIT   every operation is a select beside `quit`; the answer is a value on `data`.
 *                 Closing quit ends all goroutines, wherever they wait.
 *   POWSER_CLOSE  plain sends and receives; a request carries the address to answer to, and
 *                 `done` says that it is there. A consumer that wants no more closes `want`,
 *                 and the operator closes those of its operands: the end travels backwards.
 *
 * INVARIANTS
 *   P1  An operator that was asked asks its operands and answers, before it is asked again. So
 *       a request to an operator that has nothing outstanding is taken at once.
 *   P2  A network is taken down only while nothing is outstanding.
 *   P3  A split whose first side has closed closes its source at once: it may be that the
 *       second side is closed only thereby, when the split is what ties a loop.
 */
#include "powser.h"

#include <stdlib.h>

typedef leat_chan(powser_rat) powser_rat_chan;
typedef leat_chan(powser_rat *) powser_want_chan;

struct powser {
    struct powser_net *net;
    struct powser *next; /* all of a network, for freeing */
    powser_want_chan want;
    powser_rat_chan data; /* POWSER_QUIT */
    leat_done_chan done;  /* POWSER_CLOSE */
    powser_rat *where;    /* of the request being worked on; its operator's */
};

struct powser_net {
    enum powser_style style;
    leat_done_chan quit;
    leat_waitgroup running;
    leat_mutex lock;
    struct powser *all; /* under lock */
};

/* Rational numbers; every coefficient of these tests fits, and it is checked that it does. */

static powser_rat powser_reduced(__int128 n, __int128 d)
{
    __int128 a = n < 0 ? -n : n, b = d < 0 ? -d : d;

    T_TRUE(d != 0);
    while (b) {
        __int128 r = a % b;
        a = b;
        b = r;
    }
    n /= d < 0 ? -a : a;
    d /= d < 0 ? -a : a;
    T_TRUE(n <= INT64_MAX && n >= -INT64_MAX && d <= INT64_MAX);
    return (powser_rat){(int64_t)n, (int64_t)d};
}

static powser_rat powser_sum(powser_rat a, powser_rat b)
{
    return powser_reduced((__int128)a.n * b.d + (__int128)b.n * a.d, (__int128)a.d * b.d);
}

static powser_rat powser_product(powser_rat a, powser_rat b)
{
    return powser_reduced((__int128)a.n * b.n, (__int128)a.d * b.d);
}

/* The four steps that differ between the styles; false: it is all over. */

static bool powser_wanted(struct powser *out)
{
    if (out->net->style == POWSER_CLOSE)
        return leat_recv(out->want, &out->where);
    return leat_select(leat_case_recv(out->want, NULL), leat_case_recv(out->net->quit, NULL)) ==
           0;
}

static bool powser_put(struct powser *out, powser_rat v)
{
    if (out->net->style == POWSER_CLOSE) {
        *out->where = v;
        leat_send(out->done, LEAT_UNIT);
        return true;
    }
    return leat_select(leat_case_recv(out->net->quit, NULL), leat_case_send(out->data, v)) == 1;
}

static bool powser_ask(struct powser *u, powser_rat *where)
{
    if (u->net->style == POWSER_CLOSE) {
        leat_send(u->want, where);
        return true;
    }
    return leat_select(leat_case_send(u->want, where), leat_case_recv(u->net->quit, NULL)) == 0;
}

static bool powser_get(struct powser *u, powser_rat *v)
{
    if (!powser_ask(u, v))
        return false;
    if (u->net->style == POWSER_CLOSE)
        return leat_recv(u->done, NULL);
    return leat_select(leat_case_recv(u->data, v), leat_case_recv(u->net->quit, NULL)) == 0;
}

static void powser_drop(struct powser *u)
{
    if (u->net->style == POWSER_CLOSE)
        leat_close(u->want);
}

static struct powser *powser_make(struct powser_net *net)
{
    struct powser *u = calloc(1, sizeof *u);

    T_TRUE(u != NULL);
    u->net = net;
    u->want = leat_chan_make(powser_want_chan, 0);
    u->data = leat_chan_make(powser_rat_chan, 0);
    u->done = leat_chan_make(leat_done_chan, 0);
    leat_mutex_lock(&net->lock);
    u->next = net->all;
    net->all = u;
    leat_mutex_unlock(&net->lock);
    return u;
}

#define POWSER_START(out, ...) leat_waitgroup_go(&(out)->net->running, __VA_ARGS__)

struct powser_net *powser_net_make(enum powser_style style)
{
    struct powser_net *net = calloc(1, sizeof *net);

    T_TRUE(net != NULL);
    net->style = style;
    net->quit = leat_chan_make(leat_done_chan, 0);
    return net;
}

void powser_net_end(struct powser_net *net, struct powser *root)
{
    if (net->style == POWSER_CLOSE)
        powser_drop(root);
    else
        leat_close(net->quit);
    leat_waitgroup_wait(&net->running);
    for (struct powser *u = net->all, *next; u; u = next) {
        next = u->next;
        leat_chan_free(u->want);
        leat_chan_free(u->data);
        leat_chan_free(u->done);
        free(u);
    }
    leat_chan_free(net->quit);
    free(net);
}

powser_rat powser_next(struct powser *u)
{
    powser_rat v;
    T_TRUE(powser_get(u, &v));
    return v;
}

/* Operators. */

static void powser_run_from(struct powser *out, powser_rat (*coefficient)(int k))
{
    for (int k = 0; powser_wanted(out); k++)
        if (!powser_put(out, coefficient(k)))
            return;
}

struct powser *powser_from(struct powser_net *net, powser_rat (*coefficient)(int k))
{
    struct powser *out = powser_make(net);
    POWSER_START(out, powser_run_from, out, coefficient);
    return out;
}

static void powser_run_add(struct powser *out, struct powser *u, struct powser *v)
{
    powser_rat a, b;

    while (powser_wanted(out))
        if (!powser_get(u, &a) || !powser_get(v, &b) || !powser_put(out, powser_sum(a, b)))
            return;
    powser_drop(u);
    powser_drop(v);
}

struct powser *powser_add(struct powser *u, struct powser *v)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_add, out, u, v);
    return out;
}

static void powser_run_scale(struct powser *out, powser_rat c, struct powser *u)
{
    powser_rat a;

    while (powser_wanted(out))
        if (!powser_get(u, &a) || !powser_put(out, powser_product(c, a)))
            return;
    powser_drop(u);
}

struct powser *powser_scale(powser_rat c, struct powser *u)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_scale, out, c, u);
    return out;
}

/* Answers the request that is there and all that follow with u's coefficients. */
static void powser_relay(struct powser *out, struct powser *u)
{
    powser_rat a;

    do {
        if (!powser_get(u, &a) || !powser_put(out, a))
            return;
    } while (powser_wanted(out));
    powser_drop(u);
}

static void powser_run_shift(struct powser *out, powser_rat first, struct powser *u)
{
    if (powser_wanted(out) && !powser_put(out, first))
        return;
    if (powser_wanted(out))
        powser_relay(out, u);
    else
        powser_drop(u);
}

struct powser *powser_shift(powser_rat first, struct powser *u)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_shift, out, first, u);
    return out;
}

static void powser_run_derive(struct powser *out, struct powser *u)
{
    powser_rat a;
    int64_t k = 0;

    while (powser_wanted(out)) {
        if (k == 0 && !powser_get(u, &a))
            return;
        if (!powser_get(u, &a) || !powser_put(out, powser_product(powser_int(++k), a)))
            return;
    }
    powser_drop(u);
}

struct powser *powser_derive(struct powser *u)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_derive, out, u);
    return out;
}

static void powser_run_integrate(struct powser *out, powser_rat constant, struct powser *u)
{
    powser_rat a = constant;
    int64_t k = 0;

    while (powser_wanted(out)) {
        if (k > 0 && !powser_get(u, &a))
            return;
        if (!powser_put(out, k > 0 ? powser_product((powser_rat){1, k}, a) : constant))
            return;
        k++;
    }
    powser_drop(u);
}

struct powser *powser_integrate(powser_rat constant, struct powser *u)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_integrate, out, constant, u);
    return out;
}

/* One series for two consumers, who may be any number of coefficients apart. */
struct powser_side {
    struct powser *out;
    size_t served;
    bool waiting, closed;
};

struct powser_queue {
    powser_rat *items;
    size_t n, room;
};

static void powser_queue_add(struct powser_queue *q, powser_rat v)
{
    if (q->n == q->room) {
        q->room = q->room ? 2 * q->room : 4;
        q->items = realloc(q->items, q->room * sizeof *q->items);
        T_TRUE(q->items != NULL);
    }
    q->items[q->n++] = v;
}

/* Answers a side if what it waits for has come; sets *lacking if not. */
static bool powser_serve(struct powser_side *s, struct powser_queue *q, bool *lacking)
{
    if (!s->waiting)
        return true;
    if (s->served == q->n) {
        *lacking = true;
        return true;
    }
    s->waiting = false;
    return powser_put(s->out, q->items[s->served++]);
}

/* The wish of a side that can have one; NULL, which is never ready, of others. */
static powser_want_chan powser_wish(struct powser_side *s)
{
    return s->waiting || s->closed ? NULL : s->out->want;
}

static void powser_run_split(struct powser *u, struct powser *a, struct powser *b)
{
    struct powser_side side[2] = {{.out = a}, {.out = b}};
    struct powser_queue queue = {0};
    bool asked = false, quit = u->net->style == POWSER_QUIT;
    powser_rat fetched;

    while (!side[0].closed || !side[1].closed) {
        bool lacking = false, ok = true;
        if (!powser_serve(&side[0], &queue, &lacking) ||
            !powser_serve(&side[1], &queue, &lacking))
            break;
        if (lacking && !asked && !powser_ask(u, &fetched))
            break;
        asked = asked || lacking;
        int k = leat_select(leat_case_recv_ok(powser_wish(&side[0]), &a->where, &ok),
                            leat_case_recv_ok(powser_wish(&side[1]), &b->where, &ok),
                            leat_case_recv(asked && quit ? u->data : NULL, &fetched),
                            leat_case_recv(asked && !quit ? u->done : NULL, NULL),
                            leat_case_recv(u->net->quit, NULL));
        if (k == 4)
            break;
        if (k >= 2) {
            powser_queue_add(&queue, fetched);
            asked = false;
        } else if (ok) {
            side[k].waiting = true;
        } else {
            side[k].closed = true;
            if (k == 0)
                powser_drop(u);
        }
    }
    free(queue.items);
}

void powser_split(struct powser *u, struct powser **a, struct powser **b)
{
    *a = powser_make(u->net);
    *b = powser_make(u->net);
    POWSER_START(u, powser_run_split, u, *a, *b);
}

/* (a + xU)(b + xV) = ab + x(aV + bU + xUV) */
static void powser_run_mul(struct powser *out, struct powser *u, struct powser *v)
{
    struct powser *u1, *u2, *v1, *v2;
    powser_rat a, b;

    if (powser_wanted(out)) {
        if (!powser_get(u, &a) || !powser_get(v, &b) || !powser_put(out, powser_product(a, b)))
            return;
        if (powser_wanted(out)) {
            powser_split(u, &u1, &u2);
            powser_split(v, &v1, &v2);
            powser_relay(out, powser_add(powser_add(powser_scale(a, v1), powser_scale(b, u1)),
                                         powser_shift(powser_int(0), powser_mul(u2, v2))));
            return;
        }
    }
    powser_drop(u);
    powser_drop(v);
}

struct powser *powser_mul(struct powser *u, struct powser *v)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_mul, out, u, v);
    return out;
}

/* 1 / (a + xU) = R = 1/a - x U R / a; `again` is R itself, fed back. */
static void powser_run_reciprocal(struct powser *out, struct powser *u, struct powser *again)
{
    powser_rat a;

    if (powser_wanted(out)) {
        if (!powser_get(u, &a) || !powser_put(out, powser_reduced(a.d, a.n)))
            return;
        if (powser_wanted(out)) {
            powser_relay(out, powser_scale(powser_reduced(-a.d, a.n), powser_mul(u, again)));
            return;
        }
    }
    powser_drop(u);
    powser_drop(again);
}

struct powser *powser_reciprocal(struct powser *u)
{
    struct powser *out = powser_make(u->net), *result, *again;

    powser_split(out, &result, &again);
    POWSER_START(out, powser_run_reciprocal, out, u, again);
    return result;
}

/* (a + xU)(xV) = a + xV U(xV) */
static void powser_run_compose(struct powser *out, struct powser *u, struct powser *v)
{
    struct powser *v1, *v2;
    powser_rat a, zero;

    if (powser_wanted(out)) {
        if (!powser_get(u, &a) || !powser_get(v, &zero) || !powser_put(out, a))
            return;
        T_EQ(zero.n, 0);
        if (powser_wanted(out)) {
            powser_split(v, &v1, &v2);
            powser_relay(out, powser_mul(v1, powser_compose(u, powser_shift(zero, v2))));
            return;
        }
    }
    powser_drop(u);
    powser_drop(v);
}

struct powser *powser_compose(struct powser *u, struct powser *v)
{
    struct powser *out = powser_make(u->net);
    POWSER_START(out, powser_run_compose, out, u, v);
    return out;
}

/* exp(u)' = exp(u) u' */
struct powser *powser_exp(struct powser *u)
{
    struct powser *out = powser_make(u->net), *result, *again;

    powser_split(out, &result, &again);
    struct powser *slope = powser_mul(again, powser_derive(u));
    POWSER_START(out, powser_run_integrate, out, powser_int(1), slope);
    return result;
}

static powser_rat powser_coefficient_of_one(int k)
{
    return powser_int(k == 0);
}

/* tan(u)' = (1 + tan(u)^2) u' */
struct powser *powser_tan(struct powser *u)
{
    struct powser *out = powser_make(u->net), *result, *again, *t1, *t2;

    powser_split(out, &result, &again);
    powser_split(again, &t1, &t2);
    struct powser *outer = powser_add(powser_from(u->net, powser_coefficient_of_one),
                                      powser_mul(t1, t2));
    struct powser *slope = powser_mul(outer, powser_derive(u));
    POWSER_START(out, powser_run_integrate, out, powser_int(0), slope);
    return result;
}
