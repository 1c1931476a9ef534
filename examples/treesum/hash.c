/* SPDX-License-Identifier: MIT */
/*
 * hash.c - the hashers: read a file piece by piece, feed it to SHA-256.
 *
 * Reading waits for the disk and hashing takes the processor, so the two want to be done for
 * different files at the same time; with more hashers than processors they are. A hasher owns
 * its buffer and digest context and uses them for one file after another, which is why neither
 * the size nor the number of files shows in the memory used.
 *
 * What is read is what was found: a path is opened without following a symbolic link and
 * without waiting for the other end of a FIFO, and is looked at again once it is open, since
 * anything may have happened to it after the walker saw it.
 */
#include "treesum.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct hasher {
    EVP_MD_CTX *digest;
    unsigned char buffer[READ_SIZE];
};

struct hasher *hasher_make(void)
{
    struct hasher *h = malloc(sizeof(*h));
    if (!h)
        return NULL;
    h->digest = EVP_MD_CTX_new();
    if (!h->digest || !EVP_DigestInit_ex(h->digest, EVP_sha256(), NULL)) {
        hasher_free(h);
        return NULL;
    }
    return h;
}

void hasher_free(struct hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->digest);
    free(h);
}

static int open_regular(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP ? ERR_NOT_REGULAR : -errno;
    struct stat st;
    int err = 0;
    if (fstat(fd, &st) < 0)
        err = -errno;
    else if (!S_ISREG(st.st_mode))
        err = ERR_NOT_REGULAR;
    if (err < 0) {
        close(fd);
        return err;
    }
    return fd;
}

/* Fills the buffer, so that a short count means the end and saves the question for more. */
static ssize_t read_piece(int fd, unsigned char *buffer)
{
    size_t n = 0;
    while (n < READ_SIZE) {
        ssize_t got = read(fd, buffer + n, READ_SIZE - n);
        if (got == 0)
            break;
        if (got > 0)
            n += (size_t)got;
        else if (errno != EINTR)
            return -errno;
    }
    return (ssize_t)n;
}

static int hash_content(struct treesum *t, struct hasher *h, int fd)
{
    ssize_t n;
    do {
        n = leat_blocking(read_piece, fd, h->buffer);
        if (n < 0)
            return (int)n;
        if (stopped(t))
            return -ECANCELED;
        if (!EVP_DigestUpdate(h->digest, h->buffer, (size_t)n))
            return -EIO;
        atomic_fetch_add_explicit(&t->progress.bytes, (unsigned long long)n,
                                  memory_order_relaxed);
    } while (n == (ssize_t)READ_SIZE);
    return 0;
}

static int hash_file(struct treesum *t, struct hasher *h, struct slot *s)
{
    if (stopped(t))
        return -ECANCELED;
    int fd = leat_blocking(open_regular, s->path);
    if (fd < 0)
        return fd;
    int err = EVP_DigestInit_ex(h->digest, NULL, NULL) ? hash_content(t, h, fd) : -EIO;
    leat_blocking(close, fd); /* a read-only file: closing it has nothing to tell */
    if (err == 0 && !EVP_DigestFinal_ex(h->digest, s->digest, NULL))
        err = -EIO;
    return err;
}

void hash_files(struct treesum *t, struct hasher *h)
{
    leat_range(slot, t->todo)
        leat_send(slot->done, hash_file(t, h, slot));
}
