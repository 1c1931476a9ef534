/* SPDX-License-Identifier: MIT */
/* tls_config.h - what connections share. */
#ifndef LEAT_TLS_CONFIG_H
#define LEAT_TLS_CONFIG_H

#include <leat/tls.h>

#include <leat/mutex.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_cert {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* those between it and an authority */
    struct tls_cert *next;
};

struct tls_session {
    SSL_SESSION *session;
    struct tls_session *next;
    char server[]; /* its name */
};

struct leat_tls_config {
    uint32_t refs; /* atomic */
    int max_sessions;
    leat_mutex lock;
    bool used; /* lock: what follows is constant from now on */
    bool insecure;
    int client_certs;
    int min, max;            /* versions */
    int keylog;              /* a descriptor, or -1 */
    struct tls_cert *certs;  /* in the order in which they were added */
    X509_STORE *authorities; /* NULL: the system's */
    unsigned char *alpn;     /* each name behind its length */
    size_t alpn_len;
    BIO_METHOD *wire;
    SSL_CTX *ctx[2]; /* lock: a client's, a server's; made when first used */
    leat_mutex session_lock;
    struct tls_session *sessions; /* session_lock: the newest first */
};

/* tls_config.c: the SSL_CTX of a role, and the end of all changes. 0 or -errno with a text. */
int tls__config_ctx(leat_tls_config *config, bool server, SSL_CTX **ctx);

/* tls_pem.c: certificates out of PEM; `file` is where they came from, in words. */
struct pem_text {
    const char *file;
    const void *data;
    size_t len;
};
/* The whole of a file; free data by tls__pem_free. 0 or -errno, with a text. */
int tls__pem_read(struct pem_text *pem, const char *file);
void tls__pem_free(struct pem_text *pem);
/* All certificates, at least one. 0 or -errno, with a text. */
int tls__pem_certs(const struct pem_text *pem, STACK_OF(X509) * *certs);
int tls__pem_key(const struct pem_text *pem, EVP_PKEY **key);

/* tls_session.c: what clients go on with. */
void tls__session_put(leat_tls_config *config, const char *server, SSL_SESSION *session);
SSL_SESSION *tls__session_take(leat_tls_config *config, const char *server); /* or NULL */
void tls__session_drop_all(leat_tls_config *config);

#endif
