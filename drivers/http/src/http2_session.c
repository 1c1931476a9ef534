/* SPDX-License-Identifier: MIT */
/*
 * http2_session.c - a connection of HTTP/2: who reads it, who writes it, and how it ends.
 *
 * PICTURE   peer --> the reader --> nghttp2's session --> streams' buffers --> their goroutines
 *           peer <-- a writer   <-- nghttp2's session <-- streams' pieces  <-- their goroutines
 *
 * nghttp2 knows frames, HPACK, windows and states, and neither reads nor writes: it is fed, and
 * asked for frames. It is no thread's friend, so one lock guards a connection's session and
 * streams. Under it is never waited, but by conditions, which let go of it.
 *
 * WRITER  A writer is a goroutine that exists as long as there is something to send: who unlocks
 *   and sees that the session wants to write and nobody does, starts one. It first yields, so
 *   that what is ready to run may add its frames; then it takes frames, lets go of the lock,
 *   writes them by one call, and comes back, until there are none. So many small answers are one
 *   call of the kernel, and an idle connection has one goroutine.
 *
 * INVARIANTS
 *   1. `writing` is set and cleared under the lock. A writer clears it in the same hold in which
 *      it found no frame; so a frame that is added before that is found by it, and one that is
 *      added after makes its adder start another. No frame is left lying.
 *   2. Frames leave in the order in which the session gave them: there is one writer.
 *   3. After `err` is set no function of the session is called that may call back; so no callback
 *      meets a stream that http__h2_break has closed.
 *   4. The reader returns last: http__h2_end waits for all goroutines of the connection, so it
 *      may lie on the reader's stack.
 *
 * BACK-PRESSURE  A goroutine that sends waits until its bytes are in frames, and frames are taken
 *   only by a writer with room in its buffer, only as far as the peer's windows allow. A peer
 *   that does not read holds up the writer, and after write_timeout the connection ends.
 *
 * END  When nothing more is to be read or written (after GOAWAY and the last stream) whoever
 *   finds it out says `over`, and wakes the reader through its deadline for reading.
 *
 * REJECTED  A writer parked on a condition: one more stack for each idle connection, for the same
 *   wake-up. Writing by whoever sends: a handler would be held up by others' frames, and each
 *   small answer would be a call of its own.
 *
 * PROOF http2_server_test.c, http2_frames_test.c
 */
#include "http2.h"

#include "http_conn.h"

#include <stdlib.h>
#include <string.h>

/* nghttp2 gives at most a frame's smallest maximum and its head at a time. */
enum { FRAME_MOST = 16 * 1024 + 64, OUT_ROOM = 4 * FRAME_MOST };

/* ---- callbacks that both sides share ---- */

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2_stream *st = nghttp2_session_get_stream_user_data(session, id);

    (void)user;
    if (st)
        http__h2_stream_closed(st, code);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t n, void *user)
{
    struct h2_stream *st = nghttp2_session_get_stream_user_data(session, id);

    (void)flags, (void)user;
    if (st)
        http__h2_stream_arrived(st, data, n);
    else
        nghttp2_session_consume_connection(session, n);
    return 0;
}

