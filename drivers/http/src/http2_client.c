/* SPDX-License-Identifier: MIT */
/*
 * http2_client.c - a client's connections of HTTP/2: found, made, shared, and ended.
 *
 * PICTURE   key -> connection -> streams: calls of any number of goroutines
 *                      ^ its reader, a goroutine of its own
 *
 * A connection is there for whoever calls, as long as the server takes calls on it. nghttp2 sends
 * no more requests at once than the server allows (MAX_CONCURRENT_STREAMS): those beyond wait in
 * the session for a stream to end. Until it has said how many, that is one: it would refuse too
 * many.
 *
 * INVARIANTS
 *   1. A connection is on the client's list from before its first call until its reader ends it
 *      or it takes no more calls; `leaving` is looked at under its own lock, by who submits a
 *      call.
 *   2. Its memory goes with the last reference. What a call still holds after the reader has
 *      ended is a stream that is closed, and a lock; the session is gone, and `err` keeps all
 *      away from it.
 *   3. The client waits for all readers before it is freed.
 *
 * WINDOWS  The window of the whole connection is as wide as can be: answers that nobody reads
 *   must not hold up others. Each answer has a window of its own.
 *
 * PROOF http2_client_test.c
 */
#include "http2_client.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENT_READ = 16 * 1024, WIDEST_WINDOW = 0x7fffffff };

/* A server that takes nothing for so long is given up, for all calls. */
static const leat_duration CLIENT_PATIENCE = 30 * LEAT_SECOND;

/* ---- what comes ---- */

static int on_answer_field(nghttp2_session *session, const nghttp2_frame *frame,
                           nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags, (void)user;
    if (call)
        http__h2_call_field(call, nghttp2_rcbuf_get_buf(name), nghttp2_rcbuf_get_buf(value));
    return 0;
}

static int on_answer_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_client *hc = user;
    struct h2_call *call;

    if (frame->hd.type == NGHTTP2_GOAWAY)
        hc->leaving = true;
    if (frame->hd.type == NGHTTP2_SETTINGS)
        hc->works = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call && frame->hd.type == NGHTTP2_HEADERS)
        http__h2_call_head_done(call);
    if (call && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        http__h2_stream_peer_ended(&call->base);
    return 0;
}

/* We have told the server that what it says is not HTTP/2. */
static int on_said(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_client *hc = user;

    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
        hc->wrong = hc->leaving = true;
    return 0;
}

/* ---- its life ---- */

static int client_session(struct h2_client *hc)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
    };
    nghttp2_session_callbacks *cb = http__h2_callbacks();
    nghttp2_option *option = http__h2_options();
    int err = NGHTTP2_ERR_NOMEM;

    if (cb && option) {
        nghttp2_option_set_peer_max_concurrent_streams(option, 1);
        nghttp2_session_callbacks_set_on_header_callback2(cb, on_answer_field);
        nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_answer_frame);
        nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_said);
        err = nghttp2_session_client_new2(&hc->base.session, cb, hc, option);
    }
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(option);
    if (err)
        return err;
    err = nghttp2_submit_settings(hc->base.session, NGHTTP2_FLAG_NONE, settings,
                                  sizeof settings / sizeof *settings);
    if (!err)
        err = nghttp2_session_set_local_window_size(hc->base.session, NGHTTP2_FLAG_NONE, 0,
                                                    WIDEST_WINDOW);
    if (err)
        nghttp2_session_del(hc->base.session);
    return err;
}

void http__h2_client_goodbye(struct h2_client *hc)
{
    if (!hc->leaving && !hc->base.err)
        nghttp2_submit_goaway(hc->base.session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL,
                              0);
    hc->leaving = true;
}

/* Until when to read; one that has been idle for too long says goodbye. */
static leat_duration client_look(struct h2_client *hc)
{
    leat_duration patience = hc->client->opts.idle_timeout, now = leat_now(), until;

    http__h2_lock(&hc->base);
    bool unused = hc->base.nstreams == 0 && __atomic_load_n(&hc->refs, __ATOMIC_RELAXED) == 1;
    if (unused && now >= hc->base.idle_since + patience)
        http__h2_client_goodbye(hc);
    /* The farewell is written at once, and then the writer wakes the reader. */
    until = (!unused || hc->leaving ? now : hc->base.idle_since) + patience;
    http__h2_unlock(&hc->base);
    return until;
}

