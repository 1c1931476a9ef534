/* SPDX-License-Identifier: MIT */
/* http_util.h - what the tests of servers share: a server, and a client that says bytes. */
#ifndef HTTP_UTIL_H
#define HTTP_UTIL_H

#include <leat.h>
#include <leat/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t.h"

enum { SAID_MAX = 1 << 20 };

/* A client on a connection of its own. */
struct peer {
    leat_io *io;
    size_t len, used;
    char *got; /* all that was read, with a NUL behind it */
};

__attribute__((unused)) static struct peer peer_on(leat_io *io)
{
    struct peer p = {.io = io, .got = malloc(SAID_MAX + 1)};

    p.got[0] = '\0';
    return p;
}

/* The goroutines that peer_open has started: a server is freed when they have ended. */
static leat_waitgroup peers_served;

static void peer_served(void *arg)
{
    leat_waitgroup_done(arg);
}

static void serve_peer(leat_http_server *server, leat_io *io)
{
    leat_defer(peer_served, &peers_served);
    leat_http_serve_conn(server, io);
}

__attribute__((unused)) static void server_free(leat_http_server *server)
{
    leat_waitgroup_wait(&peers_served);
    leat_http_server_free(server);
}

/* Served by a goroutine of its own, over a pair of sockets. What it says first is there before the
 * server looks, so that no limit of time comes before it. */
__attribute__((unused)) static struct peer peer_saying(leat_http_server *server,
                                                       const char *first)
{
    leat_io *ours, *theirs;
    int fds[2];

    /* Not libc's: ThreadSanitizer would miss that leat closes them, by system calls of its own. */
    T_EQ(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&ours, fds[0]), 0);
    T_ERR(leat_io_adopt(&theirs, fds[1]), 0);
    T_EQ(leat_write(ours, first, strlen(first)), (int64_t)strlen(first));
    leat_waitgroup_add(&peers_served, 1);
    leat_go(serve_peer, server, theirs);
    return peer_on(ours);
}

__attribute__((unused)) static struct peer peer_open(leat_http_server *server)
{
    return peer_saying(server, "");
}

__attribute__((unused)) static void peer_free(struct peer *p)
{
    leat_io_free(p->io);
    free(p->got);
}

__attribute__((unused)) static void say_bytes(struct peer *p, const char *text, size_t n)
{
    T_EQ(leat_write(p->io, text, n), (int64_t)n);
}

__attribute__((unused)) static void say(struct peer *p, const char *text)
{
    say_bytes(p, text, strlen(text));
}

/* False at the end of the connection. */
__attribute__((unused)) static bool peer_read(struct peer *p)
{
    int64_t n = leat_read(p->io, p->got + p->len, SAID_MAX - p->len);

    if (n <= 0)
        return false;
    p->len += (size_t)n;
    p->got[p->len] = '\0';
    return true;
}

/* All that comes until the server ends the connection. */
__attribute__((unused)) static const char *hear_all(struct peer *p)
{
    while (peer_read(p))
        continue;
    return p->got + p->used;
}

/* One response with a Content-Length: its text up to the end of the body. */
__attribute__((unused)) static char *hear(struct peer *p)
{
    char *begin = p->got + p->used, *end, *field;
    size_t len, need;

    while (!(end = strstr(begin, "\r\n\r\n")))
        if (!peer_read(p))
            T_FAIL("the connection ended instead of a response: %s", begin);
    field = strcasestr(begin, "\r\nContent-Length: ");
    len = field && field < end ? (size_t)atol(field + 18) : 0;
    need = (size_t)(end + 4 - p->got) + len;
    while (p->len < need)
        if (!peer_read(p))
            T_FAIL("the connection ended inside of a response: %s", begin);
    char *text = strndup(begin, need - p->used);
    p->used = need;
    return text;
}

/* One request, whose response must contain some text. */
__attribute__((unused)) static void ask(struct peer *p, const char *request, const char *pin)
{
    say(p, request);
    char *text = hear(p);
    T_STRHAS(text, pin);
    free(text);
}

/* ---- handlers and answers ---- */

__attribute__((unused)) static void echo_body(leat_http_request *req, leat_http_response *res)
{
    char buf[20000];
    int64_t n;

    while ((n = leat_http_read(req, buf, sizeof buf)) > 0)
        if (leat_http_write(res, buf, (size_t)n) < 0)
            return;
    if (n < 0)
        leat_http_error(res, 400, NULL);
}

/* The body, which must be what is wanted, and the status. */
__attribute__((unused)) static void answered(leat_http_answer *a, int status, const char *want)
{
    char *body;

    T_EQ(leat_http_answer_status(a), status);
    T_EQ(leat_http_answer_read_all(a, &body, 1 << 20), (int64_t)strlen(want));
    T_STREQ(body, want);
    free(body);
    leat_http_answer_free(a);
}

#endif
