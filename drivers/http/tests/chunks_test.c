/* SPDX-License-Identifier: MIT */
/* chunks_test.c - the chunked coding: decoded alike in one piece and byte by byte. */
#include "chunks.h"

#include "t.h"

#include <errno.h>
#include <string.h>

/* Feeds at most step bytes at a time; the data goes to out. How much was taken, or the error;
 * -EAGAIN when it has not ended. */
static int64_t decode(const char *in, size_t len, size_t step, char *out)
{
    struct chunks c = {0};
    size_t i = 0;

    while (i < len && !http__chunks_done(&c)) {
        const char *data = NULL;
        size_t data_len, n = len - i < step ? len - i : step;
        int64_t took = http__chunks_take(&c, in + i, n, &data, &data_len);

        if (took < 0)
            return took;
        T_TRUE(took > 0 || http__chunks_done(&c));
        if (data_len)
            out = (char *)memcpy(out, data, data_len) + data_len;
        i += (size_t)took;
    }
    *out = '\0';
    return http__chunks_done(&c) ? (int64_t)i : -EAGAIN;
}

static const struct {
    const char *in, *out;
    int left; /* bytes behind the end */
    int err;
} codings[] = {
    {"0\r\n\r\n", "", 0, 0},
    {"5\r\nhello\r\n0\r\n\r\nGET", "hello", 3, 0},
    {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 0, 0},
    {"a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", "01234567890123456789", 0, 0},
    {"5;x=y;z=\"q\"\r\nhello\r\n0;last\r\n\r\n", "hello", 0, 0},
    {"5 \r\nhello\r\n0\r\n\r\n", "hello", 0, 0},
    {"0\r\nX-Trailer: value\r\nY:\r\n\r\n", "", 0, 0},
    {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0, 0},
    /* sizes */
    {"\r\n", NULL, 0, -EBADMSG},
    {"g\r\n", NULL, 0, -EBADMSG},
    {"-1\r\n", NULL, 0, -EBADMSG},
    {"+1\r\n", NULL, 0, -EBADMSG},
    {"0x1\r\n", NULL, 0, -EBADMSG},
    {" 1\r\n", NULL, 0, -EBADMSG},
    {";x\r\n", NULL, 0, -EBADMSG},
    {"1_0\r\n", NULL, 0, -EBADMSG},
    {"0000000000000005\r\nhello\r\n", NULL, 0, -EBADMSG},
    {"fffffffffffffffff\r\n", NULL, 0, -EBADMSG},
    /* line ends */
    {"5\nhello\r\n0\r\n\r\n", NULL, 0, -EBADMSG},
    {"5\r\nhello\n0\r\n\r\n", NULL, 0, -EBADMSG},
    {"5\r\nhello0\r\n\r\n", NULL, 0, -EBADMSG},
    {"5\r\nhelloworld\r\n0\r\n\r\n", NULL, 0, -EBADMSG},
    {"5\rhello\r\n", NULL, 0, -EBADMSG},
    {"5;a\rb\r\nhello", NULL, 0, -EBADMSG},
    {"5;a\nb\r\nhello", NULL, 0, -EBADMSG},
    {"0\r\n\n", NULL, 0, -EBADMSG},
    {"0\n\n", NULL, 0, -EBADMSG},
    {"0\r\n\rX", NULL, 0, -EBADMSG},
    /* trailers */
    {"0\r\nX\r\n\r\n", NULL, 0, -EBADMSG},
    {"0\r\n X: y\r\n\r\n", NULL, 0, -EBADMSG},
    {"0\r\nX : y\r\n\r\n", NULL, 0, -EBADMSG},
    {"0\r\nX: y\nZ: w\r\n\r\n", NULL, 0, -EBADMSG},
    {"0\r\n: y\r\n\r\n", NULL, 0, -EBADMSG},
    /* not at an end */
    {"5\r\nhel", NULL, 0, -EAGAIN},
    {"0\r\n", NULL, 0, -EAGAIN},
    {"0\r\n\r", NULL, 0, -EAGAIN},
};

T_TEST(codings_are_decoded_or_refused_in_pieces_of_any_size)
{
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        size_t len = strlen(codings[i].in);

        for (size_t step = 1; step <= len; step++) {
            char out[64];
            int64_t got = decode(codings[i].in, len, step, out);
            int64_t want = codings[i].err ? codings[i].err : (int64_t)len - codings[i].left;

            if (got != want)
                T_FAIL("%ld instead of %ld, %zu at a time:\n%s", (long)got, (long)want, step,
                       codings[i].in);
            if (!codings[i].err)
                T_STREQ(out, codings[i].out);
        }
    }
}

/* Feeds a chunk again and again: whether it is refused before `times` of them. */
static bool refused_in_time(const char *chunk, int times)
{
    struct chunks c = {0};
    size_t len = strlen(chunk);

    for (int n = 0; n < times; n++) {
        for (size_t i = 0; i < len;) {
            const char *data;
            size_t data_len;
            int64_t took = http__chunks_take(&c, chunk + i, len - i, &data, &data_len);

            if (took < 0)
                return true;
            i += (size_t)took;
        }
    }
    return false;
}

T_TEST(a_coding_that_is_all_extensions_is_refused)
{
    T_TRUE(refused_in_time("1;aaaaaaaaaaaaaaaa\r\nx\r\n", 2000));
    T_FALSE(refused_in_time("10;a=b\r\n0123456789abcdef\r\n", 20000));
    T_FALSE(refused_in_time("1\r\nx\r\n", 20000));
}
