/* SPDX-License-Identifier: MIT */
/*
 * sse.c - Server-Sent Events (the HTML standard, 9.2): lines of text that are flushed as they are.
 *
 * A line end inside of a name or a number would begin another field, and is refused; inside of the
 * data it begins another line of data, which is what it means.
 *
 * PROOF files_test.c
 */
#include <leat/http/files.h>

#include <string.h>

#include "http_conn.h"

int leat_http_events_begin(leat_http_response *res)
{
    int err = leat_http_set_header(res, "Content-Type", "text/event-stream");

    if (!err)
        err = leat_http_set_header(res, "Cache-Control", "no-cache");
    return err ? err : leat_http_flush(res);
}

static bool is_one_line(const char *text)
{
    return !text || !strpbrk(text, "\r\n");
}

static int64_t event_field(leat_http_response *res, const char *name, const char *text,
                           size_t len)
{
    int64_t n = leat_http_write(res, name, strlen(name));

    if (n >= 0)
        n = leat_http_write(res, text, len);
    return n < 0 ? n : leat_http_write(res, "\n", 1);
}

static int64_t event_data(leat_http_response *res, const char *data)
{
    int64_t n;

    for (;;) {
        size_t len = strcspn(data, "\r\n");
        n = event_field(res, "data: ", data, len);
        data += len;
        if (n < 0 || !*data)
            return n;
        data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
    }
}

int leat_http_event(leat_http_response *res, const char *name, const char *id, const char *data)
{
    int64_t n = 0;

    if (!is_one_line(name) || !is_one_line(id))
        return -EINVAL;
    if (name)
        n = event_field(res, "event: ", name, strlen(name));
    if (n >= 0 && id)
        n = event_field(res, "id: ", id, strlen(id));
    if (n >= 0)
        n = data ? event_data(res, data) : leat_http_write(res, ":\n", 2);
    if (n >= 0)
        n = leat_http_write(res, "\n", 1);
    return n < 0 ? (int)n : leat_http_flush(res);
}
