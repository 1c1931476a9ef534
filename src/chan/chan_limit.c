/* SPDX-License-Identifier: MIT */
/*
 * chan_limit.c - sends and receives that can end early, and those that report a closed channel.
 *
 * PROTOCOL  As the plain ones, but the waiter has to be won (waiter.h, W3), as that of a select:
 *   a partner, a close, the canceller and the clock compete, and one of them decides. A partner
 *   that loses goes on to the next waiter, so a value is with somebody or was never sent. Who
 *   ends early takes its waiter off the queue itself; the channel is there, because its caller
 *   keeps it until the call returns.
 *
 * CONTEXTS FIRST  One that is over already is an error even if the operation could proceed: who
 *   asks again and again must hear of it. In a wait, the first event counts.
 *
 * ORDERING  A close and a send that reports it are no race: -EPIPE comes after the close.
 *
 * PROOF  chan_limit_test.c; tests/golike/chan_status_test.c.
 */
#include "chan/chan.h"
#include "park/limit.h"

/* Lock held. */
static int send_result(leat_chan_base *c, enum chan_result r)
{
    switch (r) {
    case CHAN_DONE:
        return 0;
    case CHAN_CLOSED:
        san_acquire(&c->edge);
        return -EPIPE;
    case CHAN_NO_ROOM:
        return -ENOMEM;
    case CHAN_NOT_NOW:
    default:
        return -EAGAIN;
    }
}

/* The nil channel: only the limit ends it. */
static int wait_for_limit(struct g *g, enum wait_reason why, const struct limit *l)
{
    int err;

    do {
        limit_begin(g);
        err = limit_park(g, why, NULL, l);
    } while (!err);
    return err;
}

/* Lock held; dropped. 0, -EPIPE or what ended the wait. */
static int wait_limited(leat_chan_base *c, struct waitq *q, struct waiter *w,
                        enum wait_reason why, const struct limit *l)
{
    w->selecting = true;
    limit_begin(w->g);
    chan_enqueue(c, q, w);
    int err = limit_park(w->g, why, c, l);
    if (err) {
        spin_lock(&c->lock, LEAT__RANK_CHAN);
        waitq_remove(q, w);
        chan_changed(c);
        spin_unlock(&c->lock, LEAT__RANK_CHAN);
        return err;
    }
    san_acquire(&w->g->u.wait.edge);
    return w->ok ? 0 : -EPIPE;
}

static int send_limited(leat_chan_base *c, const void *elem, const struct limit *l)
{
    struct m *m = m_self();
    struct g *wake = NULL;
    int err = limit_over(l);

    if (err) {
        sched_poll(m);
        return err;
    }
    if (unlikely(!c))
        return wait_for_limit(m->cur, WAIT_CHAN_SEND_NIL, l);
    chan_begin_status_send(c, elem);
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    enum chan_result r = chan_send_locked(c, elem, NULL, &wake);
    if (r == CHAN_NOT_NOW) {
        struct waiter w = {.g = m->cur, .elem = (void *)(uintptr_t)elem};
        return wait_limited(c, &c->senders, &w, WAIT_CHAN_SEND, l);
    }
    err = send_result(c, r);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    if (wake)
        sched_ready(wake);
    sched_poll(m);
    return err;
}

static int recv_limited(leat_chan_base *c, void *elem, const struct limit *l)
{
    struct m *m = m_self();
    struct g *wake = NULL;
    int err = limit_over(l);

    if (err) {
        sched_poll(m);
        return err;
    }
    if (unlikely(!c))
        return wait_for_limit(m->cur, WAIT_CHAN_RECV_NIL, l);
    spin_lock(&c->lock, LEAT__RANK_CHAN);
    enum chan_result r = chan_recv_locked(c, elem, NULL, &wake);
    if (r == CHAN_NOT_NOW) {
        struct waiter w = {.g = m->cur, .elem = elem};
        uint32_t size = c->elem_size;
        err = wait_limited(c, &c->receivers, &w, WAIT_CHAN_RECV, l);
        if (!err || err == -EPIPE)
            san_write(elem, size);
        if (err == -EPIPE)
            chan_zero(elem, size);
        return err;
    }
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    if (wake)
        sched_ready(wake);
    sched_poll(m);
    return r == CHAN_DONE ? 0 : -EPIPE;
}

/* ---- the calls ---- */

int leat_chan_base_send_status(leat_chan_base *c, const void *elem)
{
    struct limit l = limit_none();

    return send_limited(c, elem, &l);
}

int leat_chan_base_try_send_status(leat_chan_base *c, const void *elem)
{
    struct m *m = m_self();
    struct g *wake = NULL;
    int err = -EAGAIN;

    if (c && chan_send_ready(c)) {
        chan_begin_status_send(c, elem);
        spin_lock(&c->lock, LEAT__RANK_CHAN);
        err = send_result(c, chan_send_locked(c, elem, NULL, &wake));
        spin_unlock(&c->lock, LEAT__RANK_CHAN);
    }
    if (wake)
        sched_ready(wake);
    sched_poll(m);
    return err;
}

int leat_chan_base_send_ctx(leat_ctx *ctx, leat_chan_base *c, const void *elem)
{
    struct limit l = limit_ctx(ctx);

    return send_limited(c, elem, &l);
}

int leat_chan_base_send_until(leat_chan_base *c, const void *elem, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return send_limited(c, elem, &l);
}

int leat_chan_base_recv_ctx(leat_ctx *ctx, leat_chan_base *c, void *elem)
{
    struct limit l = limit_ctx(ctx);

    return recv_limited(c, elem, &l);
}

int leat_chan_base_recv_until(leat_chan_base *c, void *elem, leat_duration deadline)
{
    struct limit l = limit_until(deadline);

    return recv_limited(c, elem, &l);
}