static bool client_read(struct h2_client *hc, char *buf)
{
    leat_duration until = client_look(hc);
    int64_t n = leat_read_until(hc->base.io, buf, CLIENT_READ, until);

    if (n == -ETIMEDOUT)
        return !http__h2_is_over(&hc->base);
    return n > 0 && http__h2_feed(&hc->base, buf, (size_t)n);
}

static void list_remove(struct h2_client *hc)
{
    leat_http_client *c = hc->client;
    struct h2_client **at = &c->h2;

    leat_mutex_lock(&c->lock);
    while (*at && *at != hc)
        at = &(*at)->next;
    if (*at)
        *at = hc->next;
    leat_mutex_unlock(&c->lock);
}

static void read_answers(struct h2_client *hc)
{
    leat_http_client *c = hc->client;
    char buf[CLIENT_READ];
    bool more = true;

    while (more)
        more = client_read(hc, buf);
    list_remove(hc);
    http__h2_end(&hc->base);
    leat_io_unref(hc->base.io);
    http__h2_client_unref(hc);
    leat_waitgroup_done(&c->readers);
}

void http__h2_client_unref(struct h2_client *hc)
{
    if (__atomic_sub_fetch(&hc->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(hc);
}

/* ---- finding and making ---- */

static bool takes_calls(struct h2_client *hc)
{
    leat_mutex_lock(&hc->base.lock);
    bool takes = !hc->leaving && !hc->base.err && !hc->base.over;
    leat_mutex_unlock(&hc->base.lock);
    return takes;
}

/* The client's lock is held. */
static struct h2_client *find_one(leat_http_client *c, const char *key)
{
    for (struct h2_client *hc = c->h2; hc; hc = hc->next) {
        if (strcmp(hc->key, key) == 0 && takes_calls(hc)) {
            __atomic_add_fetch(&hc->refs, 1, __ATOMIC_RELAXED);
            return hc;
        }
    }
    return NULL;
}

struct h2_client *http__h2_find(leat_http_client *c, const char *key)
{
    leat_mutex_lock(&c->lock);
    struct h2_client *hc = find_one(c, key);
    leat_mutex_unlock(&c->lock);
    return hc;
}

static struct h2_client *conn_make(leat_http_client *c, const char *key, leat_io *io)
{
    struct h2_client *hc = calloc(1, sizeof *hc);

    if (!hc)
        return NULL;
    hc->base.role = &http__h2_client_role;
    hc->base.io = io;
    hc->base.write_timeout = CLIENT_PATIENCE;
    hc->base.idle_since = leat_now();
    hc->client = c;
    hc->refs = 2;
    memcpy(hc->key, key, sizeof hc->key);
    if (client_session(hc) == 0)
        return hc;
    free(hc);
    return NULL;
}

static int start_reader(leat_http_client *c, struct h2_client *hc)
{
    int err;

    leat_waitgroup_add(&c->readers, 1);
    err = leat_go_try(read_answers, hc);
    if (err) {
        leat_waitgroup_done(&c->readers);
        nghttp2_session_del(hc->base.session);
        leat_io_free(hc->base.io);
        free(hc);
    }
    return err;
}

int http__h2_connect(leat_http_client *c, const char *key, leat_io *io, struct h2_client **conn)
{
    struct h2_client *hc = conn_make(c, key, io);
    int err = 0;

    if (!hc) {
        leat_io_free(io);
        return -ENOMEM;
    }
    leat_mutex_lock(&c->lock);
    *conn = find_one(c, key);
    if (!*conn) {
        err = start_reader(c, hc);
        if (!err) {
            hc->next = c->h2;
            c->h2 = hc;
            *conn = hc;
        }
        hc = NULL;
    }
    leat_mutex_unlock(&c->lock);
    if (hc) { /* another is there by now */
        nghttp2_session_del(hc->base.session);
        leat_io_free(io);
        free(hc);
    }
    return err;
}

void http__h2_forget(leat_http_client *c)
{
    leat_mutex_lock(&c->lock);
    for (struct h2_client *hc = c->h2; hc; hc = hc->next) {
        http__h2_lock(&hc->base);
        http__h2_client_goodbye(hc);
        http__h2_unlock(&hc->base);
    }
    c->h2 = NULL;
    leat_mutex_unlock(&c->lock);
}
