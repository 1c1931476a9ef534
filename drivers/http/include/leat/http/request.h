/* SPDX-License-Identifier: MIT */
/*
 * leat/http/request.h - what a handler is called with, and what it asks of a request.
 *
 *     static void greet(leat_http_request *req, leat_http_response *res, void *arg)
 *     {
 *         const char *name = leat_http_query_value(req, "name");
 *
 *         leat_http_set_header(res, "Content-Type", "text/plain; charset=utf-8");
 *         leat_http_printf(res, "Hello, %s!\n", name ? name : "world");
 *     }
 *
 * A handler is a function that runs in the goroutine of its connection, or of its stream over
 * HTTP/2; it may wait as long as it likes, and may hand work to other goroutines, if it waits
 * for them: the request and the response are gone when it has returned.
 *
 * A panic in a handler ends the program, as everywhere in leat: there is no recover. What can
 * go wrong is a result: see leat_http_try.
 */
#ifndef LEAT_HTTP_REQUEST_H
#define LEAT_HTTP_REQUEST_H

#include <leat/base.h>
#include <leat/context.h>
#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A request, as a handler sees it. It and its strings live until the handler returns. */
typedef struct leat_http_request leat_http_request;

/** The answer to it; the handler fills it in, and it is sent when the handler returns. */
typedef struct leat_http_response leat_http_response;

/** What answers requests; arg is what was given with it. */
typedef void (*leat_http_func)(leat_http_request *req, leat_http_response *res, void *arg);

/** A handler with its argument: what middleware calls next. */
typedef struct leat_http_handler {
    leat_http_func fn;
    void *arg;
} leat_http_handler;

/**
 * Give the method of a request.
 *
 * Go         r.Method
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the word as it came, such as "GET"; methods are case-sensitive.
 * Fatal      never.
 * See        leat_http_path
 * Since      0.3
 */
LEAT_API const char *leat_http_method(const leat_http_request *req);

/**
 * Give what a request asks for, as it stands in its first line.
 *
 * Go         r.RequestURI
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    path and query, not decoded; "*" or a URL in requests of those forms.
 * Fatal      never.
 * See        leat_http_path, leat_http_query
 * Since      0.3
 */
LEAT_API const char *leat_http_target(const leat_http_request *req);

/**
 * Give the path of a request, decoded.
 *
 * Go         r.URL.Path
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the path without its query; it may hold any byte but NUL, and parts like ".."
 *            unless a mux has cleaned it.
 * Fatal      never.
 * See        leat_http_query, leat_http_path_value
 * Since      0.3
 */
LEAT_API const char *leat_http_path(const leat_http_request *req);

/**
 * Give the query of a request, as it came.
 *
 * Go         r.URL.RawQuery
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    what follows the question mark; "" if there is none.
 * Fatal      never.
 * See        leat_http_query_value
 * Since      0.3
 */
LEAT_API const char *leat_http_query(const leat_http_request *req);

/**
 * Give the host that a request is meant for.
 *
 * Go         r.Host
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the field Host, with its port; "" if HTTP/1.0 gave none.
 * Fatal      never.
 * See        leat_http_header
 * Since      0.3
 */
LEAT_API const char *leat_http_host(const leat_http_request *req);

/**
 * Give the major version of HTTP that a request speaks.
 *
 * Go         r.ProtoMajor
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the request.
 * Ordering   none.
 * Param      req     the request.
 * Returns    1 or 2.
 * Fatal      never.
 * See        leat_http_minor
 * Since      0.3
 */
LEAT_API int leat_http_major(const leat_http_request *req);

/**
 * Give the minor version of HTTP that a request speaks.
 *
 * Go         r.ProtoMinor
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the request.
 * Ordering   none.
 * Param      req     the request.
 * Returns    0 or 1; 0 for HTTP/2.
 * Fatal      never.
 * See        leat_http_major
 * Since      0.3
 */
LEAT_API int leat_http_minor(const leat_http_request *req);

/**
 * Give the value of a field of a request.
 *
 * Go         r.Header.Get(name)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Param      name    the field's name; its case does not matter.
 * Returns    the value of the first field of that name, without blanks around it; NULL:
 *            there is none.
 * Fatal      never.
 * See        leat_http_header_at
 * Since      0.3
 */
LEAT_API const char *leat_http_header(const leat_http_request *req, const char *name);

/**
 * Give the fields of a request one by one.
 *
 * Go         for name, values := range r.Header
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the strings live until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Param      i       the number of the field, from 0.
 * Param      name    where its name goes.
 * Param      value   where its value goes.
 * Returns    whether there is such a field.
 * Fatal      never.
 * See        leat_http_header
 * Since      0.3
 */
LEAT_API bool leat_http_header_at(const leat_http_request *req, int i, const char **name,
                                  const char **value);

