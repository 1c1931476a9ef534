/* SPDX-License-Identifier: MIT */
/*
 * middleware.c - handlers that call a next one: admission, errors as answers, numbers, a log.
 *
 * Each is a struct of its user's with the next handler in it, and a function that takes the struct
 * as its argument. A chain is made when the program is written; serving allocates nothing.
 *
 * PROOF middleware_test.c
 */
#include <leat/http/middleware.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "chars.h"
#include "http_conn.h"

/* ---- admission ---- */

static int call_next(const leat_http_handler *next, leat_http_request *req,
                     leat_http_response *res)
{
    next->fn(req, res, next->arg);
    return 0;
}

void leat_http_throttle_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    leat_http_throttle *t = arg;
    leat_ctx *ctx = req->ctx ? req->ctx : req->parent;
    int err = leat_throttle_do_ctx(ctx, &t->throttle, call_next, &t->next, req, res);

    if (err && leat_http_error(res, 503, NULL) == 0)
        leat_http_set_header(res, "Retry-After", "1");
}

/* ---- errors ---- */

static int status_of(int err)
{
    switch (-err) {
    case EINVAL:
    case EBADMSG:
    case ENODATA:
        return 400;
    case EACCES:
    case EPERM:
        return 403;
    case ENOENT:
        return 404;
    case EEXIST:
        return 409;
    case E2BIG:
        return 413;
    case EBUSY:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return 503;
    case ETIMEDOUT:
        return 504;
    default:
        return 500;
    }
}

void leat_http_try_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    const leat_http_try *t = arg;
    int err = t->fn(req, res, t->arg);

    if (err >= 0)
        return;
    if (t->failed)
        t->failed(req, err, t->arg);
    if (leat_http_error(res, status_of(err), NULL) != 0)
        leat_http_close_after(res); /* what was sent cannot be the whole answer */
}

/* ---- numbers ---- */

static bool id_is_good(const char *id)
{
    size_t len = strlen(id);

    return len > 0 && len <= 64 && http__span_is(id, len, CH_TOKEN);
}

static void draw_seed(leat_http_id *with)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint64_t)leat_now();
    with->leat__seed = seed;
}

void leat_http_id_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    leat_http_id *with = arg;
    const char *header = with->header ? with->header : "X-Request-Id";
    const char *given = with->trust ? leat_http_header(req, header) : NULL;

    if (given && id_is_good(given)) {
        req->id = given;
    } else {
        char *id = leat_http_alloc(req, 40);
        leat_once_do(&with->leat__once, draw_seed, with);
        uint64_t n = __atomic_add_fetch(&with->leat__count, 1, __ATOMIC_RELAXED);
        if (id)
            snprintf(id, 40, "%016llx-%llu", (unsigned long long)with->leat__seed,
                     (unsigned long long)n);
        req->id = id;
    }
    if (req->id)
        leat_http_set_header(res, header, req->id);
    with->next.fn(req, res, with->next.arg);
}

/* ---- a log ---- */

/* What would end a string or a line is written as \xNN. */
static size_t log_quoted(char *out, size_t cap, const char *text)
{
    size_t len = 0;

    for (; text && *text && len + 5 < cap; text++) {
        if (*text == '"' || *text == '\\' || (unsigned char)*text < 32 || *text == 127)
            len += (size_t)snprintf(out + len, cap - len, "\\x%02x", (unsigned char)*text);
        else
            out[len++] = *text;
    }
    out[len] = '\0';
    return len;
}

static void log_to_stderr(const char *line, size_t n, void *arg)
{
    (void)arg;
    /* In one call, so that lines stay whole; a log that cannot be written is nobody's error. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}

static void log_peer(const leat_http_request *req, char *out, size_t cap)
{
    leat_addr addr;

    if (leat_peer_addr(req->conn->io, &addr) < 0 || leat_addr_format(&addr, out, cap) == 0)
        snprintf(out, cap, "-");
}

void leat_http_log_serve(leat_http_request *req, leat_http_response *res, void *arg)
{
    const leat_http_log *log = arg;
    leat_duration began = leat_now();
    char line[1500], peer[128], target[700], agent[200], date[32];
    int n;

    log->next.fn(req, res, log->next.arg);
    int64_t took = (leat_now() - began) / LEAT_MICROSECOND;
    log_peer(req, peer, sizeof peer);
    log_quoted(target, sizeof target, req->head.target);
    log_quoted(agent, sizeof agent, leat_http_header(req, "User-Agent"));
    http__date_format(date, time(NULL));
    n = snprintf(line, sizeof line,
                 "%s - - [%s] \"%s %s HTTP/%d.%d\" %d %lld \"%s\" %lld.%06lld %s\n", peer, date,
                 req->head.method, target, req->head.major, req->head.minor,
                 leat_http_status(res), (long long)leat_http_written(res), agent,
                 (long long)(took / 1000000), (long long)(took % 1000000),
                 req->id ? req->id : "-");
    (log->write ? log->write : log_to_stderr)(line, (size_t)n, log->arg);
}
