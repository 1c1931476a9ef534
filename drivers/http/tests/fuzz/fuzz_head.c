/* SPDX-License-Identifier: MIT */
/* fuzz_head.c - heads: the search for the end does not depend on how the bytes come, nothing is
 * read beyond it, and every string of an accepted head is clean. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "chars.h"
#include "head.h"

static void check_fields(const struct http_head *h)
{
    for (int i = 0; i < h->fields.len; i++) {
        const struct http_field *f = &h->fields.at[i];

        FUZZ_CHECK(f->name_len > 0 && strlen(f->name) == f->name_len);
        FUZZ_CHECK(strlen(f->value) == f->value_len);
        FUZZ_CHECK(http__span_is(f->name, f->name_len, CH_TOKEN));
        FUZZ_CHECK(http__span_is(f->value, f->value_len, CH_VALUE));
    }
    FUZZ_CHECK(!h->chunked || h->content_length < 0);
}

static char *exact_copy(const uint8_t *data, size_t len)
{
    char *copy = malloc(len);

    FUZZ_CHECK(copy);
    return memcpy(copy, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t seen = 0, slow = 0;
    int64_t end = http__head_end((const char *)data, len, &seen), found = 0;
    struct http_head h = {.fields.limit = 32};
    char *copy;

    for (size_t n = 0; n <= len && !found; n++)
        found = http__head_end((const char *)data, n, &slow);
    FUZZ_CHECK(found == end);
    if (end <= 0)
        return 0;
    copy = exact_copy(data, (size_t)end);
    if (!http__parse_request(&h, copy, (size_t)end)) {
        FUZZ_CHECK(http__span_is(h.method, h.method_len, CH_TOKEN));
        FUZZ_CHECK(http__span_is(h.target, h.target_len, CH_TARGET));
        check_fields(&h);
    }
    free(copy);
    copy = exact_copy(data, (size_t)end);
    if (!http__parse_response(&h, copy, (size_t)end))
        check_fields(&h);
    free(copy);
    free(h.fields.at);
    return 0;
}
