/* SPDX-License-Identifier: MIT */
/*
 * tls_handshake.c - how connections begin, and what can be asked of them then.
 *
 * PICTURE   SSL_do_handshake -> out -> the stream below, wait for `in`, and again
 *
 * Nobody else has the connection yet, so its ways need no locks; the stream below stays the
 * caller's until the handshake is done. An alert that says why it failed is sent if it can be
 * without waiting: the caller has the reason, and a peer that does not read has lost it.
 *
 * NAMES  A client's name for the server decides three things: what it asks for (SNI, which
 *   addresses are not for), what the certificate must be for, and which session to go on with.
 *
 * PROOF  tls_verify_test.c, tls_conn_test.c.
 */
#include "tls_conn.h"

#include <leat/context.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 253 }; /* DNS has no longer ones */

/* ---- the name of a server ---- */

/* A copy in lower case, without the brackets and the zone of an address, nor the last dot of a
 * host. NULL: no memory. */
static char *tidy_name(const char *name)
{
    char *copy = strdup(name[0] == '[' ? name + 1 : name);

    if (!copy)
        return NULL;
    if (strchr(copy, ':'))
        copy[strcspn(copy, "]%")] = '\0';
    size_t len = strlen(copy);
    if (len > 0 && copy[len - 1] == '.')
        copy[len - 1] = '\0';
    for (char *c = copy; *c; c++) /* tolower would ask the locale, which is a thread's */
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

static bool is_address(const char *name)
{
    unsigned char address[16];

    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > NAME_MOST)
        return false;
    for (const char *c = name; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '/' || *c == ':')
            return false;
    return true;
}

static int expect_server(struct tls_conn *c, const char *name)
{
    TLS_QUIET;
    X509_VERIFY_PARAM *param = SSL_get0_param(c->ssl);
    bool ok;

    c->server_name = tidy_name(name);
    if (!c->server_name)
        return tls__fail(-ENOMEM, "out of memory");
    ERR_clear_error();
    if (is_address(c->server_name)) {
        ok = X509_VERIFY_PARAM_set1_ip_asc(param, c->server_name);
    } else if (!is_name(c->server_name)) {
        return tls__fail(-EINVAL, "no server has the name \"%s\"", name);
    } else {
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        ok = X509_VERIFY_PARAM_set1_host(param, c->server_name, 0) &&
             SSL_set_tlsext_host_name(c->ssl, c->server_name);
    }
    return ok ? 0 : tls__fail_ssl(-EINVAL, "the name of the server");
}

/* ---- the handshake ---- */

/* With the lock held. -EAGAIN: bytes are needed. */
static int step(struct tls_conn *c)
{
    TLS_QUIET;

    ERR_clear_error();
    int ok = SSL_do_handshake(c->ssl);
    if (ok == 1)
        return 0;
    int err = tls__sort(c, ok);
    return err ? err : -ENODATA; /* the peer says good bye at once */
}

/* Until the peers agree, or do not: 0, or why not. */
static int shake_hands(struct tls_conn *c, const leat_limit *limit)
{
    for (;;) {
        leat_mutex_lock(&c->lock);
        int err = step(c);
        leat_mutex_unlock(&c->lock);
        if (err && err != -EAGAIN) {
            tls__flush_now(c);
            return err;
        }
        int sent = tls__flush(c, limit);
        if (!err || sent)
            return sent;
        int got = tls__fill(c, limit);
        if (got <= 0)
            return got ? got : -ENODATA;
    }
}

static const char *why_not(const struct tls_conn *c, int err)
{
    if (c->why)
        return c->why;
    return err == -ENODATA ? "the stream ended in the middle of the handshake"
                           : leat_strerror(err);
}

static int begin(struct tls_conn *c, leat_io **conn, const leat_limit *limit)
{
    static const leat_limit none = LEAT_NO_LIMIT;
    const leat_limit *real = limit ? limit : &none;
    int err = real->ctx ? leat_ctx_err(real->ctx) : 0;

    if (!err)
        err = shake_hands(c, real);
    if (err) {
        tls__fail(err, "%s", why_not(c, err));
        return err;
    }
    *conn = &c->io;
    return 0;
}

static void resume(struct tls_conn *c)
{
    TLS_QUIET;
    SSL_SESSION *session = tls__session_take(c->config, c->server_name);

    if (session)
        SSL_set_session(c->ssl, session);
    SSL_SESSION_free(session);
    ERR_clear_error();
}

/* One of TLS 1.2 may be used again: it shows nothing that the handshake does not. */
static void keep_old_session(struct tls_conn *c)
{
    TLS_QUIET;
    if (SSL_version(c->ssl) > LEAT_TLS_1_2 || !SSL_session_reused(c->ssl))
        return;
    SSL_SESSION *session = SSL_get1_session(c->ssl);
    if (session && SSL_SESSION_is_resumable(session))
        tls__session_put(c->config, c->server_name, session);
    else
        SSL_SESSION_free(session);
}

