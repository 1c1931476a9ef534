/* SPDX-License-Identifier: MIT */
/*
 * gzip.c - responses compressed on their way (RFC 9110 8.4.1.3), by zlib.
 *
 * PICTURE   handler -> response's buffer                     small: compressed whole at the end
 *           handler -> deflate -> response's buffer -> wire  once it is too large, or flushed
 *
 * A response that fits the buffer keeps a length, as without compression. A compressor is a quarter
 * of a megabyte, so there is one for each response that is being compressed, not for each
 * connection; they are pooled.
 *
 * NOT COMPRESSED  what the client did not ask for, what has a coding already, ranges, answers
 *   without a body, short ones, and types that are compressed by nature. A strong entity tag
 *   becomes a weak one: the bytes are others.
 *
 * PROOF middleware_test.c
 */
#include <leat/http/middleware.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "chars.h"
#include "message.h"

enum { DEFAULT_LEVEL = 5, DEFAULT_MIN = 512, OUT_SIZE = 4096 };

struct gzip_filter {
    struct http_filter filter;
    const leat_http_gzip *opts;
    z_stream *z; /* NULL: nothing is compressed yet */
    bool plain;  /* it was decided not to */
};

static void *make_stream(void *arg)
{
    z_stream *z = calloc(1, sizeof *z);

    (void)arg;
    if (z &&
        deflateInit2(z, DEFAULT_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        z = NULL;
    }
    return z;
}

static void drop_stream(void *item, void *arg)
{
    (void)arg;
    deflateEnd(item);
    free(item);
}

static leat_pool streams = {.make = make_stream, .drop = drop_stream};

/* ---- whether ---- */

/* One element of Accept-Encoding: does it ask for gzip? */
static bool coding_asks(const char *at, size_t len)
{
    size_t name = 0;
    const char *q;

    while (name < len && char_is(at[name], CH_TOKEN))
        name++;
    if (!http__same(at, name, "gzip", 4) && !(name == 1 && *at == '*'))
        return false;
    q = memmem(at, len, "q=", 2);
    if (!q)
        return true;
    for (q += 2; q < at + len; q++) {
        if (*q >= '1' && *q <= '9')
            return true;
    }
    return false;
}

static bool gzip_wanted(const leat_http_request *req)
{
    const char *at = leat_http_header(req, "Accept-Encoding");

    while (at && *at) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, ",");
        if (coding_asks(at, len))
            return true;
        at += len;
    }
    return false;
}

static bool type_fits(const leat_http_response *res)
{
    static const char *const types[] = {
        "text/",           "application/json",         "application/javascript",
        "application/xml", "application/wasm",         "image/svg+xml",
        "application/rss", "application/manifest+json"};
    size_t len;
    const char *type = http__field_text(res, "Content-Type", &len);

    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (len >= n && strncasecmp(type, types[i], n) == 0)
            return true;
    }
    return false;
}

static bool response_fits(const leat_http_response *res)
{
    return !res->head_sent && !res->bodiless && res->status >= 200 && res->status != 204 &&
           res->status != 206 && res->status != 304 && type_fits(res) &&
           !http__has_field(res, "Content-Encoding") && !http__has_field(res, "Content-Range");
}

/* The fields of a compressed response. */
static int change_fields(leat_http_response *res)
{
    char weak[200];
    size_t len;
    const char *tag = http__field_text(res, "ETag", &len);

    if (tag && *tag == '"' && len + 3 < sizeof weak) {
        memcpy(weak, "W/", 2);
        memcpy(weak + 2, tag, len);
        weak[len + 2] = '\0';
        http__drop_field(res, "ETag");
        http__put_field(res, "ETag", weak);
    }
    http__drop_field(res, "Accept-Ranges");
    res->length = -1;
    return http__put_field(res, "Content-Encoding", "gzip");
}

/* ---- how ---- */