/**
 * Give the length of a request's body.
 *
 * Go         r.ContentLength
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the request.
 * Ordering   none.
 * Param      req     the request.
 * Returns    how many bytes; -1: it comes in chunks and is not known.
 * Fatal      never.
 * See        leat_http_read
 * Since      0.3
 */
LEAT_API int64_t leat_http_content_length(const leat_http_request *req);

/**
 * Give the part of the path that a wildcard of the mux's pattern stood for.
 *
 * Go         r.PathValue(name)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Param      name    the wildcard's name, without braces.
 * Returns    the part, decoded; NULL: the pattern has no such wildcard.
 * Fatal      never.
 * See        leat_http_mux_handle
 * Since      0.3
 */
LEAT_API const char *leat_http_path_value(const leat_http_request *req, const char *name);

/**
 * Give the pattern that the mux has chosen.
 *
 * Go         r.Pattern
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the pattern as it was registered; "" without a mux.
 * Fatal      never.
 * See        leat_http_mux_handle
 * Since      0.3
 */
LEAT_API const char *leat_http_pattern(const leat_http_request *req);

/**
 * Give the first value of a name in the query.
 *
 * Go         r.URL.Query().Get(name)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Param      name    the name, decoded.
 * Returns    the value, decoded; NULL: there is none, or it cannot be decoded.
 * Fatal      never.
 * See        leat_http_query
 * Since      0.3
 */
LEAT_API const char *leat_http_query_value(leat_http_request *req, const char *name);

/**
 * Read a request's body as it comes.
 *
 * A client that waits to be asked for it (Expect: 100-continue) is asked by the first read.
 * What a handler leaves unread is read and dropped after it, up to 256 KiB; with more left the
 * connection ends. Over HTTP/2 the client is told to send no more of it.
 *
 * Go         r.Body.Read(buf)
 * Blocks     the calling goroutine only.
 * Cancel     by the server's body_timeout, or when the server is closed.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_read.
 * Param      req     the request.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Returns    how many bytes, 1 to n; 0 at the end, or if n is 0; -E2BIG: more than the
 *            server's max_body; -EBADMSG: it is not well formed; -ENODATA: the client has
 *            gone; -ETIMEDOUT: it came too slowly; else as leat_read. An error comes again
 *            with each further call.
 * Fatal      never.
 * See        leat_http_read_all, leat_http_content_length
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_http_read(leat_http_request *req, void *buf, size_t n);

/**
 * Read the whole body of a request into memory.
 *
 * Go         io.ReadAll(r.Body)
 * Blocks     the calling goroutine only.
 * Cancel     as leat_http_read.
 * Callable   the goroutine that serves the request.
 * Ownership  *body is the caller's: free.
 * Ordering   as leat_read.
 * Param      req     the request.
 * Param      body    where it goes, with a NUL behind it; untouched after an error.
 * Returns    its length; -ENOMEM; else as leat_http_read.
 * Fatal      never.
 * See        leat_http_read
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_http_read_all(leat_http_request *req, char **body);

/**
 * Give the context of a request.
 *
 * It is over when the handler has returned, when a timeout of the middleware has come, or when
 * the server is closed before the request is done. Over HTTP/2 it is over, too, when the client
 * has given the request up or gone away; over HTTP/1 it does not notice: a write does.
 *
 * Go         r.Context()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the request's; a goroutine that goes on beyond the handler takes a
 *            leat_ctx_ref.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the context, never NULL.
 * Fatal      out of memory, at the first call for a request.
 * See        leat_http_timeout_serve, leat_http_server_close
 * Since      0.3
 */
LEAT_API leat_ctx *leat_http_ctx(leat_http_request *req);

/**
 * Give the stream that a request came on, to ask it for addresses or options.
 *
 * Go         http.LocalAddrContextKey, r.RemoteAddr
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the connection's; reading or writing it confuses the server.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the stream.
 * Fatal      never.
 * See        leat_http_serve_conn
 * Since      0.3
 */
LEAT_API leat_io *leat_http_stream(const leat_http_request *req);

/**
 * Give the number that the middleware has given a request.
 *
 * Go         none: middleware of Go's users.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the string lives until the handler returns.
 * Ordering   none.
 * Param      req     the request.
 * Returns    the text; "" without leat_http_id_serve.
 * Fatal      never.
 * See        leat_http_id_serve
 * Since      0.3
 */
LEAT_API const char *leat_http_request_id(const leat_http_request *req);

/**
 * Take memory that is given back when the handler returns.
 *
 * The first kilobyte of a request costs no call of the heap.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  the request's.
 * Ordering   none.
 * Param      req     the request.
 * Param      n       how many bytes.
 * Returns    the memory, aligned to 16 bytes; NULL: there is none.
 * Fatal      never.
 * See        leat_http_ctx
 * Since      0.3
 */
LEAT_API void *leat_http_alloc(leat_http_request *req, size_t n);

#ifdef __cplusplus
}
#endif

#endif
