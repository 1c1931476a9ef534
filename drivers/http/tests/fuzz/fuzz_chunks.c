/* SPDX-License-Identifier: MIT */
/* fuzz_chunks.c - the chunked coding gives the same data whole and in pieces. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "chunks.h"

/* Decodes with at most step bytes at a time; where it ended or failed goes to *at. */
static size_t decode_all(const char *in, size_t len, size_t step, char *out, int64_t *at)
{
    struct chunks c = {0};
    size_t i = 0, n = 0;

    while (i < len && !http__chunks_done(&c)) {
        const char *data;
        size_t data_len, room = len - i < step ? len - i : step;
        int64_t took = http__chunks_take(&c, in + i, room, &data, &data_len);

        if (took < 0) {
            *at = -1;
            return n;
        }
        FUZZ_CHECK((size_t)took <= room);
        FUZZ_CHECK(!data_len || (data >= in + i && data + data_len == in + i + took));
        if (data_len)
            memcpy(out + n, data, data_len);
        n += data_len;
        i += (size_t)took;
    }
    *at = (int64_t)i;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *whole = malloc(2 * len + 1), *pieces = whole + len;
    size_t step = len ? 1 + data[0] % 7 : 1, a, b;
    int64_t at, other;

    FUZZ_CHECK(whole);
    a = decode_all((const char *)data, len, len, whole, &at);
    b = decode_all((const char *)data, len, step, pieces, &other);
    FUZZ_CHECK(at == other && a == b && memcmp(whole, pieces, a) == 0);
    free(whole);
    return 0;
}
