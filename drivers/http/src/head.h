/* SPDX-License-Identifier: MIT */
/* head.h - the heads of HTTP/1 messages: a start line and fields, parsed where they lie. */
#ifndef LEAT_HTTP_HEAD_H
#define LEAT_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One field: both strings end with a NUL, in the buffer they came in. */
struct http_field {
    const char *name, *value;
    uint32_t name_len, value_len;
};

struct http_fields {
    struct http_field *at;
    int len, cap;
    int limit; /* more than so many are refused */
};

struct http_head {
    struct http_fields fields;
    char *method; /* requests: both end with a NUL */
    char *target;
    size_t method_len, target_len;
    const char *reason; /* responses */
    int status;
    int major, minor;       /* 1 and 0 or 1, or 2 and 0 */
    int64_t content_length; /* -1: none was given */
    const char *host;       /* NULL: none was given */
    bool chunked;
    bool keep_alive; /* may the connection be used again? */
    bool expect_continue;
    bool upgrade; /* Connection names upgrade */
};

/*
 * Where does the head end that buf starts with? *seen is how far the search has come, 0 at the
 * start; it goes on from there when more has been read. The length of the head with its empty
 * line, 0 when more is needed, -EBADMSG when what is there cannot become a head.
 */
int64_t http__head_end(const char *buf, size_t len, size_t *seen);

/*
 * Parse a whole head, of the length that http__head_end gave. NULs are written behind every
 * part, so the buffer is changed. 0, or the status of the answer that says what is wrong:
 * 400, 431 (too many fields), 501 (a transfer coding we have not), 505 (version).
 */
int http__parse_request(struct http_head *h, char *buf, size_t len);

/* The same for a response: 0, -EBADMSG, -ENOMEM or -E2BIG (too many fields). */
int http__parse_response(struct http_head *h, char *buf, size_t len);

/* The first field of this name, whatever its case; NULL if there is none. */
const struct http_field *http__field(const struct http_fields *fields, const char *name);

/* An empty head, for one who has fields of another form; those below are added to it. */
void http__head_begin(struct http_head *h);

/* Adds one whose strings are well formed, and takes its meaning: 0, or the status of the answer. */
int http__head_add(struct http_head *h, const struct http_field *f);
/* The same for who reads an answer: 0, or what is wrong with it as -errno. */
int http__head_error(int status);

#endif
