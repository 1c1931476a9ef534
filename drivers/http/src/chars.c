/* SPDX-License-Identifier: MIT */
/*
 * chars.c - the table of chars.h, made by the compiler out of ranges, and what reads it.
 */
#include "chars.h"

#include <string.h>

#define VISIBLE (CH_VALUE | CH_TARGET)
#define LETTER  (VISIBLE | CH_TOKEN | CH_HOST | CH_UNRESERVED)
#define MARK    (VISIBLE | CH_TOKEN | CH_HOST) /* in tokens and in authorities */

const uint8_t http__chars[256] = {
    ['\t'] = CH_VALUE,
    [' '] = CH_VALUE,
    ['!'] = MARK,
    ['"'] = VISIBLE,
    ['#'] = VISIBLE | CH_TOKEN,
    ['$'] = MARK,
    ['%'] = MARK,
    ['&'] = MARK,
    ['\''] = MARK,
    ['('] = VISIBLE | CH_HOST,
    [')'] = VISIBLE | CH_HOST,
    ['*'] = MARK,
    ['+'] = MARK,
    [','] = VISIBLE | CH_HOST,
    ['-'] = LETTER,
    ['.'] = LETTER,
    ['/'] = VISIBLE,
    ['0' ... '9'] = LETTER | CH_HEX,
    [':'] = VISIBLE | CH_HOST,
    [';'] = VISIBLE | CH_HOST,
    ['<'] = VISIBLE,
    ['='] = VISIBLE | CH_HOST,
    ['>'] = VISIBLE,
    ['?'] = VISIBLE,
    ['@'] = VISIBLE,
    ['A' ... 'F'] = LETTER | CH_HEX,
    ['G' ... 'Z'] = LETTER,
    ['['] = VISIBLE | CH_HOST,
    ['\\'] = VISIBLE,
    [']'] = VISIBLE | CH_HOST,
    ['^'] = VISIBLE | CH_TOKEN,
    ['_'] = LETTER,
    ['`'] = VISIBLE | CH_TOKEN,
    ['a' ... 'f'] = LETTER | CH_HEX,
    ['g' ... 'z'] = LETTER,
    ['{'] = VISIBLE,
    ['|'] = VISIBLE | CH_TOKEN,
    ['}'] = VISIBLE,
    ['~'] = LETTER,
    [0x80 ... 0xff] = CH_VALUE,
};

bool http__span_is(const char *s, size_t len, unsigned set)
{
    for (size_t i = 0; i < len; i++) {
        if (!char_is(s[i], set))
            return false;
    }
    return true;
}

bool http__same(const char *s, size_t len, const char *lower, size_t lower_len)
{
    if (len != lower_len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (char_lower(s[i]) != lower[i])
            return false;
    }
    return true;
}

bool http__same_text(const char *a, const char *b)
{
    while (*a && char_lower(*a) == char_lower(*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

int64_t http__decimal(const char *s, size_t len)
{
    int64_t n = 0;

    if (len == 0 || len > 18)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        n = n * 10 + (s[i] - '0');
    }
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool http__list_has(const char *list, size_t len, const char *lower)
{
    const char *end = list + len;

    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;
        const char *next = comma ? comma + 1 : end;

        while (list < stop && is_blank(*list))
            list++;
        while (stop > list && is_blank(stop[-1]))
            stop--;
        if (http__same(list, (size_t)(stop - list), lower, strlen(lower)))
            return true;
        list = next;
    }
    return false;
}

int64_t http__unescape(char *out, const char *in, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = in[i];

        if (c == '%') {
            if (len - i < 3 || !char_is(in[i + 1], CH_HEX) || !char_is(in[i + 2], CH_HEX))
                return -1;
            c = (char)(char_hex(in[i + 1]) << 4 | char_hex(in[i + 2]));
            if (!c)
                return -1;
            i += 2;
        }
        out[n++] = c;
    }
    return (int64_t)n;
}

char *http__path_escape(char *out, const char *path)
{
    for (; *path; path++) {
        if (char_is(*path, CH_UNRESERVED) || strchr("/:@!$&'()*+,;=", *path)) {
            *out++ = *path;
        } else {
            *out++ = '%';
            *out++ = "0123456789ABCDEF"[(unsigned char)*path >> 4];
            *out++ = "0123456789ABCDEF"[*path & 15];
        }
    }
    *out = '\0';
    return out;
}
