/* SPDX-License-Identifier: MIT */
/*
 * tls_reason.c - why something failed, as a number and in words.
 *
 * OpenSSL leaves its reasons in a queue of the thread. A goroutine may go on in another thread
 * after any call of leat, so the queue is cleared before a call of OpenSSL, and read right after
 * it, before any call of leat.
 *
 * PICTURE   tls__verified (inside a handshake)  \
 *           tls__sort     (after each call)      > c->text -> leat_tls_error(conn)
 *           tls__fail     (no connection yet, or none any more) -> leat_tls_error(NULL)
 *
 * The text of a failure without a connection is the goroutine's, as errno is a thread's. It is
 * made when it is first needed, and ends with the goroutine.
 *
 * REJECTED  A text in the config: connections share it. A parameter for the text in each call:
 *   most callers would pass NULL, and then wonder.
 *
 * PROOF  tls_verify_test.c, tls_config_test.c.
 */
#include "tls_conn.h"

#include <leat/local.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

char *tls__text(const void *bytes, size_t len)
{
    char *text = malloc(len + 1);

    if (!text)
        return NULL;
    if (len > 0)
        memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

/* ---- of a goroutine ---- */

static const leat_local failure = {.drop = free};

int tls__fail(int err, const char *format, ...)
{
    char *text = leat_local_get(&failure);
    va_list args;

    if (!text) {
        text = malloc(TLS_TEXT);
        if (!text)
            return err;
        leat_local_set(&failure, text);
    }
    va_start(args, format);
    /* clang-tidy 14 takes args for uninitialised when it looks at several files in one run. */
    vsnprintf(text, TLS_TEXT, format, args); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    va_end(args);
    return err;
}

/* What the queue says first: the cause of what follows it. */
static const char *queue_text(void)
{
    unsigned long code = ERR_peek_error();
    const char *text = ERR_reason_error_string(code);

    if (code && ERR_SYSTEM_ERROR(code))
        text = leat_strerror(-ERR_GET_REASON(code));
    return text ? text : code ? "unknown reason" : "no reason given";
}

int tls__fail_ssl(int err, const char *what)
{
    const char *reason = queue_text();

    ERR_clear_error();
    return tls__fail(err, "%s: %s", what, reason);
}

const char *leat_tls_error(leat_io *conn)
{
    const char *text;

    if (!conn) {
        text = leat_local_get(&failure);
    } else if (leat_io_kind(conn) == tls__ops.kind) {
        struct tls_conn *c = tls__conn(conn);

        leat_mutex_lock(&c->lock);
        text = c->why;
        leat_mutex_unlock(&c->lock);
    } else {
        text = "this stream is no TLS connection";
    }
    return text ? text : "";
}

/* ---- of a certificate ---- */

/* Appends a name; what could mislead a reader of it is shown as '?'. */
static void put_name(BIO *out, const unsigned char *name, int len)
{
    if (BIO_pending(out))
        BIO_puts(out, ", ");
    for (int i = 0; i < len; i++) {
        char c = (char)name[i];
        if (c <= ' ' || c > '~' || c == ',')
            c = '?';
        BIO_write(out, &c, 1);
    }
}

static void put_address(BIO *out, const ASN1_OCTET_STRING *address)
{
    const unsigned char *p = ASN1_STRING_get0_data(address);
    int len = ASN1_STRING_length(address);
    char text[64] = "?";

    if (len == 4)
        snprintf(text, sizeof(text), "%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
    for (int i = 0, at = 0; len == 16 && i < len; i += 2)
        at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%x", i ? ":" : "",
                       p[i] << 8 | p[i + 1]);
    put_name(out, (const unsigned char *)text, (int)strlen(text));
}

char *tls__names(const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    BIO *out = BIO_new(BIO_s_mem());
    char *data, *text = NULL;

    for (int i = 0; out && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS)
            put_name(out, ASN1_STRING_get0_data(name->d.dNSName),
                     ASN1_STRING_length(name->d.dNSName));
        else if (name->type == GEN_IPADD)
            put_address(out, name->d.iPAddress);
    }
    if (out) {
        long len = BIO_get_mem_data(out, &data);
        text = tls__text(data, len > 0 ? (size_t)len : 0);
    }
    BIO_free(out);
    GENERAL_NAMES_free(names);
    return text;
}

