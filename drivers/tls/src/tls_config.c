/* SPDX-License-Identifier: MIT */
/*
 * tls_config.c - what connections share: made by setters, fixed by the first use.
 *
 * PICTURE   setters -> certs, authorities, ... --first leat_tls_client--> ctx[0], a SSL_CTX
 *                                              --first leat_tls_server--> ctx[1], another
 *
 * INVARIANTS
 *   C1  what setters set is constant once `used` is set, under the lock; so connections read it
 *       without one.
 *   C2  the two roles have a SSL_CTX each: a client trusts the system's authorities unless told
 *       otherwise, a server that checks clients never does, and only a client keeps sessions.
 *
 * The system's authorities are loaded when a client needs them, once for a config: that takes
 * tens of milliseconds, and servers do without.
 *
 * CALLBACKS  run inside a call of OpenSSL, with the connection's lock held. They touch nothing
 *   but the connection and what is constant, and never wait.
 *
 * REJECTED  Setters that change a config in use, with a lock around all it has: what a connection
 *   was verified by would depend on when it was made.
 *
 * PROOF  tls_config_test.c, tls_verify_test.c.
 */
#include "tls_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SESSIONS = 64 };

leat_tls_config *leat_tls_config_make(void)
{
    leat_tls_config *config = calloc(1, sizeof(*config));

    if (!config)
        return NULL;
    config->wire = tls__wire_method();
    if (!config->wire) {
        free(config);
        return NULL;
    }
    config->refs = 1;
    config->max_sessions = SESSIONS;
    config->min = LEAT_TLS_1_2;
    config->max = LEAT_TLS_1_3;
    config->keylog = -1;
    return config;
}

leat_tls_config *leat_tls_config_ref(leat_tls_config *config)
{
    if (config)
        __atomic_add_fetch(&config->refs, 1, __ATOMIC_RELAXED);
    return config;
}

static void cert_free(struct tls_cert *cert)
{
    X509_free(cert->leaf);
    EVP_PKEY_free(cert->key);
    sk_X509_pop_free(cert->chain, X509_free);
    free(cert);
}

