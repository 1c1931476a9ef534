/* SPDX-License-Identifier: MIT */
/* fuzz_date.c - dates: what is one is the same second when it is written and read again. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), date[32];

    FUZZ_CHECK(text);
    memcpy(text, data, len);
    text[len] = '\0';
    int64_t seconds = http__date_parse(text);
    free(text);
    FUZZ_CHECK(seconds >= -1);
    if (seconds < 0)
        return 0;
    memset(date, 'x', sizeof date);
    http__date_format(date, seconds);
    FUZZ_CHECK(strlen(date) == 29);
    FUZZ_CHECK(http__date_parse(date) == seconds);
    return 0;
}