static int client_begin(struct tls_conn *c, leat_io **conn, const char *server_name,
                        const leat_limit *limit)
{
    bool resumes = server_name && c->config->max_sessions > 0;
    int err = 0;

    SSL_set_connect_state(c->ssl);
    if (server_name)
        err = expect_server(c, server_name);
    else if (!c->config->insecure)
        err = tls__fail(-EINVAL, "there is no name to check the server's certificate by");
    if (err)
        return err;
    if (resumes)
        resume(c);
    err = begin(c, conn, limit);
    if (!err && resumes)
        keep_old_session(c);
    return err;
}

int leat_tls_client(leat_io **conn, leat_io *below, leat_tls_config *config,
                    const char *server_name, const leat_limit *limit)
{
    SSL_CTX *ctx;
    int err = tls__config_ctx(config, false, &ctx);

    if (err)
        return err;
    struct tls_conn *c = tls__conn_make(below, config, ctx);
    if (!c)
        return tls__fail(-ENOMEM, "out of memory");
    err = client_begin(c, conn, server_name, limit);
    if (err)
        tls__conn_drop(c);
    return err;
}

int leat_tls_server(leat_io **conn, leat_io *below, leat_tls_config *config,
                    const leat_limit *limit)
{
    SSL_CTX *ctx;
    int err = tls__config_ctx(config, true, &ctx);

    if (err)
        return err;
    struct tls_conn *c = tls__conn_make(below, config, ctx);
    if (!c)
        return tls__fail(-ENOMEM, "out of memory");
    c->server = true;
    SSL_set_accept_state(c->ssl);
    err = begin(c, conn, limit);
    if (err)
        tls__conn_drop(c);
    return err;
}

/* ---- what can be asked ---- */

static char *subject_of(const X509 *cert)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *data, *text = NULL;

    if (out && X509_NAME_print_ex(out, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(out, &data);
        text = tls__text(data, len > 0 ? (size_t)len : 0);
    }
    BIO_free(out);
    return text;
}

/* With the lock held: what the peer's certificate says, once. */
static int read_cert(struct tls_conn *c, const X509 *cert)
{
    if (c->cert)
        return 0;
    ERR_clear_error();
    free(c->subject);
    free(c->names);
    c->subject = subject_of(cert);
    c->names = tls__names(cert);
    int len = c->subject && c->names ? i2d_X509(cert, &c->cert) : -1;
    ERR_clear_error();
    if (len < 0)
        return -ENOMEM;
    c->cert_len = (size_t)len;
    return 0;
}

/* With the lock held: the protocol that was chosen, once. */
static int read_alpn(struct tls_conn *c)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    if (c->alpn)
        return 0;
    SSL_get0_alpn_selected(c->ssl, &name, &len);
    c->alpn = tls__text(name, len);
    return c->alpn ? 0 : -ENOMEM;
}

/* With the lock held. */
static int fill_info(struct tls_conn *c, leat_tls_info *info)
{
    TLS_QUIET;
    const X509 *cert = SSL_get0_peer_certificate(c->ssl);
    int err = read_alpn(c);

    if (!err && cert)
        err = read_cert(c, cert);
    const char *name = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
    const char *cipher = SSL_get_cipher_name(c->ssl);

    if (err)
        return err;
    *info = (leat_tls_info){
        .version = SSL_version(c->ssl),
        .server = c->server,
        .resumed = SSL_session_reused(c->ssl),
        .verified = cert && SSL_get_verify_mode(c->ssl) != SSL_VERIFY_NONE &&
                    SSL_get_verify_result(c->ssl) == X509_V_OK,
        .cipher = cipher ? cipher : "",
        .alpn = c->alpn,
        .server_name = name ? name : "",
        .subject = cert ? c->subject : "",
        .names = cert ? c->names : "",
        .cert = cert ? c->cert : NULL,
        .cert_len = cert ? c->cert_len : 0,
    };
    return 0;
}

int leat_tls_state(leat_io *conn, leat_tls_info *info)
{
    struct tls_conn *c = tls__conn(conn);

    if (leat_io_kind(conn) != tls__ops.kind)
        return -EINVAL;
    leat_mutex_lock(&c->lock);
    int err = fill_info(c, info);
    leat_mutex_unlock(&c->lock);
    return err;
}

leat_io *leat_tls_below(leat_io *conn)
{
    return leat_io_kind(conn) == tls__ops.kind ? tls__conn(conn)->below : NULL;
}
