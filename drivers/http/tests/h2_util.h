/* SPDX-License-Identifier: MIT */
/* h2_util.h - a client that says frames of HTTP/2, right ones and wrong ones, byte by byte. */
#ifndef H2_UTIL_H
#define H2_UTIL_H

#include <nghttp2/nghttp2.h>

#include "http_util.h"

#define H2_PREFACE    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_FIRST_HALF "PRI * HTTP/2.0\r\n\r\n" /* what a server looks for */

enum { H2_ENDS = 1, H2_ACK = 1, H2_WHOLE = 4 }; /* END_STREAM, ACK, END_HEADERS */

struct h2_frame {
    size_t len;
    uint8_t type, flags;
    int32_t id;
    const uint8_t *at;
};

struct h2_peer {
    struct peer p;
    nghttp2_hd_inflater *inflater;
    char fields[8192]; /* of the last head: "name: value\n" of each */
};

/* The head and payload of one frame, to be said. */
__attribute__((unused)) static void say_frame(struct h2_peer *h, uint8_t type, uint8_t flags,
                                              int32_t id, const void *payload, size_t n)
{
    char *frame = malloc(9 + n);
    const uint8_t head[9] = {
        (uint8_t)(n >> 16),  (uint8_t)(n >> 8),   (uint8_t)n,         type,       flags,
        (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

    memcpy(frame, head, sizeof head);
    if (n > 0)
        memcpy(frame + 9, payload, n);
    leat_write(h->p.io, frame, 9 + n); /* the server may have had enough */
    free(frame);
}

__attribute__((unused)) static void say_word(struct h2_peer *h, uint8_t type, int32_t id,
                                             uint32_t word)
{
    const uint8_t text[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
                             (uint8_t)word};

    say_frame(h, type, 0, id, text, 4);
}

/* After the preface; the caller's frames follow. */
__attribute__((unused)) static struct h2_peer h2_begin(leat_http_server *server)
{
    struct h2_peer h = {.p = peer_saying(server, H2_PREFACE)};

    T_EQ(nghttp2_hd_inflate_new(&h.inflater), 0);
    return h;
}

__attribute__((unused)) static struct h2_peer h2_open(leat_http_server *server)
{
    struct h2_peer h = h2_begin(server);

    say_frame(&h, NGHTTP2_SETTINGS, 0, 0, "", 0);
    say_frame(&h, NGHTTP2_SETTINGS, H2_ACK, 0, "", 0); /* it may be early */
    return h;
}

/* One whose streams have a window of so many bytes. */
__attribute__((unused)) static struct h2_peer h2_open_window(leat_http_server *server,
                                                             uint32_t window)
{
    struct h2_peer h = h2_begin(server);
    const uint8_t setting[6] = {0,
                                NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                (uint8_t)(window >> 24),
                                (uint8_t)(window >> 16),
                                (uint8_t)(window >> 8),
                                (uint8_t)window};

    say_frame(&h, NGHTTP2_SETTINGS, 0, 0, setting, sizeof setting);
    say_frame(&h, NGHTTP2_SETTINGS, H2_ACK, 0, "", 0);
    return h;
}

__attribute__((unused)) static void h2_close(struct h2_peer *h)
{
    nghttp2_hd_inflate_del(h->inflater);
    peer_free(&h->p);
}

/* ---- heads ---- */

struct h2_block {
    size_t len;
    uint8_t at[70000];
};

/* A field that is in no table, its length of at most 126 bytes in one byte. */
__attribute__((unused)) static void block_add(struct h2_block *b, const char *name,
                                              const char *value)
{
    size_t name_len = strlen(name), len = strlen(value);

    b->at[b->len++] = 0x10; /* never indexed, a new name */
    b->at[b->len++] = (uint8_t)name_len;
    memcpy(b->at + b->len, name, name_len);
    b->len += name_len;
    if (len < 127) {
        b->at[b->len++] = (uint8_t)len;
    } else { /* in three bytes, up to 16510 */
        b->at[b->len++] = 127;
        b->at[b->len++] = (uint8_t)((len - 127) % 128 + 128);
        b->at[b->len++] = (uint8_t)((len - 127) / 128);
    }
    memcpy(b->at + b->len, value, len);
    b->len += len;
}

/* The fields of a request, then more: pairs of name and value up to a NULL. */
__attribute__((unused)) static void h2_head(struct h2_block *b, const char *method,
                                            const char *path, const char *const *more)
{
    b->len = 0;
    block_add(b, ":method", method);
    block_add(b, ":scheme", "http");
    block_add(b, ":authority", "a");
    block_add(b, ":path", path);
    for (; more && *more; more += 2)
        block_add(b, more[0], more[1]);
}

__attribute__((unused)) static void h2_ask_with(struct h2_peer *h, int32_t id, uint8_t flags,
                                                const char *method, const char *path,
                                                const char *const *more)
{
    struct h2_block *b = malloc(sizeof *b);

    h2_head(b, method, path, more);
    say_frame(h, NGHTTP2_HEADERS, flags | H2_WHOLE, id, b->at, b->len);
    free(b);
}

__attribute__((unused)) static void h2_get(struct h2_peer *h, int32_t id, const char *path)
{
    h2_ask_with(h, id, H2_ENDS, "GET", path, NULL);
}

/* ---- what the server says ---- */

/* The next frame; false at the end of the connection. Its payload stays until the peer is freed. */
__attribute__((unused)) static bool hear_frame(struct h2_peer *h, struct h2_frame *f)
{
    struct peer *p = &h->p;
    const uint8_t *at = (const uint8_t *)p->got + p->used;

    while (p->len - p->used < 9)
        if (!peer_read(p))
            return false;
    f->len = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
    f->type = at[3];
    f->flags = at[4];
    f->id = (int32_t)((uint32_t)at[5] << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 |
                      at[8]);
    f->at = at + 9;
    while (p->len - p->used < 9 + f->len)
        if (!peer_read(p))
            return false;
    p->used += 9 + f->len;
    return true;
}

/* What is heard takes room no longer: for answers that are long. */
__attribute__((unused)) static void h2_forget(struct h2_peer *h)
{
    struct peer *p = &h->p;

    memmove(p->got, p->got + p->used, p->len - p->used);
    p->len -= p->used;
    p->used = 0;
}

__attribute__((unused)) static void h2_inflate(struct h2_peer *h, const struct h2_frame *f)
{
    const uint8_t *in = f->at;
    size_t left = f->len, used = 0;
    int flags = 0;

    h->fields[0] = '\0';
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv nv;
        ssize_t n = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, in, left, 1);
        if (n < 0)
            T_FAIL("a head that cannot be read: %s", nghttp2_strerror((int)n));
        in += n;
        left -= (size_t)n;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            used += (size_t)snprintf(h->fields + used, sizeof h->fields - used, "%s: %s\n",
                                     (const char *)nv.name, (const char *)nv.value);
    }
    nghttp2_hd_inflate_end_headers(h->inflater);
}

