/* SPDX-License-Identifier: MIT */
/*
 * tls_roles.c - a config as OpenSSL wants it: a SSL_CTX for clients, one for servers.
 *
 * PICTURE, INVARIANTS and what CALLBACKS may do: tls_config.c.
 *
 * SAFE UNLESS TOLD OTHERWISE  TLS 1.2 or later, no compression, no renegotiation; a name is looked
 *   for where it belongs, in the subject's alternative names, and not in its common name; a
 *   certificate that is trusted itself needs no authority above it, as in Go.
 *
 * PROOF  tls_verify_test.c, tls_peer_test.c.
 */
#include "tls_conn.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- callbacks ---- */

static int use_cert(SSL *ssl, const struct tls_cert *cert)
{
    return SSL_use_cert_and_key(ssl, cert->leaf, cert->key, cert->chain, 1) == 1;
}

/* Of the certificates for the name, the first of each kind of key: the handshake chooses among
 * them. All are taken in reverse, so that the first stays. */
static int use_certs_for(SSL *ssl, const struct tls_cert *cert, const char *name)
{
    int used = 0;

    if (cert->next)
        used = use_certs_for(ssl, cert->next, name);
    if (used >= 0 && X509_check_host(cert->leaf, name, 0, 0, NULL) == 1)
        used = use_cert(ssl, cert) ? 1 : -1;
    return used;
}

static int choose_server_cert(SSL *ssl, void *arg)
{
    const leat_tls_config *config = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    int used = name && config->certs->next ? use_certs_for(ssl, config->certs, name) : 0;

    if (used == 0)
        used = use_cert(ssl, config->certs) ? 1 : -1;
    return used > 0;
}

static int choose_client_cert(SSL *ssl, void *arg)
{
    const leat_tls_config *config = arg;

    return config->certs ? use_cert(ssl, config->certs) : 1;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *theirs, unsigned their_len, void *arg)
{
    const leat_tls_config *config = arg;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, config->alpn, (unsigned)config->alpn_len,
                              theirs, their_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void log_key(const SSL *ssl, const char *line)
{
    const struct tls_conn *c = SSL_get_app_data(ssl);
    char text[512]; /* one write, so that lines of several processes stay whole */
    int len = snprintf(text, sizeof(text), "%s\n", line);

    if (len > 0 && (size_t)len < sizeof(text) &&
        write(c->config->keylog, text, (size_t)len) < 0)
        return; /* there is nobody to tell, and the connection can do without */
}

/* A client has been given a session. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_conn *c = SSL_get_app_data(ssl);

    if (!c->server_name || !SSL_SESSION_is_resumable(session))
        return 0;
    if (c->nfresh == TLS_FRESH) {
        SSL_SESSION_free(c->fresh[0]);
        memmove(c->fresh, c->fresh + 1, sizeof(c->fresh[0]) * (TLS_FRESH - 1));
        c->nfresh--;
    }
    c->fresh[c->nfresh++] = session;
    return 1;
}

/* ---- the two roles ---- */

static bool trust_authorities(const leat_tls_config *config, SSL_CTX *ctx)
{
    X509_STORE *store = config->authorities;

    SSL_CTX_set1_cert_store(ctx, store);
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (cert && !SSL_CTX_add_client_CA(ctx, cert))
            return false;
    }
    return true;
}

static bool make_client(leat_tls_config *config, SSL_CTX *ctx)
{
    bool ok = true;

    if (config->authorities)
        SSL_CTX_set1_cert_store(ctx, config->authorities);
    else if (!config->insecure)
        ok = SSL_CTX_set_default_verify_paths(ctx);
    if (!config->insecure)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, tls__verified);
    SSL_CTX_set_cert_cb(ctx, choose_client_cert, config);
    if (config->max_sessions > 0) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, keep_session);
    } else {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    }
    if (config->alpn_len > 0) /* 0 is success, for once */
        ok = ok && !SSL_CTX_set_alpn_protos(ctx, config->alpn, (unsigned)config->alpn_len);
    return ok;
}

static bool make_server(leat_tls_config *config, SSL_CTX *ctx)
{
    static const unsigned char all[] = "leat";
    bool ok = SSL_CTX_set_session_id_context(ctx, all, sizeof(all) - 1);
    int mode = SSL_VERIFY_NONE;

    if (config->client_certs != LEAT_TLS_NO_CLIENT_CERT) {
        mode = SSL_VERIFY_PEER;
        if (config->client_certs == LEAT_TLS_CLIENT_CERT_REQUIRED)
            mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        ok = ok && trust_authorities(config, ctx);
    }
    SSL_CTX_set_verify(ctx, mode, tls__verified);
    SSL_CTX_set_cert_cb(ctx, choose_server_cert, config);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* clients keep their tickets */
    if (config->max_sessions == 0) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        ok = ok && SSL_CTX_set_num_tickets(ctx, 0);
    }
    if (config->alpn_len > 0)
        SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, config);
    return ok;
}

static int make_ctx(leat_tls_config *config, bool server, SSL_CTX **made)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

    if (!ctx)
        return tls__fail_ssl(-ENOMEM, "OpenSSL cannot begin");
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    if (config->keylog >= 0)
        SSL_CTX_set_keylog_callback(ctx, log_key);
    if (!SSL_CTX_set_min_proto_version(ctx, config->min) ||
        !SSL_CTX_set_max_proto_version(ctx, config->max) ||
        !(server ? make_server : make_client)(config, ctx)) {
        int err = tls__fail_ssl(-ENOMEM, "OpenSSL does not take the configuration");
        SSL_CTX_free(ctx);
        return err;
    }
    ERR_clear_error();
    *made = ctx;
    return 0;
}

int tls__config_ctx(leat_tls_config *config, bool server, SSL_CTX **ctx)
{
    int err = 0;

    leat_mutex_lock(&config->lock);
    config->used = true;
    if (server && !config->certs)
        err = tls__fail(-EINVAL, "a server needs a certificate: leat_tls_config_cert");
    else if (server && config->client_certs != LEAT_TLS_NO_CLIENT_CERT && !config->authorities)
        err = tls__fail(-EINVAL, "a server that asks its clients for certificates needs "
                                 "authorities to check them by: leat_tls_config_ca");
    else if (!config->ctx[server])
        err = make_ctx(config, server, &config->ctx[server]);
    *ctx = config->ctx[server];
    leat_mutex_unlock(&config->lock);
    return err;
}