nghttp2_session_callbacks *http__h2_callbacks(void)
{
    nghttp2_session_callbacks *cb;

    if (nghttp2_session_callbacks_new(&cb) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    return cb;
}

nghttp2_option *http__h2_options(void)
{
    nghttp2_option *option;

    if (nghttp2_option_new(&option) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(option, 1);
    return option;
}

/* ---- writing ---- */

/* Nothing is left to say or to hear. */
static bool is_finished(struct h2_conn *h)
{
    return !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
}

static void wake_reader(struct h2_conn *h)
{
    if (leat_io_set_deadline(h->io, LEAT_READ, 1) == -EOPNOTSUPP)
        leat_io_close(h->io);
}

/* Lock held. Frames, as many as fit; 0: there are none, or the connection is broken. */
static size_t gather(struct h2_conn *h, char *buf)
{
    size_t used = 0;

    while (!h->err && OUT_ROOM - used >= FRAME_MOST) {
        const uint8_t *frames;
        ssize_t n = nghttp2_session_mem_send(h->session, &frames);
        if (n < 0 || n > FRAME_MOST)
            http__h2_break(h, n == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO);
        if (n <= 0)
            break;
        memcpy(buf + used, frames, (size_t)n);
        used += (size_t)n;
    }
    return h->err ? 0 : used;
}

static void write_all(struct h2_conn *h, char *buf)
{
    size_t n;

    while ((n = gather(h, buf)) > 0) {
        leat_duration until = h->write_timeout < 0 ? LEAT_FOREVER
                                                   : leat_now() + h->write_timeout;
        leat_mutex_unlock(&h->lock);
        int64_t put = leat_write_until(h->io, buf, n, until);
        leat_mutex_lock(&h->lock);
        if (put < 0)
            http__h2_break(h, (int)put);
    }
}

static void write_frames(struct h2_conn *h)
{
    char *buf = malloc(OUT_ROOM);

    leat_yield();
    leat_mutex_lock(&h->lock);
    if (buf)
        write_all(h, buf);
    else
        http__h2_break(h, -ENOMEM);
    h->writing = false;
    if (h->err || is_finished(h)) {
        h->over = true;
        wake_reader(h);
    }
    leat_cond_broadcast(&h->written);
    leat_mutex_unlock(&h->lock);
    free(buf);
    leat_waitgroup_done(&h->goroutines);
}

void http__h2_push(struct h2_conn *h)
{
    if (h->writing || h->err || !nghttp2_session_want_write(h->session))
        return;
    leat_waitgroup_add(&h->goroutines, 1);
    h->writing = true;
    if (leat_go_try(write_frames, h) == 0)
        return;
    h->writing = false; /* without memory for a writer the connection ends */
    leat_waitgroup_done(&h->goroutines);
    http__h2_break(h, -ENOMEM);
    h->over = true;
    wake_reader(h);
}

void http__h2_lock(struct h2_conn *h)
{
    leat_mutex_lock(&h->lock);
}

void http__h2_unlock(struct h2_conn *h)
{
    http__h2_push(h);
    leat_mutex_unlock(&h->lock);
}

/* ---- reading ---- */

bool http__h2_feed(struct h2_conn *h, const void *buf, size_t n)
{
    http__h2_lock(h);
    if (!h->err && nghttp2_session_mem_recv(h->session, buf, n) < 0)
        http__h2_break(h, -EPROTO);
    http__h2_push(h);
    if (!h->err && !h->writing && is_finished(h))
        h->over = true;
    bool more = !h->err && !h->over;
    http__h2_unlock(h);
    return more;
}

bool http__h2_is_over(struct h2_conn *h)
{
    leat_mutex_lock(&h->lock);
    bool over = h->over;
    leat_mutex_unlock(&h->lock);
    return over;
}

/* ---- the end ---- */

void http__h2_break(struct h2_conn *h, int err)
{
    struct h2_stream *st, *next;

    if (!h->err)
        h->err = err;
    for (st = h->streams; st; st = next) {
        next = st->next;
        if (st->closed)
            continue;
        st->broken = true;
        http__h2_stream_closed(st, NGHTTP2_INTERNAL_ERROR);
    }
}

void http__h2_end(struct h2_conn *h)
{
    leat_mutex_lock(&h->lock);
    bool clean = h->over && !h->err;
    while (clean && h->writing)
        leat_cond_wait(&h->written, &h->lock);
    clean &= !h->err;
    http__h2_break(h, -ENODATA);
    leat_mutex_unlock(&h->lock);
    if (clean && h->lingers && leat_io_set_deadline(h->io, LEAT_READ, LEAT_FOREVER) == 0)
        http__conn_linger(h->io);
    leat_io_close(h->io);
    leat_waitgroup_wait(&h->goroutines);
    nghttp2_session_del(h->session);
}
