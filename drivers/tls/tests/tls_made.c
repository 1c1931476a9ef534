/* SPDX-License-Identifier: MIT */
/* tls_made.c - see tls_made.h. */
#include "tls_made.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void bio_text(BIO *bio, char text[MADE_PEM])
{
    int n = BIO_read(bio, text, MADE_PEM - 1);

    T_GT(n, 0);
    T_EQ(BIO_pending(bio), 0);
    text[n] = '\0';
    BIO_free(bio);
}

static X509 *cert_of(const struct made *m)
{
    BIO *bio = BIO_new_mem_buf(m->cert, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    T_TRUE(cert);
    BIO_free(bio);
    return cert;
}

static EVP_PKEY *key_of(const struct made *m)
{
    BIO *bio = BIO_new_mem_buf(m->key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    T_TRUE(key);
    BIO_free(bio);
    return key;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    T_TRUE(e);
    T_TRUE(X509_add_ext(cert, e, -1));
    X509_EXTENSION_free(e);
}

struct made made_cert(struct made_spec spec)
{
    struct made m;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new(), *issuer = spec.issuer ? cert_of(spec.issuer) : X509_dup(cert);
    EVP_PKEY *issuer_key = spec.issuer ? key_of(spec.issuer) : key;
    X509_NAME *name = X509_get_subject_name(cert);
    unsigned char serial;
    int from = spec.from || spec.to ? spec.from : -1, to = spec.from || spec.to ? spec.to : 1;
    BIO *bio;

    T_TRUE(RAND_bytes(&serial, 1));
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1000 + serial);
    X509_time_adj_ex(X509_getm_notBefore(cert), from, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(cert), to, 0, NULL);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)spec.cn, -1, -1,
                               0);
    X509_set_pubkey(cert, key);
    X509_set_issuer_name(cert, spec.issuer ? X509_get_subject_name(issuer) : name);
    extend(cert, cert, NID_basic_constraints,
           spec.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(cert, cert, NID_subject_key_identifier, "hash");
    if (spec.issuer)
        extend(cert, issuer, NID_authority_key_identifier, "keyid");
    if (spec.names)
        extend(cert, cert, NID_subject_alt_name, spec.names);
    T_TRUE(X509_sign(cert, issuer_key, EVP_sha256()));
    bio = BIO_new(BIO_s_mem());
    T_TRUE(PEM_write_bio_X509(bio, cert));
    bio_text(bio, m.cert);
    bio = BIO_new(BIO_s_mem());
    T_TRUE(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    bio_text(bio, m.key);
    X509_free(issuer);
    X509_free(cert);
    if (spec.issuer)
        EVP_PKEY_free(issuer_key);
    EVP_PKEY_free(key);
    return m;
}

void made_encrypted(const struct made *m, char text[MADE_PEM])
{
    EVP_PKEY *key = key_of(m);
    BIO *bio = BIO_new(BIO_s_mem());

    T_TRUE(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "word", 4, NULL, NULL));
    bio_text(bio, text);
    EVP_PKEY_free(key);
}

struct made made_authority(void)
{
    return made_cert((struct made_spec){.cn = "Test Authority", .authority = true});
}

struct made made_localhost(const struct made *authority)
{
    return made_cert((struct made_spec){.cn = "server",
                                        .names = "DNS:localhost,IP:127.0.0.1,IP:::1",
                                        .issuer = authority});
}

leat_tls_config *made_server(const struct made *cert)
{
    leat_tls_config *config = leat_tls_config_make();

    T_ERR(leat_tls_config_cert_pem(config, cert->cert, strlen(cert->cert), cert->key,
                                   strlen(cert->key)),
          0);
    return config;
}

leat_tls_config *made_client(const struct made *authority)
{
    leat_tls_config *config = leat_tls_config_make();

    T_ERR(leat_tls_config_ca_pem(config, authority->cert, strlen(authority->cert)), 0);
    return config;
}

void made_pair(leat_io **a, leat_io **b)
{
    int fds[2];

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(a, fds[0]), 0);
    T_ERR(leat_io_adopt(b, fds[1]), 0);
}

static void duo_serve(leat_waitgroup *wg, struct duo *d, leat_io *below,
                      leat_tls_config *config)
{
    d->server_err = leat_tls_server(&d->server, below, config, NULL);
    if (d->server_err) {
        snprintf(d->server_text, sizeof(d->server_text), "%s", leat_tls_error(NULL));
        leat_io_free(below);
    }
    leat_waitgroup_done(wg);
}

void duo_shake(struct duo *d, leat_tls_config *client, leat_tls_config *server,
               const char *name)
{
    leat_io *below, *other;
    leat_waitgroup wg = {0};

    *d = (struct duo){0};
    made_pair(&below, &other);
    leat_waitgroup_add(&wg, 1);
    leat_go(duo_serve, &wg, d, other, server);
    d->client_err = leat_tls_client(&d->client, below, client, name, NULL);
    if (d->client_err) {
        snprintf(d->client_text, sizeof(d->client_text), "%s", leat_tls_error(NULL));
        leat_io_free(below);
    }
    leat_waitgroup_wait(&wg);
    leat_tls_config_free(client);
    leat_tls_config_free(server);
}

void duo_make(struct duo *d)
{
    struct made authority = made_authority(), cert = made_localhost(&authority);

    duo_shake(d, made_client(&authority), made_server(&cert), "localhost");
    T_ERR(d->client_err, 0);
    T_ERR(d->server_err, 0);
}

void duo_free(struct duo *d)
{
    leat_io_free(d->client);
    leat_io_free(d->server);
}