static inline uint32_t h2_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Passes frames over until one of this type; heads are inflated on the way. */
__attribute__((unused)) static struct h2_frame hear_type(struct h2_peer *h, uint8_t type)
{
    struct h2_frame f;

    for (;;) {
        if (!hear_frame(h, &f))
            T_FAIL("the connection ended instead of a frame of type %d", type);
        if (f.type == NGHTTP2_HEADERS)
            h2_inflate(h, &f);
        if (f.type == type)
            return f;
        if (f.type == NGHTTP2_GOAWAY)
            T_FAIL("GOAWAY %u instead of a frame of type %d", h2_word(f.at + 4), type);
    }
}

/* A stream is reset with this code. */
__attribute__((unused)) static void hear_reset(struct h2_peer *h, int32_t id, uint32_t code)
{
    struct h2_frame f = hear_type(h, NGHTTP2_RST_STREAM);

    T_EQ(f.id, id);
    T_EQ(h2_word(f.at), code);
}

/* The connection ends, and the last word is GOAWAY with this code. */
__attribute__((unused)) static void hear_goaway(struct h2_peer *h, uint32_t code)
{
    struct h2_frame f = {0}, last = {0};

    while (hear_frame(h, &f))
        last = f.type == NGHTTP2_GOAWAY ? f : last;
    T_EQ(last.type, NGHTTP2_GOAWAY);
    T_EQ(h2_word(last.at + 4), code);
}

/* One whole answer, alone on the connection: its head as h->fields; its body is the caller's. */
__attribute__((unused)) static char *h2_answer(struct h2_peer *h, int32_t id)
{
    char *body = calloc(1, 1);
    size_t len = 0;
    struct h2_frame f;

    do {
        if (!hear_frame(h, &f))
            T_FAIL("the connection ended instead of an answer to %d", (int)id);
        if (f.type == NGHTTP2_RST_STREAM || f.type == NGHTTP2_GOAWAY)
            T_FAIL("type %d, code %u instead of an answer", f.type,
                   h2_word(f.at + (f.type == NGHTTP2_GOAWAY ? 4 : 0)));
        if (f.type == NGHTTP2_HEADERS)
            h2_inflate(h, &f);
        if (f.type != NGHTTP2_DATA)
            continue;
        body = realloc(body, len + f.len + 1);
        memcpy(body + len, f.at, f.len);
        len += f.len;
        body[len] = '\0';
    } while (f.id != id || !(f.flags & H2_ENDS) ||
             (f.type != NGHTTP2_HEADERS && f.type != NGHTTP2_DATA));
    return body;
}

/* Asks alone, and the answer has this in its head and that as its body. */
__attribute__((unused)) static void h2_gets(struct h2_peer *h, int32_t id, const char *path,
                                            const char *head, const char *body)
{
    h2_get(h, id, path);
    char *text = h2_answer(h, id);
    T_STRHAS(h->fields, head);
    T_STREQ(text, body);
    free(text);
}

#endif
