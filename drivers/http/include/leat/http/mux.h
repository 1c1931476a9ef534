/* SPDX-License-Identifier: MIT */
/*
 * leat/http/mux.h - which handler answers which request, by patterns as in Go 1.22.
 *
 *     leat_http_mux *mux;
 *
 *     if (leat_http_mux_make(&mux) < 0)
 *         return;
 *     leat_http_mux_handle(mux, "GET /items/{id}", show_item, &db);
 *     leat_http_mux_handle(mux, "/static/", serve_file, &files);
 *     leat_http_server_make(&server, leat_http_mux_serve, mux, NULL);
 *
 * A pattern is a method, a host and a path; method and host may be left out. {name} in a path
 * stands for one part that is not empty, {name...} at its end for all the rest, a slash at its
 * end too, and {$} there for just that slash. Of two patterns that match a request the more
 * specific one answers; a host counts more than a path.
 */
#ifndef LEAT_HTTP_MUX_H
#define LEAT_HTTP_MUX_H

#include <leat/http/response.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A mux: handlers by pattern. */
typedef struct leat_http_mux leat_http_mux;

/**
 * Make a mux without patterns.
 *
 * Go         http.NewServeMux()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *mux is the caller's: leat_http_mux_free.
 * Ordering   none.
 * Param      mux     where it goes.
 * Returns    0 or -ENOMEM.
 * Fatal      never.
 * See        leat_http_mux_handle
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_http_mux_make(leat_http_mux **mux);

/**
 * Give a mux back; no server uses it any more.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the mux.
 * Ordering   none.
 * Param      mux     the mux; NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_mux_make
 * Since      0.3
 */
LEAT_API void leat_http_mux_free(leat_http_mux *mux);

/**
 * Let a function answer the requests that a pattern matches.
 *
 * Patterns are registered before the first request is served.
 *
 * Go         mux.HandleFunc(pattern, fn)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler. Not at the same time
 *            as others on this mux.
 * Ownership  copies the pattern; borrows arg for the mux's life.
 * Ordering   none.
 * Param      mux     the mux.
 * Param      pattern "[METHOD ][HOST]/PATH", as in the head of this file.
 * Param      fn      the handler.
 * Param      arg     handed to it.
 * Returns    nothing.
 * Fatal      a pattern that is not well formed, one that conflicts with an earlier one, a
 *            NULL fn; out of memory.
 * See        leat_http_path_value, leat_http_mux_serve
 * Since      0.3
 */
LEAT_API void leat_http_mux_handle(leat_http_mux *mux, const char *pattern, leat_http_func fn,
                                   void *arg);

/**
 * Answer a request by the handler of the most specific pattern: a mux's own handler.
 *
 * Paths with empty, "." or ".." parts are redirected to what they mean; "/dir" is redirected
 * to "/dir/" where only that has a pattern. Without a pattern the answer is 404; if the path
 * has patterns for other methods, 405 with Allow. A pattern with GET takes HEAD too.
 *
 * Go         mux.ServeHTTP(w, r)
 * Blocks     as the handler does.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      mux     the mux: the arg of leat_http_server_make or of middleware.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_mux_handle, leat_http_server_make
 * Since      0.3
 */
LEAT_API void leat_http_mux_serve(leat_http_request *req, leat_http_response *res, void *mux);

#ifdef __cplusplus
}
#endif

#endif
