/* SPDX-License-Identifier: MIT */
/*
 * tls_pem.c - certificates and keys out of PEM, with texts that say what is wrong where.
 *
 * A file is read as a whole first, so that files and memory go the same way from there on.
 *
 * PROOF  tls_config_test.c.
 */
#include "tls_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 16 << 20 }; /* all authorities there are make a few hundred KiB */

/* Into memory of `size` bytes: how much there was, or -errno. */
static int64_t read_whole(int fd, char *to, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = read(fd, to + have, size - have);
        if (n == 0)
            break;
        if (n > 0)
            have += (size_t)n;
        else if (errno != EINTR)
            return -errno;
    }
    return (int64_t)have;
}

static int64_t read_file(const char *file, char **data)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    int64_t len;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        len = -errno;
    else if (st.st_size > FILE_MOST)
        len = -EFBIG;
    else {
        size_t size = (size_t)st.st_size + 4096; /* a pipe has no size */
        *data = malloc(size);
        len = *data ? read_whole(fd, *data, size) : -ENOMEM;
    }
    close(fd);
    if (len < 0)
        free(*data);
    return len;
}

int tls__pem_read(struct pem_text *pem, const char *file)
{
    char *data = NULL;
    int64_t len = read_file(file, &data);

    if (len < 0)
        return tls__fail((int)len, "%s: %s", file, leat_strerror((int)len));
    *pem = (struct pem_text){file, data, (size_t)len};
    return 0;
}

void tls__pem_free(struct pem_text *pem)
{
    void *data = (void *)(uintptr_t)pem->data;

    if (data)
        OPENSSL_cleanse(data, pem->len);
    free(data);
    pem->data = NULL;
}

static int bad_pem(const struct pem_text *pem, const char *what)
{
    char text[TLS_TEXT];

    snprintf(text, sizeof(text), "%s: %s", pem->file, what);
    return tls__fail_ssl(-EINVAL, text);
}

/* Fills the stack. True: it came to the end. */
static bool parse_certs(BIO *bio, STACK_OF(X509) * certs)
{
    X509 *cert;

    ERR_clear_error();
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (!sk_X509_push(certs, cert)) {
            X509_free(cert);
            return false;
        }
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return true;
}

int tls__pem_certs(const struct pem_text *pem, STACK_OF(X509) * *certs)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    int err = 0;

    *certs = sk_X509_new_null();
    if (!bio || !*certs)
        err = tls__fail(-ENOMEM, "%s: out of memory", pem->file);
    else if (!parse_certs(bio, *certs))
        err = bad_pem(pem, "a certificate in it cannot be read");
    else if (sk_X509_num(*certs) == 0)
        err = tls__fail(-EINVAL, "%s: there is no certificate in it (in PEM form)", pem->file);
    BIO_free(bio);
    if (err) {
        sk_X509_pop_free(*certs, X509_free);
        *certs = NULL;
    }
    return err;
}

/* Instead of OpenSSL's own, which asks on the terminal. */
static int no_password(char *buf, int size, int writing, void *asked)
{
    (void)writing;
    if (size > 0)
        buf[0] = '\0';
    *(bool *)asked = true;
    return -1;
}

int tls__pem_key(const struct pem_text *pem, EVP_PKEY **key)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    bool asked = false;
    int err = 0;

    if (!bio)
        return tls__fail(-ENOMEM, "%s: out of memory", pem->file);
    ERR_clear_error();
    *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
    if (*key)
        ERR_clear_error();
    else if (asked)
        err = tls__fail(-EINVAL, "%s: the private key in it is encrypted", pem->file);
    else if (!memmem(pem->data, pem->len, "PRIVATE KEY-----", 16))
        err = tls__fail(-EINVAL, "%s: there is no private key in it (in PEM form)", pem->file);
    else
        err = bad_pem(pem, "the private key in it cannot be read");
    BIO_free(bio);
    return err;
}
