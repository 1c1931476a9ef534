/* SPDX-License-Identifier: MIT */
/* chunks.h - the chunked transfer coding, decoded as it comes. */
#ifndef LEAT_HTTP_CHUNKS_H
#define LEAT_HTTP_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

/* The zero value stands before the first chunk. */
struct chunks {
    uint64_t left;     /* data of this chunk still to come; the size while it is being read */
    uint32_t overhead; /* bytes of extensions and trailers so far */
    uint8_t state;
    uint8_t digits;
};

/*
 * Takes from in what it can up to the end of one run of data, which is then *data, *data_len,
 * a part of in. How many bytes it took, or -EBADMSG; none are left over unless the coding has
 * ended or there was data. May be called with one byte or with megabytes.
 */
int64_t http__chunks_take(struct chunks *c, const char *in, size_t len, const char **data,
                          size_t *data_len);

/* Has the last byte of the last line been taken? */
int http__chunks_done(const struct chunks *c);

#endif