/* ---- of a connection ---- */

/* What a certificate is called: its common name, else the whole of its subject's. */
static void name_of(X509_NAME *name, char *text, size_t size)
{
    text[0] = '\0';
    if (name && X509_NAME_get_text_by_NID(name, NID_commonName, text, (int)size) < 0)
        X509_NAME_oneline(name, text, (int)size);
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static void date_of(const ASN1_TIME *date, char *text, int size)
{
    BIO *out = BIO_new(BIO_s_mem());
    int len = 0;

    if (out && ASN1_TIME_print(out, date))
        len = BIO_read(out, text, size - 1);
    text[len > 0 ? len : 0] = '\0';
    BIO_free(out);
}

/* What is wrong with the certificate, in words, behind `at` bytes of the text. */
static void explain(struct tls_conn *c, size_t at, int error, X509 *cert)
{
    char *text = c->text + at, part[128] = "", *names;
    size_t size = sizeof(c->text) - at;

    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date_of(X509_get0_notAfter(cert), part, sizeof(part));
        snprintf(text, size, "it has expired, on %s", part);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date_of(X509_get0_notBefore(cert), part, sizeof(part));
        snprintf(text, size, "it is not valid before %s", part);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        names = tls__names(cert);
        snprintf(text, size, "it is for %s, not for \"%s\"",
                 names && *names ? names : "no name at all",
                 c->server_name ? c->server_name : "");
        free(names);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(text, size, "it is signed by itself, and is not among those we trust");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        name_of(X509_get_issuer_name(cert), part, sizeof(part));
        snprintf(text, size, "it is signed by an unknown authority, \"%s\"", part);
        break;
    default:
        snprintf(text, size, "%s", X509_verify_cert_error_string(error));
    }
}

int tls__verified(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_conn *c = SSL_get_app_data(ssl);
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    char name[128];

    if (ok || c->text[0] || !cert)
        return ok;
    name_of(X509_get_subject_name(cert), name, sizeof(name));
    int at = snprintf(c->text, sizeof(c->text), "certificate of \"%s\": ", name);
    explain(c, (size_t)at, X509_STORE_CTX_get_error(store), cert);
    return 0;
}

static int verify_code(const SSL *ssl)
{
    switch (SSL_get_verify_result(ssl)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return -EKEYEXPIRED;
    case X509_V_ERR_CERT_REVOKED:
        return -EKEYREVOKED;
    case X509_V_ERR_OUT_OF_MEM:
        return -ENOMEM;
    default:
        return -EKEYREJECTED;
    }
}

static int alert_code(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return -EACCES;
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return -EPROTONOSUPPORT;
    default:
        return -EPROTO;
    }
}

/* OpenSSL 3.0 has no words for the alerts that are new in TLS 1.3. */
static const char *alert_name(int alert)
{
    switch (alert) {
    case SSL_AD_CERTIFICATE_REQUIRED:
        return "certificate required";
    case SSL_AD_MISSING_EXTENSION:
        return "missing extension";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return "no application protocol";
    default:
        return SSL_alert_desc_string_long(alert);
    }
}

/* A number for a reason of OpenSSL's. */
static int reason_code(const SSL *ssl, unsigned long code)
{
    switch (ERR_GET_REASON(code)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return verify_code(ssl);
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:
        return -EPROTONOSUPPORT;
    case ERR_R_MALLOC_FAILURE:
        return -ENOMEM;
    default:
        return -EPROTO;
    }
}

/* The queue of this thread tells why the connection is broken; it becomes empty. */
static void broke(struct tls_conn *c)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);

    if (!code) {
        c->broken = -ENOMEM; /* only our own side of the wire fails without a reason */
        snprintf(c->text, sizeof(c->text), "out of memory");
    } else if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET) {
        int alert = reason - SSL_AD_REASON_OFFSET;
        c->broken = alert_code(alert);
        snprintf(c->text, sizeof(c->text), "the peer has given up, with the alert \"%s\"",
                 alert_name(alert));
    } else {
        c->broken = reason_code(c->ssl, code);
        if (!c->text[0])
            snprintf(c->text, sizeof(c->text), "%s", queue_text());
    }
    c->why = c->text;
    ERR_clear_error();
}

int tls__sort(struct tls_conn *c, int result)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        broke(c);
        return c->broken;
    }
}