void leat_tls_config_free(leat_tls_config *config)
{
    if (!config || __atomic_sub_fetch(&config->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    tls__session_drop_all(config);
    SSL_CTX_free(config->ctx[0]);
    SSL_CTX_free(config->ctx[1]);
    while (config->certs) {
        struct tls_cert *cert = config->certs;
        config->certs = cert->next;
        cert_free(cert);
    }
    X509_STORE_free(config->authorities);
    BIO_meth_free(config->wire);
    if (config->keylog >= 0)
        close(config->keylog);
    free(config->alpn);
    free(config);
}

/* ---- setters ---- */

/* Locks a config that may still be changed. */
static int change_begin(leat_tls_config *config)
{
    leat_mutex_lock(&config->lock);
    if (!config->used)
        return 0;
    leat_mutex_unlock(&config->lock);
    return tls__fail(-EBUSY, "the configuration is in use, and cannot be changed any more");
}

static int set_int(leat_tls_config *config, int *field, int value)
{
    int err = change_begin(config);

    if (err)
        return err;
    *field = value;
    leat_mutex_unlock(&config->lock);
    return 0;
}

int leat_tls_config_client_certs(leat_tls_config *config, int how)
{
    if (how < LEAT_TLS_NO_CLIENT_CERT || how > LEAT_TLS_CLIENT_CERT_REQUIRED)
        return tls__fail(-EINVAL, "there is no such way to ask for certificates: %d", how);
    return set_int(config, &config->client_certs, how);
}

int leat_tls_config_sessions(leat_tls_config *config, int n)
{
    if (n < 0)
        return tls__fail(-EINVAL, "the number of sessions is negative");
    return set_int(config, &config->max_sessions, n);
}

int leat_tls_config_versions(leat_tls_config *config, int min, int max)
{
    if (min < LEAT_TLS_1_2 || max > LEAT_TLS_1_3 || min > max)
        return tls__fail(-EINVAL, "versions go from LEAT_TLS_1_2 to LEAT_TLS_1_3");
    int err = set_int(config, &config->min, min);
    return err ? err : set_int(config, &config->max, max);
}

int leat_tls_config_insecure_skip_verify(leat_tls_config *config)
{
    int err = change_begin(config);

    if (err)
        return err;
    config->insecure = true;
    leat_mutex_unlock(&config->lock);
    return 0;
}

int leat_tls_config_alpn(leat_tls_config *config, const char *const *protocols, int n)
{
    unsigned char *alpn;
    size_t len = 0, at = 0;

    for (int i = 0; i < n; i++) {
        size_t part = strlen(protocols[i]);
        if (part == 0 || part > UCHAR_MAX)
            return tls__fail(-EINVAL, "names of protocols have 1 to 255 bytes");
        len += part + 1;
    }
    if (len > UINT16_MAX)
        return tls__fail(-EINVAL, "so many protocols do not fit into a handshake");
    alpn = malloc(len + 1);
    if (!alpn)
        return tls__fail(-ENOMEM, "out of memory");
    for (int i = 0; i < n; i++) {
        size_t part = strlen(protocols[i]);
        alpn[at++] = (unsigned char)part;
        memcpy(alpn + at, protocols[i], part);
        at += part;
    }
    int err = change_begin(config);
    if (!err) {
        unsigned char *old = config->alpn;
        config->alpn = alpn;
        config->alpn_len = len;
        leat_mutex_unlock(&config->lock);
        alpn = old;
    }
    free(alpn);
    return err;
}

int leat_tls_config_keylog(leat_tls_config *config, const char *file)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    int err = fd < 0 ? -errno : 0;

    if (err)
        return tls__fail(err, "%s: %s", file, leat_strerror(err));
    err = change_begin(config);
    if (!err) {
        int old = config->keylog;
        config->keylog = fd;
        leat_mutex_unlock(&config->lock);
        fd = old;
    }
    if (fd >= 0)
        close(fd);
    return err;
}

/* ---- certificates and authorities ---- */

static int add_cert(leat_tls_config *config, struct tls_cert *cert)
{
    int err = change_begin(config);

    if (err)
        return err;
    struct tls_cert **last = &config->certs;
    while (*last)
        last = &(*last)->next;
    *last = cert;
    leat_mutex_unlock(&config->lock);
    return 0;
}

static int pair_pem(leat_tls_config *config, const struct pem_text *cert_pem,
                    const struct pem_text *key_pem)
{
    struct tls_cert *cert = calloc(1, sizeof(*cert));

    if (!cert)
        return tls__fail(-ENOMEM, "out of memory");
    int err = tls__pem_certs(cert_pem, &cert->chain);
    if (!err)
        err = tls__pem_key(key_pem, &cert->key);
    if (!err) {
        cert->leaf = sk_X509_shift(cert->chain);
        ERR_clear_error();
        int fits = X509_check_private_key(cert->leaf, cert->key);
        ERR_clear_error();
        if (!fits)
            err = tls__fail(-EINVAL,
                            "%s: this private key does not belong to the certificate in %s",
                            key_pem->file, cert_pem->file);
    }
    if (!err)
        err = add_cert(config, cert);
    if (err)
        cert_free(cert);
    return err;
}

int leat_tls_config_cert(leat_tls_config *config, const char *cert, const char *key)
{
    struct pem_text cert_pem = {0}, key_pem = {0};
    int err = tls__pem_read(&cert_pem, cert);

    if (!err && key)
        err = tls__pem_read(&key_pem, key);
    if (!err)
        err = pair_pem(config, &cert_pem, key ? &key_pem : &cert_pem);
    tls__pem_free(&cert_pem);
    tls__pem_free(&key_pem);
    return err;
}

int leat_tls_config_cert_pem(leat_tls_config *config, const void *cert, size_t cert_len,
                             const void *key, size_t key_len)
{
    struct pem_text cert_pem = {"the certificate", cert, cert_len};
    struct pem_text key_pem = {"the key", key, key_len};

    if (cert_len > INT_MAX || key_len > INT_MAX)
        return tls__fail(-EINVAL, "no PEM is as long as this");
    return pair_pem(config, &cert_pem, key ? &key_pem : &cert_pem);
}

static int add_authorities(leat_tls_config *config, STACK_OF(X509) * certs)
{
    int err = change_begin(config);

    if (err)
        return err;
    if (!config->authorities)
        config->authorities = X509_STORE_new();
    if (!config->authorities)
        err = -ENOMEM;
    for (int i = 0; !err && i < sk_X509_num(certs); i++)
        if (!X509_STORE_add_cert(config->authorities, sk_X509_value(certs, i)))
            err = -ENOMEM;
    ERR_clear_error();
    leat_mutex_unlock(&config->lock);
    return err ? tls__fail(err, "out of memory") : 0;
}

static int authorities_pem(leat_tls_config *config, const struct pem_text *pem)
{
    STACK_OF(X509) * certs;
    int err = tls__pem_certs(pem, &certs);

    if (err)
        return err;
    err = add_authorities(config, certs);
    sk_X509_pop_free(certs, X509_free);
    return err;
}

int leat_tls_config_ca(leat_tls_config *config, const char *file)
{
    struct pem_text pem;
    int err = tls__pem_read(&pem, file);

    if (err)
        return err;
    err = authorities_pem(config, &pem);
    tls__pem_free(&pem);
    return err;
}

int leat_tls_config_ca_pem(leat_tls_config *config, const void *data, size_t len)
{
    struct pem_text pem = {"the authorities", data, len};

    if (len > INT_MAX)
        return tls__fail(-EINVAL, "no PEM is as long as this");
    return authorities_pem(config, &pem);
}
