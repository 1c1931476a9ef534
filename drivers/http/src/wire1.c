/* SPDX-License-Identifier: MIT */
/*
 * wire1.c - messages of HTTP/1.x on a connection: how responses are framed and bodies read.
 *
 * PICTURE   one write:   [ start line, Date, fields, length, empty line | body ]
 *           chunked:     [ head ] [ size CRLF | body | CRLF ] ... [ 0 CRLF CRLF ]
 *
 * A head is put together where its fields already lie: the first lines go before them, the last
 * behind. A body that fits behind the head in the same memory is copied there, so that a small
 * response is one piece; larger ones are gathered by the kernel.
 *
 * FRAMING  Who has a length announces it; without one HTTP/1.1 gets chunks and HTTP/1.0 an end of
 *   the connection.
 *
 * TIME   A body must come at a kilobyte a second after its first allowance (body_until), else a
 *   sender of one byte a minute would hold a connection for ever; each write has an allowance of
 *   its own and is at most 64 KiB.
 *
 * PROOF server_test.c, limits_test.c
 */
#include "http_conn.h"

#include <string.h>

enum { COPIED_MAX = 1024, DIRECT_MIN = 1024 };

/* ---- responses ---- */

/* Parts of a head that are put before or behind what is there. */
static char *put_text(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

static char *put_decimal(char *at, uint64_t n)
{
    char digits[20];
    int len = 0;

    do {
        digits[len++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    while (len > 0)
        *at++ = digits[--len];
    return at;
}

/* The start line and the date, so that they end where the fields begin. */
static char *put_first_lines(leat_http_response *res, char *fields)
{
    char lines[HEAD_LEAD], *end = lines;

    end = put_text(end, "HTTP/1.1 ", 9);
    end = put_decimal(end, (unsigned)res->status);
    *end++ = ' ';
    const char *reason = http__reason(res->status);
    end = put_text(end, reason, strlen(reason));
    end = put_text(end, "\r\n", 2);
    if (!res->has_date) {
        end = put_text(end, "Date: ", 6);
        end = put_text(end, http__work_date(res->work), 29);
        end = put_text(end, "\r\n", 2);
    }
    fields -= end - lines;
    memcpy(fields, lines, (size_t)(end - lines));
    return fields;
}

/* What says where the message ends, and whether another may follow. */
static char *put_last_lines(leat_http_response *res, char *at)
{
    if (res->length >= 0 && http__may_have_length(res)) {
        at = put_text(at, "Content-Length: ", 16);
        at = put_decimal(at, (uint64_t)res->length);
        at = put_text(at, "\r\n", 2);
    } else if (res->chunked) {
        at = put_text(at, "Transfer-Encoding: chunked\r\n", 28);
    }
    if (!res->keep_alive)
        at = put_text(at, "Connection: close\r\n", 19);
    else if (res->req->head.minor == 0)
        at = put_text(at, "Connection: keep-alive\r\n", 24);
    return put_text(at, "\r\n", 2);
}

static void choose_framing(leat_http_response *res)
{
    if (res->length >= 0 || http__without_body(res))
        return;
    if (res->req->head.minor == 1)
        res->chunked = true;
    else
        res->keep_alive = false;
}

struct pieces {
    leat_iovec v[6];
    int n;
};

static void piece_add(struct pieces *p, const char *base, size_t len)
{
    if (len > 0)
        p->v[p->n++] = (leat_iovec){(void *)(uintptr_t)base, len};
}

/* The head as one piece, with the body copied behind it where that is possible. */
static void add_head(leat_http_response *res, struct pieces *p, size_t body)
{
    char *start = put_first_lines(res, res->fields + HEAD_LEAD);
    char *end = put_last_lines(res, res->fields + res->fields_len);
    size_t room = (size_t)(res->fields + res->fields_cap - end);

    if (!res->chunked && body == res->body_len && body <= COPIED_MAX && body <= room) {
        end = put_text(end, res->body, body);
        res->body_len = 0;
    }
    piece_add(p, start, (size_t)(end - start));
}

static size_t chunk_line(char line[20], size_t n)
{
    char digits[16];
    size_t len = 0, used = 0;

    for (; n > 0; n >>= 4)
        digits[used++] = "0123456789abcdef"[n & 15];
    while (used > 0)
        line[len++] = digits[--used];
    line[len++] = '\r';
    line[len++] = '\n';
    return len;
}

static int wire1_send(leat_http_response *res, const char *data, size_t n, bool last)
{
    struct pieces p = {.n = 0};
    char size_line[20];
    size_t body = res->body_len + n;

    if (!res->head_sent) {
        if (http_is_closing(res->conn))
            res->keep_alive = false;
        choose_framing(res);
        res->head_sent = true;
        add_head(res, &p, body);
    }
    if (res->chunked && body > 0)
        piece_add(&p, size_line, chunk_line(size_line, body));
    piece_add(&p, res->body, res->body_len);
    piece_add(&p, data, n);
    if (res->chunked && body > 0)
        piece_add(&p, last ? "\r\n0\r\n\r\n" : "\r\n", last ? 7 : 2);
    else if (res->chunked && last)
        piece_add(&p, "0\r\n\r\n", 5);
    res->body_len = 0;
    if (p.n == 0)
        return 0;
    const leat_limit limit = {NULL, http_until(res->conn->server->opts.write_timeout)};
    int64_t put = leat_writev(res->conn->io, p.v, p.n, NULL, &limit);
    return put < 0 ? (int)put : 0;
}

/* ---- bodies of requests ---- */

static int64_t body_receive(leat_http_request *req, void *buf, size_t n)
{
    int64_t got = leat_read_until(req->conn->io, buf, n, http__body_until(req));

    return got > 0 ? got : http__body_broken(req, got == 0 ? -ENODATA : (int)got);
}

/* Read behind the head; nothing unused is there. */
static int64_t body_fill(leat_http_request *req)
{
    struct http_work *w = req->work;
    int64_t got;

    w->start = w->end = w->head_len;
    got = body_receive(req, w->in + w->start, w->in_cap - w->start);
    if (got > 0)
        w->end += (size_t)got;
    return got;
}

static int send_continue(leat_http_request *req)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    leat_duration until = http_until(req->conn->server->opts.write_timeout);
    int64_t put;

    req->owes_continue = false;
    if (req->work->start < req->work->end) /* it did not wait for us */
        return 0;
    if (req->work->res.head_sent)
        return http__body_broken(req, -ECANCELED);
    put = leat_write_until(req->conn->io, text, sizeof text - 1, until);
    return put < 0 ? http__body_broken(req, (int)put) : 0;
}

static int64_t read_length(leat_http_request *req, char *buf, size_t n)
{
    struct http_work *w = req->work;
    size_t there = w->end - w->start;
    int64_t got;

    if ((uint64_t)req->left < n)
        n = (size_t)req->left;
    if (there == 0 && n >= DIRECT_MIN) {
        got = body_receive(req, buf, n);
        if (got < 0)
            return got;
    } else {
        if (there == 0) {
            got = body_fill(req);
            if (got < 0)
                return got;
            there = (size_t)got;
        }
        got = (int64_t)(n < there ? n : there);
        memcpy(buf, w->in + w->start, (size_t)got);
        w->start += (size_t)got;
    }
    req->left -= got;
    if (req->left == 0)
        req->body = BODY_OVER;
    return http__body_count(req, got);
}

static int64_t read_chunks(leat_http_request *req, char *buf, size_t n)
{
    struct http_work *w = req->work;

    for (;;) {
        const char *data = NULL;
        size_t there = w->end - w->start, len = 0;
        if (there == 0) {
            int64_t got = body_fill(req);
            if (got < 0)
                return got;
            there = (size_t)got;
        }
        int64_t took = http__chunks_take(&req->chunks, w->in + w->start, n < there ? n : there,
                                         &data, &len);
        if (took < 0)
            return http__body_broken(req, (int)took);
        w->start += (size_t)took;
        if (http__chunks_done(&req->chunks))
            req->body = BODY_OVER;
        if (len > 0) {
            memcpy(buf, data, len);
            return http__body_count(req, (int64_t)len);
        }
        if (req->body == BODY_OVER)
            return 0;
    }
}

static int64_t wire1_read(leat_http_request *req, void *buf, size_t n)
{
    if (req->owes_continue) {
        int err = send_continue(req);
        if (err)
            return err;
    }
    return req->body == BODY_CHUNKS ? read_chunks(req, buf, n) : read_length(req, buf, n);
}

const struct http_wire http__wire1 = {.send = wire1_send,
                                      .read = wire1_read,
                                      .ending = http__conn_ending};
