/* SPDX-License-Identifier: MIT */
/*
 * leat/http/server.h - a server of HTTP/2, 1.1 and 1.0, a goroutine a connection or a stream.
 *
 *     leat_http_server *server;
 *
 *     if (leat_http_server_make(&server, greet, NULL, NULL) == 0) {
 *         int err = leat_http_listen_and_serve(server, "tcp", "127.0.0.1:8080");
 *         fprintf(stderr, "served: %s\n", leat_strerror(err));
 *         leat_http_server_free(server);
 *     }
 *
 * What a connection speaks its first bytes say, over TLS and without: a client of HTTP/2 begins
 * with words of its own. So nothing need be told to the server; for clients that ask while TLS is
 * agreed on, offer "h2" and "http/1.1" there (ALPN; see leat_tls_config_alpn).
 *
 * Heads are parsed strictly; connections are kept and requests may be pipelined. All limits
 * are on by default, and slow or greedy clients meet them: 408, 413, 431, 503, or the end of
 * the connection. An idle connection holds its goroutine's stack and little else.
 */
#ifndef LEAT_HTTP_SERVER_H
#define LEAT_HTTP_SERVER_H

#include <leat/http/response.h>
#include <leat/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A server. */
typedef struct leat_http_server leat_http_server;

/**
 * The limits of a server. Zero is the default that stands behind each; a negative max_body or
 * duration is no limit.
 */
typedef struct leat_http_opts {
    leat_ctx *ctx;               /* parent of the requests' contexts; NULL: the background */
    size_t max_head;             /* bytes of a request's first line and fields: 16 KiB */
    int max_fields;              /* 100 */
    int64_t max_body;            /* bytes of a request's body: 32 MiB */
    int max_conns;               /* connections at once, for leat_http_serve: no limit */
    int max_streams;             /* requests at once on a connection of HTTP/2: 100 */
    bool wait_when_full;         /* do not accept then, instead of answering 503 */
    bool no_http2;               /* HTTP/1.x only */
    leat_duration head_timeout;  /* until a head is whole, from its first byte: 10 seconds */
    leat_duration body_timeout;  /* for a body, and one second more for each KiB: 30 seconds */
    leat_duration write_timeout; /* until the client has taken 64 KiB: 30 seconds */
    leat_duration idle_timeout;  /* until the next request begins: 60 seconds */
} leat_http_opts;

/**
 * Make a server that answers requests by a function.
 *
 * Go         &http.Server{Handler: handler}
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  *server is the caller's: leat_http_server_free. Borrows arg for the server's
 *            life.
 * Ordering   none.
 * Param      server  where it goes.
 * Param      handler what answers; many goroutines call it at once.
 * Param      arg     handed to it.
 * Param      opts    limits; NULL: the defaults.
 * Returns    0 or -ENOMEM.
 * Fatal      never.
 * See        leat_http_serve, leat_http_mux_serve
 * Since      0.3
 */
LEAT_API LEAT_NODISCARD int leat_http_server_make(leat_http_server **server,
                                                  leat_http_func handler, void *arg,
                                                  const leat_http_opts *opts);

/**
 * Accept connections and serve each in a goroutine of its own, until the server is shut down.
 *
 * When there are no descriptors or no memory left it pauses and goes on.
 *
 * Go         srv.Serve(l)
 * Blocks     the calling goroutine, until the server ends.
 * Cancel     by leat_http_shutdown or leat_http_server_close.
 * Callable   goroutine. Not from a signal handler.
 * Ownership  takes the listener, and frees it.
 * Ordering   none.
 * Param      server  the server.
 * Param      listener where they come from.
 * Returns    -ESHUTDOWN when the server was shut down or closed; what leat_accept said.
 * Fatal      never.
 * See        leat_http_listen_and_serve, leat_http_serve_conn
 * Since      0.3
 */
LEAT_API int leat_http_serve(leat_http_server *server, leat_listener *listener);

