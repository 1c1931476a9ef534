/* SPDX-License-Identifier: MIT */
/*
 * http2_server.c - the life of a server's connection of HTTP/2: its limits, and how it ends.
 *
 * PICTURE   preface --> the reader: bytes --> nghttp2 --> a request is whole: a goroutine for it
 *                                                         (http2_serve.c)
 *
 * A connection begins as one of HTTP/1; its first bytes say what it speaks, also over TLS, where
 * the peers have agreed on it before (ALPN): a client of HTTP/2 begins with the preface in any
 * case.
 *
 * LIMITS
 *   Heads: as over HTTP/1, 431. One that does not end within head_timeout ends the connection.
 *   Streams: max_streams is told to the client and enforced by nghttp2. Streams that the client
 *     has reset while their handlers run are counted too, up to as many again; beyond, requests
 *     are refused. So resetting does not buy more handlers (CVE-2023-44487). Handlers that go on
 *     after their answer, as those under a timeout may, are ten times as many at most.
 *   Cheap frames: what costs the client nothing and us some work (PING, SETTINGS, PRIORITY,
 *     resets, DATA without data) has an allowance of 500 and 100 more each second; who needs more
 *     gets ENHANCE_YOUR_CALM. nghttp2 limits what it would have to answer and is not read, and
 *     the number of CONTINUATIONs.
 *   Time: an idle connection ends after idle_timeout without a stream, however many PINGs come.
 *   Bodies: see http2_stream.c for windows; body_timeout and max_body as over HTTP/1.
 *
 * SHUTDOWN  GOAWAY with the last stream that was taken. Later ones are ignored by nghttp2, and
 *   the client may send them elsewhere; those before are answered. After the last, the session
 *   has nothing to read or write, and the connection ends.
 *
 * PROOF http2_server_test.c, http2_frames_test.c, http2_clients_test.c
 */
#include "http2_server.h"

#include <stdlib.h>
#include <string.h>

enum { READ_ROOM = 16 * 1024, CALM_MOST = 500, CALM_PER_SECOND = 100 };

static struct h2_server *server_of(void *user)
{
    return user;
}

/* ---- cheap frames ---- */

/* One more of them; too many end the connection. */
static void spend_calm(struct h2_server *h)
{
    leat_duration step = LEAT_SECOND / CALM_PER_SECOND, now = leat_now();
    int64_t more = (now - h->calm_since) / step;

    if (more > 0) {
        h->calm = h->calm + more < CALM_MOST ? (int)(h->calm + more) : CALM_MOST;
        h->calm_since += more * step;
    }
    if (h->calm-- > 0)
        return;
    h->calm = CALM_MOST; /* it ends once */
    nghttp2_session_terminate_session(h->base.session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static bool is_cheap(const nghttp2_frame *frame)
{
    switch (frame->hd.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
        return !(frame->hd.flags & NGHTTP2_FLAG_ACK);
    case NGHTTP2_PRIORITY:
    case NGHTTP2_RST_STREAM:
        return true;
    case NGHTTP2_DATA:
        return frame->hd.length == 0 && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    default:
        return false;
    }
}

/* ---- what comes ---- */

static bool begins_request(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

/* A new stream has a higher number than those before. nghttp2 passes others over, as they may be
 * trailers of a stream that it has forgotten; it remembers so many that we need not. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    struct h2_server *h = server_of(user);

    if (hd->type != NGHTTP2_HEADERS || hd->stream_id % 2 == 0)
        return 0;
    if (hd->stream_id <= h->newest && !nghttp2_session_find_stream(session, hd->stream_id))
        nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
    else if (hd->stream_id > h->newest)
        h->newest = hd->stream_id;
    return 0;
}

/* Streams that nghttp2 counts no longer, as they were reset, may have handlers. So may those that
 * have been answered, usually for a moment. */
static bool has_room(const struct h2_server *h)
{
    int max = h->c->server->opts.max_streams;

    return h->base.nunended < 2 * max && h->base.nstreams < 10 * max;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_server *h = server_of(user);
    int32_t id = frame->hd.stream_id;
    struct h2_served *st = NULL;

    if (h->head_since == 0)
        h->head_since = leat_now();
    if (!begins_request(frame))
        return 0;
    if (has_room(h))
        st = http__h2_served_make(h, id);
    if (!st) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
        return 0;
    }
    nghttp2_session_set_stream_user_data(session, id, &st->base);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2_served *st = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags, (void)user;
    if (st && begins_request(frame)) /* trailers are dropped */
        http__h2_served_field(st, nghttp2_rcbuf_get_buf(name), nghttp2_rcbuf_get_buf(value));
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_server *h = server_of(user);
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    struct h2_served *st;

    if (is_cheap(frame))
        spend_calm(h);
    h->head_since = 0;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    st = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (st && ends)
        http__h2_stream_peer_ended(&st->base);
    if (st && begins_request(frame))
        http__h2_served_start(st);
    return 0;
}

/* A head that is wrong has ended, too. */
static int on_wrong_frame(nghttp2_session *session, const nghttp2_frame *frame, int err,
                          void *user)
{
    (void)session, (void)frame, (void)err;
    server_of(user)->head_since = 0;
    return 0;
}

/* ---- its life ---- */

static int session_make(struct h2_server *h)
{
    nghttp2_session_callbacks *cb = http__h2_callbacks();
    nghttp2_option *option = http__h2_options();
    int err = NGHTTP2_ERR_NOMEM;

    if (cb && option) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
        nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback2(cb, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_wrong_frame);
        err = nghttp2_session_server_new2(&h->base.session, cb, h, option);
    }
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(option);
    return err;
}

static int say_settings(struct h2_server *h)
{
    const leat_http_opts *opts = &h->c->server->opts;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)opts->max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)opts->max_head},
    };
    int err = nghttp2_submit_settings(h->base.session, NGHTTP2_FLAG_NONE, settings,
                                      sizeof settings / sizeof *settings);

    return err ? err
               : nghttp2_session_set_local_window_size(h->base.session, NGHTTP2_FLAG_NONE, 0,
                                                       H2_CONN_WINDOW);
}

