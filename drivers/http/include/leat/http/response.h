/* SPDX-License-Identifier: MIT */
/*
 * leat/http/response.h - what a handler says in answer to a request.
 *
 *     leat_http_set_status(res, 201);
 *     leat_http_set_header(res, "Location", "/items/7");
 *     leat_http_printf(res, "item %d\n", 7);
 *
 * What is said is collected, and sent when the handler returns; what does not fit the buffer is
 * sent before, in chunks, or as it is when a Content-Length was announced.
 */
#ifndef LEAT_HTTP_RESPONSE_H
#define LEAT_HTTP_RESPONSE_H

#include <leat/http/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Say the status of a response; without it, it is 200.
 *
 * Go         w.WriteHeader(status), which also sends
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Param      status  200 to 999.
 * Returns    0; -EINVAL: no such status; -EALREADY: the head has been sent.
 * Fatal      never.
 * See        leat_http_set_header, leat_http_status_text
 * Since      0.3
 */
LEAT_API int leat_http_set_status(leat_http_response *res, int status);

/**
 * Set a field of a response, in place of those of that name.
 *
 * Content-Length announces the length of the body: then it is sent as it is written, and more
 * is refused. Without it, a body that fits the buffer gets its length by itself and a longer
 * one is sent in chunks. Of Connection only "close" is taken. Date is filled in.
 *
 * Go         w.Header().Set(name, value)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  both are copied.
 * Ordering   none.
 * Param      res     its response.
 * Param      name    the field's name.
 * Param      value   its value; NULL: take the field away.
 * Returns    0; -EINVAL: such a field is not possible, or not for a handler to set;
 *            -EALREADY: the head has been sent; -ENOMEM.
 * Fatal      never.
 * See        leat_http_add_header
 * Since      0.3
 */
LEAT_API int leat_http_set_header(leat_http_response *res, const char *name, const char *value);

/**
 * Add a field to a response, beside those of that name.
 *
 * Go         w.Header().Add(name, value)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  both are copied.
 * Ordering   none.
 * Param      res     its response.
 * Param      name    the field's name.
 * Param      value   its value.
 * Returns    as leat_http_set_header.
 * Fatal      never.
 * See        leat_http_set_header
 * Since      0.3
 */
LEAT_API int leat_http_add_header(leat_http_response *res, const char *name, const char *value);

/**
 * Give the status of a response as it is now.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Returns    the status.
 * Fatal      never.
 * See        leat_http_set_status, leat_http_written
 * Since      0.3
 */
LEAT_API int leat_http_status(const leat_http_response *res);

/**
 * Give how much of a response's body has been written.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Returns    how many bytes, after compression.
 * Fatal      never.
 * See        leat_http_status
 * Since      0.3
 */
LEAT_API int64_t leat_http_written(const leat_http_response *res);

/**
 * Say whether the head of a response has been sent, so that nothing of it can be changed.
 *
 * Go         none.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Returns    whether it has.
 * Fatal      never.
 * See        leat_http_flush
 * Since      0.3
 */
LEAT_API bool leat_http_head_sent(const leat_http_response *res);

/**
 * End the connection after a response.
 *
 * Go         w.Header().Set("Connection", "close")
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_set_header
 * Since      0.3
 */
LEAT_API void leat_http_close_after(leat_http_response *res);

/**
 * Write a part of a response's body.
 *
 * It is collected until it fills 4 KiB: small responses are sent by one write, with their
 * length. Responses to HEAD and with statuses that have no body take it and drop it.
 *
 * Go         w.Write(buf)
 * Blocks     the calling goroutine only.
 * Cancel     by the server's write_timeout, or when the server is closed.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_write.
 * Param      res     its response.
 * Param      buf     what to write.
 * Param      n       how much.
 * Returns    n; -EMSGSIZE: more than was announced; -ETIMEDOUT: the client does not take
 *            it; -EPIPE, -ECONNRESET: it has gone; -EALREADY: the response is over; else as
 *            leat_write. An error of the connection comes again with each further call.
 * Fatal      never.
 * See        leat_http_printf, leat_http_flush, leat_http_reply
 * Since      0.3
 */
LEAT_API int64_t leat_http_write(leat_http_response *res, const void *buf, size_t n);

/**
 * Write text into a response's body.
 *
 * Go         fmt.Fprintf(w, format, ...)
 * Blocks     as leat_http_write.
 * Cancel     as leat_http_write.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_write.
 * Param      res     its response.
 * Param      fmt     as printf's.
 * Param      args    as printf's.
 * Returns    how many bytes; -ENOMEM; else as leat_http_write.
 * Fatal      never.
 * See        leat_http_write
 * Since      0.3
 */
LEAT_API LEAT_PRINTF(2, 3) int64_t
    leat_http_printf(leat_http_response *res, const char *fmt, ...);

/**
 * Send what was written so far, and the head before it.
 *
 * Go         http.NewResponseController(w).Flush()
 * Blocks     as leat_http_write.
 * Cancel     as leat_http_write.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_write.
 * Param      res     its response.
 * Returns    0, or as leat_http_write.
 * Fatal      never.
 * See        leat_http_write
 * Since      0.3
 */
LEAT_API int leat_http_flush(leat_http_response *res);

/**
 * Answer with a status, a type and a body.
 *
 * Go         w.Header().Set, w.WriteHeader(status), w.Write(body)
 * Blocks     as leat_http_write.
 * Cancel     as leat_http_write.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_write.
 * Param      res     its response.
 * Param      status  200 to 999.
 * Param      type    Content-Type; NULL: none.
 * Param      body    the body.
 * Param      n       its length.
 * Returns    n; else as leat_http_set_header and leat_http_write.
 * Fatal      never.
 * See        leat_http_error
 * Since      0.3
 */
LEAT_API int64_t leat_http_reply(leat_http_response *res, int status, const char *type,
                                 const void *body, size_t n);

/**
 * Answer with a status and a line of text, in place of what was set and written before.
 *
 * Go         http.Error(w, text, status)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Param      status  200 to 999.
 * Param      text    the line; NULL: the words of the status.
 * Returns    0; -EINVAL: no such status; -EALREADY: the head has been sent; -ENOMEM.
 * Fatal      never.
 * See        leat_http_reply, leat_http_status_text
 * Since      0.3
 */
LEAT_API int leat_http_error(leat_http_response *res, int status, const char *text);

/**
 * Answer that what is asked for is elsewhere.
 *
 * Go         http.Redirect(w, r, url, status)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   the goroutine that serves the request.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      res     its response.
 * Param      status  300 to 399.
 * Param      url     where; a path or a URL, encoded.
 * Returns    0; -EINVAL; -EALREADY: the head has been sent; -ENOMEM.
 * Fatal      never.
 * See        leat_http_set_header
 * Since      0.3
 */
LEAT_API int leat_http_redirect(leat_http_response *res, int status, const char *url);

/**
 * Give the words that belong to a status.
 *
 * Go         http.StatusText(status)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  a constant.
 * Ordering   none.
 * Param      status  a status.
 * Returns    the words, such as "Not Found"; "" for one that nobody has defined.
 * Fatal      never.
 * See        leat_http_set_status
 * Since      0.3
 */
LEAT_API const char *leat_http_status_text(int status);

#ifdef __cplusplus
}
#endif

#endif