/**
 * Listen at an address and serve those who come.
 *
 * Go         srv.ListenAndServe()
 * Blocks     as leat_http_serve.
 * Cancel     as leat_http_serve.
 * Callable   goroutine. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      server  the server.
 * Param      network as leat_listen: "tcp", "unix".
 * Param      address as leat_listen: "127.0.0.1:8080".
 * Returns    what leat_listen said, or as leat_http_serve.
 * Fatal      never.
 * See        leat_http_serve
 * Since      0.3
 */
LEAT_API int leat_http_listen_and_serve(leat_http_server *server, const char *network,
                                        const char *address);

/**
 * Serve one connection, over a stream of any kind, until it ends.
 *
 * Go         none: Go's users make a net.Listener.
 * Blocks     the calling goroutine, until the connection ends.
 * Cancel     as leat_http_serve.
 * Callable   goroutine. Not from a signal handler.
 * Ownership  takes the stream, and frees it.
 * Ordering   none.
 * Param      server  the server.
 * Param      io      a connection that a client will speak HTTP/1.x or HTTP/2 on.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_serve
 * Since      0.3
 */
LEAT_API void leat_http_serve_conn(leat_http_server *server, leat_io *io);

/**
 * Count the connections of a server.
 *
 * Go         none: Go's users count in ConnState.
 * Blocks     no.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      server  the server.
 * Returns    how many there are now.
 * Fatal      never.
 * See        leat_http_serve
 * Since      0.3
 */
LEAT_API int leat_http_conns(leat_http_server *server);

/**
 * End a server gracefully: no new connections, no new requests, and wait for those under way.
 *
 * Go         srv.Shutdown(context.Background())
 * Blocks     until every request has been answered, however long that takes.
 * Cancel     nothing to cancel.
 * Callable   goroutine, but not a handler of this server, which would wait for itself.
 * Ownership  borrows its arguments for the call.
 * Ordering   what handlers did happens before it returns.
 * Param      server  the server.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_shutdown_ctx, leat_http_server_close
 * Since      0.3
 */
LEAT_API void leat_http_shutdown(leat_http_server *server);

/**
 * End a server gracefully, and by force when a context is over before.
 *
 * Go         srv.Shutdown(ctx)
 * Blocks     until every request has been answered.
 * Cancel     when ctx is over: then the requests' contexts are cancelled and their
 *            connections closed, and it does not wait for handlers to notice.
 * Callable   goroutine, but not a handler of this server, which would wait for itself.
 * Ownership  borrows its arguments for the call.
 * Ordering   as leat_http_shutdown, after 0.
 * Param      ctx     how long requests under way may take; NULL is the background.
 * Param      server  the server.
 * Returns    0; -ECANCELED or -ETIMEDOUT by the context.
 * Fatal      never.
 * See        leat_http_shutdown, leat_http_server_free
 * Since      0.3
 */
LEAT_API int leat_http_shutdown_ctx(leat_ctx *ctx, leat_http_server *server);

/**
 * End a server at once: listeners and connections are closed, requests' contexts cancelled.
 *
 * Go         srv.Close()
 * Blocks     until calls under way on the connections have noticed; not for handlers.
 * Cancel     nothing to cancel.
 * Callable   goroutine or any other thread. Not from a signal handler.
 * Ownership  borrows its arguments for the call.
 * Ordering   none.
 * Param      server  the server.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_shutdown
 * Since      0.3
 */
LEAT_API void leat_http_server_close(leat_http_server *server);

/**
 * Close a server, wait for its handlers, and give its memory back.
 *
 * Go         none: Go has a garbage collector.
 * Blocks     until every handler has returned.
 * Cancel     nothing to cancel.
 * Callable   goroutine, but not a handler of this server.
 * Ownership  takes the server.
 * Ordering   what handlers did happens before it returns.
 * Param      server  the server; NULL does nothing.
 * Returns    nothing.
 * Fatal      never.
 * See        leat_http_shutdown
 * Since      0.3
 */
LEAT_API void leat_http_server_free(leat_http_server *server);

#ifdef __cplusplus
}
#endif

#endif