static int compress_some(struct gzip_filter *f, leat_http_response *res, const char *buf,
                         size_t n, int flush)
{
    unsigned char out[OUT_SIZE];
    z_stream *z = f->z;
    int done;

    do {
        size_t piece = n < 1 << 30 ? n : 1 << 30;
        z->next_in = (unsigned char *)(uintptr_t)buf;
        z->avail_in = (unsigned)piece;
        do {
            z->next_out = out;
            z->avail_out = sizeof out;
            done = deflate(z, piece < n ? Z_NO_FLUSH : flush);
            int err = http__write_raw(res, (char *)out, sizeof out - z->avail_out);
            if (err)
                return err;
        } while (z->avail_out == 0 && done != Z_STREAM_END);
        buf += piece;
        n -= piece;
    } while (n > 0);
    return 0;
}

/* From here on it is compressed: what was collected, too. */
static int begin_stream(struct gzip_filter *f, leat_http_response *res)
{
    char plain[BODY_BUFFER];
    size_t n = res->body_len;
    int err;

    f->z = leat_pool_get(&streams);
    if (!f->z) {
        f->plain = true;
        return 0;
    }
    deflateReset(f->z);
    deflateParams(f->z, f->opts->level > 0 ? f->opts->level : DEFAULT_LEVEL,
                  Z_DEFAULT_STRATEGY);
    err = change_fields(res);
    memcpy(plain, res->body, n);
    res->body_len = 0;
    res->written = 0;
    return err ? err : compress_some(f, res, plain, n, Z_NO_FLUSH);
}

static int gzip_decide(struct gzip_filter *f, leat_http_response *res)
{
    int64_t least = f->opts->min_size > 0 ? (int64_t)f->opts->min_size : DEFAULT_MIN;

    if (f->z || f->plain)
        return 0;
    if (!response_fits(res) || (res->length >= 0 && res->length < least)) {
        f->plain = true;
        return 0;
    }
    return begin_stream(f, res);
}

static int gzip_write(struct http_filter *filter, leat_http_response *res, const char *buf,
                      size_t n)
{
    struct gzip_filter *f = (struct gzip_filter *)filter;
    int err;

    if (!f->z && !f->plain && !res->head_sent && n <= BODY_BUFFER - res->body_len)
        return http__write_raw(res, buf, n);
    err = gzip_decide(f, res);
    if (err)
        return err;
    return f->z ? compress_some(f, res, buf, n, Z_NO_FLUSH) : http__write_raw(res, buf, n);
}

static int gzip_flush(struct http_filter *filter, leat_http_response *res)
{
    struct gzip_filter *f = (struct gzip_filter *)filter;
    int err = gzip_decide(f, res);

    if (!err && f->z)
        err = compress_some(f, res, "", 0, Z_SYNC_FLUSH);
    return err ? err : http__flush_raw(res);
}

/* The handler has returned. */
static void gzip_end(struct gzip_filter *f, leat_http_response *res)
{
    size_t least = f->opts->min_size > 0 ? f->opts->min_size : DEFAULT_MIN;

    if (!f->z && !f->plain && res->body_len >= least)
        gzip_decide(f, res);
    if (f->z && !res->err)
        compress_some(f, res, "", 0, Z_FINISH);
}

static void give_stream_back(void *filter)
{
    const struct gzip_filter *f = filter;

    if (f->z)
        leat_pool_put(&streams, f->z);
}

void leat_http_gzip_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    const leat_http_gzip *opts = arg;
    struct gzip_filter f = {.filter = {gzip_write, gzip_flush}, .opts = opts};

    leat_http_add_header(res, "Vary", "Accept-Encoding");
    if (!res->filter && gzip_wanted(req))
        res->filter = &f.filter;
    leat_defer(give_stream_back, &f); /* also when the handler ends its goroutine */
    opts->next.fn(req, res, opts->next.arg);
    http__response_lock(res);
    if (res->filter == &f.filter) {
        res->filter = NULL;
        if (!res->ended)
            gzip_end(&f, res);
    }
    http__response_unlock(res);
}
