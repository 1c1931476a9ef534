/* SPDX-License-Identifier: MIT */
/*
 * leat/http/client.h - a client of HTTP/1.1 and HTTP/2.
 *
 *     leat_http_client *client;
 *     leat_http_answer *answer;
 *     char *body;
 *
 *     if (leat_http_client_make(&client, NULL) < 0)
 *         return;
 *     if (leat_http_get_ctx(ctx, client, "http://127.0.0.1:8080/", &answer) == 0) {
 *         if (leat_http_answer_read_all(answer, &body, 1 << 20) >= 0) {
 *             printf("%d: %s", leat_http_answer_status(answer), body);
 *             free(body);
 *         }
 *         leat_http_answer_free(answer);
 *     }
 *     leat_http_client_free(client);
 *
 * A client may be used by many goroutines at once. It keeps connections whose answers were
 * read to the end, and uses them again; an answer belongs to one goroutine. A time for a call
 * is a context with a deadline.
 *
 * Over HTTP/2 one connection to a server carries any number of calls at once. It is spoken where
 * TLS has agreed on it, or where the options say that the server does.
 */
#ifndef LEAT_HTTP_CLIENT_H
#define LEAT_HTTP_CLIENT_H

#include <leat/base.h>
#include <leat/context.h>
#include <leat/io/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A client: connections that are kept, and how it calls. */
typedef struct leat_http_client leat_http_client;

/** What a server has answered. */
typedef struct leat_http_answer leat_http_answer;

/** What `secure` of the options returns when the peers have agreed on HTTP/2. */
enum { LEAT_HTTP_2 = 2 };

/** How a client calls; zero is the default that stands behind each. */
typedef struct leat_http_client_opts {
    int max_idle;               /* connections kept: 32; -1: none */
    int max_redirects;          /* followed: 10; -1: none */
    size_t max_head;            /* bytes of an answer's head: 64 KiB */
    leat_duration idle_timeout; /* how long one is kept: 90 seconds */
    bool no_proxy;              /* whatever the environment says */
    bool http2; /* servers of http: (not https:) URLs are known to speak HTTP/2 */
    /* For https: put TLS around *io, and check that the server is host. 0 or -errno; or
     * LEAT_HTTP_2, if the two have agreed on "h2" (ALPN). */
    int (*secure)(leat_ctx *ctx, leat_io **io, const char *host, void *arg);
    void *arg; /* handed to secure */
} leat_http_client_opts;

/** One field of a request. */
typedef struct leat_http_field {
    const char *name, *value;
} leat_http_field;

/** A request. */
typedef struct leat_http_call {
    const char *method; /* NULL: GET */
    const char *url;    /* http://host:port/path?query */
    const leat_http_field *fields;
    int nfields;
    const void *body; /* body_len bytes, */
    size_t body_len;
    /* or else as it comes: how many bytes, 0 at the end, -errno; sent in chunks. */
    int64_t (*read_body)(void *buf, size_t n, void *arg);
    void *arg; /* handed to read_body */
} leat_http_call;

/**
 * Make a client.
 *
 * It reads http_proxy, https_proxy and no_proxy from the environment, as curl does; hosts that
 * are this machine are asked directly.
 *
 * Go         &http.Client{}
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *client is the caller's: leat_http_client_free.
 * Ordering   none.
 * Param      client  where it goes.
 * Param      opts    how it calls; NULL: the defaults.
 * Returns    0; -EINVAL: the environment names a proxy that cannot be; -ENOMEM.
 * Fatal      never.
 * See        leat_http_get, leat_http_do
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_http_client_make(leat_http_client **client,
                                                  const leat_http_client_opts *opts);

/**
 * Close the connections that are kept.
 *
 * Go         c.CloseIdleConnections()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      client  the client.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_client_free
 * Since      0.3
 */
LEAT_API void leat_http_client_close_idle(leat_http_client *client);

/**
 * Give a client back, after all its answers.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     until connections of HTTP/2 have been closed.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the client.
 * Ordering   none.
 * Param      client  the client; NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_client_make
 * Since      0.3
 */
LEAT_API void leat_http_client_free(leat_http_client *client);

