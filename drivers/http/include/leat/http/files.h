/* SPDX-License-Identifier: MIT */
/*
 * leat/http/files.h - files of a folder, and events, as responses.
 *
 *     static leat_http_files site = {.strip = "/static"};
 *
 *     site.dir = open("public", O_PATH | O_DIRECTORY | O_CLOEXEC);
 *     leat_http_mux_handle(mux, "/static/", leat_http_files_serve, &site);
 *
 *     static void clock(leat_http_request *req, leat_http_response *res, void *arg)
 *     {
 *         int err = leat_http_events_begin(res);
 *
 *         while (!err && (err = leat_sleep_ctx(leat_http_ctx(req), LEAT_SECOND)) == 0)
 *             err = leat_http_event(res, "tick", NULL, "another second");
 *     }
 *
 * A stream of events lasts until the client goes away, which a write tells, or the server is
 * closed, which ends the request's context; a graceful shutdown waits for it.
 */
#ifndef LEAT_HTTP_FILES_H
#define LEAT_HTTP_FILES_H

#include <leat/http/response.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A folder whose files are served. */
typedef struct leat_http_files {
    int dir; /* its descriptor: open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) */
    const char
        *strip; /* what is taken off the front of paths, such as "/static"; NULL: nothing */
} leat_http_files;

/**
 * Answer with the file that the path names below a folder.
 *
 * For a folder it is its index.html; there are no listings. Nothing outside the folder can be
 * reached, not by ".." and not by a symbolic link; names that begin with a dot are not served.
 * Answers have Last-Modified and a strong ETag; conditions and a range are honoured.
 *
 * Reading goes on in leat_blocking: a slow disk holds up only this request.
 *
 * Go         http.FileServerFS(fsys)
 * Blocks     the calling goroutine only.
 * Cancel     as leat_http_write.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows the struct and its descriptor, which stay as long as requests may
 *            come.
 * Ordering   none.
 * Param      req     the request.
 * Param      res     its response.
 * Param      arg     a leat_http_files.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_mux_handle
 * Since      0.3
 */
LEAT_API void leat_http_files_serve(leat_http_request *req, leat_http_response *res, void *arg);

/**
 * Begin a response of events: its head is sent.
 *
 * Go         none: Go's users write the lines.
 * Blocks     as leat_http_write.
 * Cancel     as leat_http_write.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Returns    0; -EALREADY: the head was sent before; else as leat_http_write.
 * Fatal      never.
 * See        leat_http_event
 * Since      0.3
 */
LEAT_API int leat_http_events_begin(leat_http_response *res);

/**
 * Send an event at once.
 *
 * Send one without data now and then, to find out whether the client is still there.
 *
 * Go         none: Go's users write the lines.
 * Blocks     as leat_http_write.
 * Cancel     as leat_http_write.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_write.
 * Param      res     its response.
 * Param      name    its kind; NULL: none.
 * Param      id      what a client that comes back tells in Last-Event-ID; NULL: none.
 * Param      data    its text, of any number of lines; NULL: a comment that keeps the
 *            connection alive.
 * Returns    0; -EINVAL: a line end in the name or the id; else as leat_http_write.
 * Fatal      never.
 * See        leat_http_events_begin
 * Since      0.3
 */
LEAT_API int leat_http_event(leat_http_response *res, const char *name, const char *id,
                             const char *data);

#ifdef __cplusplus
}
#endif

#endif