static void say_goodbye(struct h2_server *h)
{
    if (h->ending || h->base.err)
        return;
    h->ending = true;
    nghttp2_submit_goaway(h->base.session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h->base.session),
                          NGHTTP2_NO_ERROR, NULL, 0);
}

void http__h2_server_goodbye(struct h2_server *h)
{
    say_goodbye(h);
}

static void wire2_ending(struct http_conn *c)
{
    if (!c->h2)
        return;
    http__h2_lock(&c->h2->base);
    say_goodbye(c->h2);
    http__h2_unlock(&c->h2->base);
}

/* From now on the server's shutdown finds it as what it is. */
static void attach(struct h2_server *h)
{
    struct http_conn *c = h->c;

    leat_mutex_lock(&c->server->lock);
    c->wire = &http__wire2;
    c->h2 = h;
    leat_mutex_unlock(&c->server->lock);
    if (http_is_closing(c))
        wire2_ending(c);
}

static void detach(struct h2_server *h)
{
    leat_mutex_lock(&h->c->server->lock);
    h->c->h2 = NULL;
    leat_mutex_unlock(&h->c->server->lock);
}

/* Lock held. The time at which something is to be given up. */
static leat_duration limit_of(const struct h2_server *h, leat_duration now)
{
    const leat_http_opts *opts = &h->c->server->opts;

    if (h->given_up)
        return h->given_up;
    if (h->head_since)
        return opts->head_timeout < 0 ? LEAT_FOREVER : h->head_since + opts->head_timeout;
    if (opts->idle_timeout < 0)
        return LEAT_FOREVER;
    /* As long as there are streams it is looked at again; they have limits of their own. */
    return (h->base.nstreams > 0 ? now : h->base.idle_since) + opts->idle_timeout;
}

/* Until when to read; what has taken too long is given up. */
static leat_duration look(struct h2_server *h)
{
    leat_duration now = leat_now(), limit;

    http__h2_lock(&h->base);
    limit = limit_of(h, now);
    if (now >= limit && !h->given_up && !h->base.err) {
        h->given_up = limit = now + LEAT_SECOND;
        nghttp2_session_terminate_session(h->base.session, h->head_since
                                                               ? NGHTTP2_ENHANCE_YOUR_CALM
                                                               : NGHTTP2_NO_ERROR);
    }
    http__h2_unlock(&h->base);
    return limit;
}

static bool read_more(struct h2_server *h, char *buf)
{
    leat_duration until = look(h);
    int64_t n = leat_read_until(h->base.io, buf, READ_ROOM, until);

    if (n == -ETIMEDOUT)
        return !http__h2_is_over(&h->base) && !(h->given_up && leat_now() >= h->given_up);
    return n > 0 && http__h2_feed(&h->base, buf, (size_t)n);
}

void http__h2_serve(struct http_conn *c)
{
    struct h2_server h = {.c = c, .calm = CALM_MOST};
    char buf[READ_ROOM];
    size_t n = c->work->end;

    memcpy(buf, c->work->in, n < READ_ROOM ? n : READ_ROOM);
    http__conn_end_work(c);
    h.base.role = &http__h2_server_role;
    h.base.io = c->io;
    h.base.lingers = true;
    h.base.write_timeout = c->server->opts.write_timeout;
    h.head_since = h.base.idle_since = h.calm_since = leat_now();
    if (session_make(&h) != 0)
        return;
    if (say_settings(&h) == 0) {
        attach(&h);
        bool more = http__h2_feed(&h.base, buf, n);
        while (more)
            more = read_more(&h, buf);
        detach(&h);
    }
    http__h2_end(&h.base);
}

const struct http_wire http__wire2 = {.send = http__h2_wire_send,
                                      .read = http__h2_wire_read,
                                      .ending = wire2_ending};