/**
 * Ask for what a URL names.
 *
 * Go         c.Get(url)
 * Blocks     the calling goroutine only, until the head of the answer is there.
 * Cancel     leat_http_get_ctx with a context.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *answer is the caller's: leat_http_answer_free. After an error there is none.
 * Ordering   as leat_write and leat_read.
 * Param      client  the client.
 * Param      url     http://host:port/path?query.
 * Param      answer  where the answer goes.
 * Returns    0, whatever the status; -EINVAL: a URL or a field that cannot be;
 *            -EPROTONOSUPPORT: https without secure; -EBADMSG, -EPROTO: not an answer of
 *            HTTP/1.x or HTTP/2; -ENODATA: it ended too early; -E2BIG: a head that is too long;
 *            -ELOOP: too many redirects; -ENOMEM; else what dialling, reading and writing
 *            said.
 * Fatal      never.
 * See        leat_http_get_ctx, leat_http_do
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_http_get(leat_http_client *client, const char *url,
                                          leat_http_answer **answer);

/**
 * Ask for what a URL names, unless a context is over first.
 *
 * Go         http.NewRequestWithContext, c.Do(req)
 * Blocks     as leat_http_get.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_http_get; borrows ctx until the answer is freed.
 * Ordering   as leat_write and leat_read.
 * Param      ctx     a context, for the answer's body too; NULL is the background.
 * Param      client  the client.
 * Param      url     http://host:port/path?query.
 * Param      answer  where the answer goes.
 * Returns    as leat_http_get; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_http_get
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_http_get_ctx(leat_ctx *ctx, leat_http_client *client,
                                              const char *url, leat_http_answer **answer);

/**
 * Send a request and read the head of its answer.
 *
 * Redirects are followed: 301, 302 and 303 by GET, 307 and 308 by the same request if its body
 * is in memory. A long body is written while the answer is read.
 *
 * Go         c.Do(req)
 * Blocks     as leat_http_get.
 * Cancel     when ctx is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  as leat_http_get; borrows ctx, and call with its body, until the answer is
 *            freed.
 * Ordering   as leat_write and leat_read.
 * Param      ctx     a context, for the answer's body too; NULL is the background.
 * Param      client  the client.
 * Param      call    the request. Content-Length, Transfer-Encoding, Connection and Host
 *            are not its to set.
 * Param      answer  where the answer goes.
 * Returns    as leat_http_get; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_http_answer_read, leat_http_answer_free
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_http_do(leat_ctx *ctx, leat_http_client *client,
                                         const leat_http_call *call, leat_http_answer **answer);

/**
 * Give the status of an answer.
 *
 * Go         resp.StatusCode
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      answer  the answer.
 * Returns    200 to 999.
 * Fatal      never.
 * See        leat_http_status_text
 * Since      0.3
 */
LEAT_API int leat_http_answer_status(const leat_http_answer *answer);

/**
 * Give the value of a field of an answer.
 *
 * Go         resp.Header.Get(name)
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the string lives as long as the answer.
 * Ordering   none.
 * Param      answer  the answer.
 * Param      name    the field's name; its case does not matter.
 * Returns    the value of the first field of that name; NULL: there is none.
 * Fatal      never.
 * See        leat_http_answer_header_at
 * Since      0.3
 */
LEAT_API const char *leat_http_answer_header(const leat_http_answer *answer, const char *name);

/**
 * Give the fields of an answer one by one.
 *
 * Go         for name, values := range resp.Header
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the strings live as long as the answer.
 * Ordering   none.
 * Param      answer  the answer.
 * Param      i       the number of the field, from 0.
 * Param      name    where its name goes.
 * Param      value   where its value goes.
 * Returns    whether there is such a field.
 * Fatal      never.
 * See        leat_http_answer_header
 * Since      0.3
 */
LEAT_API bool leat_http_answer_header_at(const leat_http_answer *answer, int i,
                                         const char **name, const char **value);

/**
 * Give the length that an answer has announced.
 *
 * Go         resp.ContentLength
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      answer  the answer.
 * Returns    how many bytes; -1: it has announced none.
 * Fatal      never.
 * See        leat_http_answer_read
 * Since      0.3
 */
LEAT_API int64_t leat_http_answer_length(const leat_http_answer *answer);

/**
 * Give the host that has answered, after redirects.
 *
 * Go         resp.Request.URL.Host
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the string lives as long as the answer.
 * Ordering   none.
 * Param      answer  the answer.
 * Returns    the host, with a port that is not the scheme's own.
 * Fatal      never.
 * See        leat_http_answer_target
 * Since      0.3
 */
LEAT_API const char *leat_http_answer_host(const leat_http_answer *answer);

/**
 * Give the path and query that were answered, after redirects.
 *
 * Go         resp.Request.URL.RequestURI()
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  the string lives as long as the answer.
 * Ordering   none.
 * Param      answer  the answer.
 * Returns    the path and query, encoded.
 * Fatal      never.
 * See        leat_http_answer_host
 * Since      0.3
 */
LEAT_API const char *leat_http_answer_target(const leat_http_answer *answer);

/**
 * Read an answer's body as it comes.
 *
 * Go         resp.Body.Read(buf)
 * Blocks     the calling goroutine only.
 * Cancel     when the call's context is over.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_read.
 * Param      answer  the answer.
 * Param      buf     where to put it.
 * Param      n       how much may be put there.
 * Returns    how many bytes, 1 to n; 0 at the end, or if n is 0; -ENODATA: it ended too
 *            early; -EBADMSG: it is not well formed; else as leat_read_ctx. An error comes
 *            again with each further call.
 * Fatal      never.
 * See        leat_http_answer_read_all
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_http_answer_read(leat_http_answer *answer, void *buf,
                                                      size_t n);

/**
 * Read the whole body of an answer into memory.
 *
 * Go         io.ReadAll(resp.Body)
 * Blocks     the calling goroutine only.
 * Cancel     as leat_http_answer_read.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *body is the caller's: free.
 * Ordering   as leat_read.
 * Param      answer  the answer.
 * Param      body    where it goes, with a NUL behind it; untouched after an error.
 * Param      max     more than so many bytes are -E2BIG.
 * Returns    its length; -E2BIG; -ENOMEM; else as leat_http_answer_read.
 * Fatal      never.
 * See        leat_http_answer_read
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int64_t leat_http_answer_read_all(leat_http_answer *answer, char **body,
                                                          size_t max);

/**
 * Give an answer back.
 *
 * If its body was read to the end its connection is kept for another call, else it is closed.
 * Over HTTP/2 a call that has not ended is given up, and its connection stays.
 *
 * Go         resp.Body.Close()
 * Blocks     until what still sends the request's body has noticed.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  takes the answer.
 * Ordering   none.
 * Param      answer  the answer; NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_do
 * Since      0.3
 */
LEAT_API void leat_http_answer_free(leat_http_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
