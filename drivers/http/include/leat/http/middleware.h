/* SPDX-License-Identifier: MIT */
/*
 * leat/http/middleware.h - handlers around handlers: admission, timeouts, errors, numbers, a
 * log, compression.
 *
 *     static leat_http_throttle slow = {.next = {report, &db},
 *                                       .throttle = {.limit = 8, .backlog = 32}};
 *     static leat_http_gzip small = {.next = {leat_http_throttle_serve, &slow}};
 *     static leat_http_log logged = {.next = {leat_http_gzip_serve, &small}};
 *
 *     leat_http_mux_handle(mux, "GET /report", leat_http_log_serve, &logged);
 *
 * Each is a struct with the next handler in it, and a function that is registered with that
 * struct as its argument. Chains are built by their user, and serving one allocates nothing.
 */
#ifndef LEAT_HTTP_MIDDLEWARE_H
#define LEAT_HTTP_MIDDLEWARE_H

#include <leat/http/response.h>
#include <leat/pattern/throttle.h>
#include <leat/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Admission: so many requests at work, so many waiting, so long at most. */
typedef struct leat_http_throttle {
    leat_http_handler next;
    leat_throttle throttle; /* set its limit, backlog and timeout */
} leat_http_throttle;

/**
 * Answer 503 with Retry-After when too many requests are under way, else call the next
 * handler.
 *
 * Go         none: middleware of Go's users.
 * Blocks     while others are ahead, then as the next handler does.
 * Cancel     when the server is closed; by the throttle's timeout.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct, which stays where it is as long as requests may come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_throttle.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_throttle_enter_ctx, leat_http_timeout_serve
 * Since      0.3
 */
LEAT_API void leat_http_throttle_serve(leat_http_request *req, leat_http_response *res,
                                       void *arg);

/** A time for each request. */
typedef struct leat_http_timeout {
    leat_http_handler next;
    leat_duration after;
    const char *text; /* of the answer; NULL: the words of 503 */
} leat_http_timeout;

/**
 * Answer 503 when the next handler takes too long.
 *
 * The request's context is over then, which ends what waits with it. If nothing was sent the
 * answer is given at the time, whatever the handler does; what it writes afterwards is
 * -ETIMEDOUT. The connection ends, when the handler has returned.
 *
 * Go         http.TimeoutHandler(h, dt, msg)
 * Blocks     as the next handler does.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct, which stays where it is as long as requests may come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_timeout.
 * Returns    nothing.
 * Fatal      out of memory.
 * See        leat_http_ctx
 * Since      0.3
 */
LEAT_API void leat_http_timeout_serve(leat_http_request *req, leat_http_response *res,
                                      void *arg);

/** A handler that can fail. */
typedef struct leat_http_try {
    int (*fn)(leat_http_request *req, leat_http_response *res, void *arg); /* 0 or -errno */
    void (*failed)(leat_http_request *req, int err,
                   void *arg); /* told of each error, or NULL */
    void *arg;
} leat_http_try;

/**
 * Call a handler that can fail, and answer its errors.
 *
 * -ENOENT is 404; -EINVAL, -EBADMSG and -ENODATA are 400; -EACCES and -EPERM 403; -EEXIST 409;
 * -E2BIG 413; -EBUSY, -ENOMEM and -EMFILE 503; -ETIMEDOUT 504; others 500. The text of the
 * error is not told to the client. If part of a response was sent already, the connection
 * ends. A panic is no error: it ends the program, as everywhere in leat.
 *
 * Go         none: Go's users recover from panics.
 * Blocks     as the next handler does.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct, which stays where it is as long as requests may come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_try.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_error
 * Since      0.3
 */
LEAT_API void leat_http_try_serve(leat_http_request *req, leat_http_response *res, void *arg);

/** A number for each request. */
typedef struct leat_http_id {
    leat_http_handler next;
    const char *header;   /* NULL: X-Request-Id */
    bool trust;           /* take the client's, if it has one: behind a proxy of one's own */
    leat_once leat__once; /* opaque */
    uint64_t leat__seed, leat__count;
} leat_http_id;

/**
 * Give the request a number, and tell it to the client.
 *
 * Go         none: middleware of Go's users.
 * Blocks     as the next handler does.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct, which stays where it is as long as requests may come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_id.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_request_id
 * Since      0.3
 */
LEAT_API void leat_http_id_serve(leat_http_request *req, leat_http_response *res, void *arg);

/** A log of what was answered. */
typedef struct leat_http_log {
    leat_http_handler next;
    void (*write)(const char *line, size_t n, void *arg); /* NULL: to standard error */
    void *arg;
} leat_http_log;

/**
 * Write a line about each request when it has been answered.
 *
 * The client's address, the date, the request's first line, status, bytes, user agent, seconds
 * and number. What could end a string or a line is escaped.
 *
 * Go         none: middleware of Go's users.
 * Blocks     as the next handler does.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct, which stays where it is as long as requests may come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_log.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_id_serve
 * Since      0.3
 */
LEAT_API void leat_http_log_serve(leat_http_request *req, leat_http_response *res, void *arg);

/** Compression of responses. */
typedef struct leat_http_gzip {
    leat_http_handler next;
    int level;       /* 1 to 9; 0: 5 */
    size_t min_size; /* shorter ones are left alone; 0: 512 bytes */
} leat_http_gzip;

/**
 * Compress the next handler's response, if the client takes it and it is worth it.
 *
 * Text, JSON, JavaScript, XML, SVG and WebAssembly are; ranges and what has a coding already
 * are left alone. A flush reaches through it.
 *
 * Go         none: middleware of Go's users.
 * Blocks     as the next handler does.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct, which stays where it is as long as requests may come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_gzip.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_write
 * Since      0.3
 */
LEAT_API void leat_http_gzip_serve(leat_http_request *req, leat_http_response *res, void *arg);

#ifdef __cplusplus
}
#endif

#endif
