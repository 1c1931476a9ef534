/* SPDX-License-Identifier: MIT */
/* chars.h - the classes of characters that HTTP's grammar is made of, as one table. */
#ifndef LEAT_HTTP_CHARS_H
#define LEAT_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CH_TOKEN = 1,  /* tchar of RFC 9110 5.6.2: methods and names of fields */
    CH_VALUE = 2,  /* inside a field's value: visible, blank, tab, and bytes from 0x80 on */
    CH_TARGET = 4, /* inside a request's target: visible ASCII */
    CH_HOST = 8,   /* inside Host: what RFC 3986 allows in an authority without user */
    CH_HEX = 16,   /* a hexadecimal digit */
    CH_UNRESERVED = 32, /* RFC 3986 2.3: never needs %XX */
};

extern const uint8_t http__chars[256];

static inline bool char_is(char c, unsigned set)
{
    return (http__chars[(unsigned char)c] & set) != 0;
}

static inline char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The value of a digit that is CH_HEX. */
static inline unsigned char_hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(char_lower(c) - 'a' + 10);
}

/* Are all of them in the set? */
bool http__span_is(const char *s, size_t len, unsigned set);

/* Are they the same but for the case of ASCII letters? lower is in lower case. */
bool http__same(const char *s, size_t len, const char *lower, size_t lower_len);
bool http__same_text(const char *a, const char *b);

/* A decimal number of up to 18 digits and nothing else; -1 if it is not one. */
int64_t http__decimal(const char *s, size_t len);

/* Does a comma-separated list hold this word (in lower case)? */
bool http__list_has(const char *list, size_t len, const char *lower);

/* Decodes %XX; out may be in. The length of what came out, or -1: a digit is missing or a NUL
 * would come out. */
int64_t http__unescape(char *out, const char *in, size_t len);

/* The opposite, for a path: out has room for three times as much and a NUL. Where the NUL is. */
char *http__path_escape(char *out, const char *path);

#endif
