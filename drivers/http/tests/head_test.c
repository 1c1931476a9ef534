/* SPDX-License-Identifier: MIT */
/* head_test.c - heads of requests and responses: what is understood, and what is refused. */
#include "head.h"

#include "t.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parsed {
    struct http_head head;
    char *buf;
};

/* 0, or the status; -EBADMSG when the search for the end refused it already. */
static int parse_text(struct parsed *p, const char *text, size_t len)
{
    size_t seen = 0;
    int64_t end = http__head_end(text, len, &seen);

    *p = (struct parsed){.head.fields.limit = 8};
    if (end <= 0)
        return end ? (int)end : -EAGAIN;
    p->buf = malloc((size_t)end);
    memcpy(p->buf, text, (size_t)end);
    return http__parse_request(&p->head, p->buf, (size_t)end);
}

static void parsed_free(struct parsed *p)
{
    free(p->buf);
    free(p->head.fields.at);
}

T_TEST(a_request_is_split_in_place)
{
    static const char text[] = "POST /a?b=c HTTP/1.1\r\nHost: example.org:80\r\nX-Empty:\r\n"
                               "x-blank: \t a b \t \r\nContent-Length: 12\r\n\r\nrest";
    struct parsed p;

    T_ERR(parse_text(&p, text, sizeof text - 1), 0);
    T_STREQ(p.head.method, "POST");
    T_STREQ(p.head.target, "/a?b=c");
    T_EQ(p.head.minor, 1);
    T_STREQ(p.head.host, "example.org:80");
    T_EQ(p.head.content_length, 12);
    T_TRUE(p.head.keep_alive);
    T_EQ(p.head.fields.len, 4);
    T_STREQ(http__field(&p.head.fields, "x-EMPTY")->value, "");
    T_STREQ(http__field(&p.head.fields, "X-Blank")->value, "a b");
    T_TRUE(!http__field(&p.head.fields, "X-None"));
    parsed_free(&p);
}

static const struct {
    const char *text;
    int want;
} requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"GET / HTTP/1.0\r\n\r\n", 0},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
    {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", 0},
    {"M!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\r\n\r\n", 0},
    /* the start line */
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1\r\nHost: a\r\n\r\n", 400},
    {"GET /\r\nHost: a\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    /* line ends */
    {"GET / HTTP/1.1\nHost: a\n\n", -EBADMSG},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", -EBADMSG},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n", -EBADMSG},
    {"\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", -EBADMSG},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", 400},
    /* fields */
    {"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
    /* who is meant */
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    /* where the body ends */
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
     400},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 501},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     400},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
     "chunked\r\n\r\n",
     400},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    /* too much: eight fields are allowed here */
    {"GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\n\r\n", 431},
};

T_TEST(requests_are_taken_or_refused)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct parsed p;
        int got = parse_text(&p, requests[i].text, strlen(requests[i].text));

        if (got != requests[i].want)
            T_FAIL("%d instead of %d for:\n%s", got, requests[i].want, requests[i].text);
        parsed_free(&p);
    }
}

T_TEST(a_nul_is_refused_wherever_it_stands)
{
    static const char text[] = "GET /ab HTTP/1.1\r\nHost: abc\r\nX-Y: d e\r\n\r\n";

    for (size_t i = 0; i < sizeof text - 1; i++) {
        char copy[sizeof text];
        struct parsed p;
        int got;

        memcpy(copy, text, sizeof text);
        copy[i] = '\0';
        got = parse_text(&p, copy, sizeof text - 1);
        T_NE(got, 0);
        parsed_free(&p);
    }
}

T_TEST(the_end_is_found_however_the_bytes_come)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
    size_t seen = 0;

    for (size_t len = 0; len < sizeof text - 1 - 3; len++)
        T_EQ(http__head_end(text, len, &seen), 0);
    T_EQ(http__head_end(text, sizeof text - 1, &seen), (int64_t)sizeof text - 1 - 3);
}

static const struct {
    const char *fields;
    bool old, keep;
} keeps[] = {
    {"", false, true},
    {"", true, false},
    {"Connection: close\r\n", false, false},
    {"Connection: Keep-Alive, CLOSE\r\n", false, false},
    {"Connection: keep-alive\r\n", true, true},
    {"Connection: upgrade\r\nConnection: close\r\n", false, false},
    {"Connection: closed\r\n", false, true},
};

T_TEST(connections_are_kept_by_version_and_wish)
{
    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++) {
        char text[200];
        struct parsed p;

        strcpy(text, keeps[i].old ? "GET / HTTP/1.0\r\nHost: a\r\n"
                                  : "GET / HTTP/1.1\r\nHost: a\r\n");
        strcat(strcat(text, keeps[i].fields), "\r\n");
        T_ERR(parse_text(&p, text, strlen(text)), 0);
        T_EQ(p.head.keep_alive, keeps[i].keep);
        parsed_free(&p);
    }
}

static const struct {
    const char *text;
    int want, status;
} responses[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", 0, 200},
    {"HTTP/1.1 204 \r\n\r\n", 0, 204},
    {"HTTP/1.1 204\r\n\r\n", 0, 204},
    {"HTTP/1.0 404 Not Found at all\r\nX: y\r\n\r\n", 0, 404},
    {"HTTP/1.1 99 X\r\n\r\n", -EBADMSG, 0},
    {"HTTP/1.1 099 X\r\n\r\n", -EBADMSG, 0},
    {"HTTP/1.1 2000 X\r\n\r\n", -EBADMSG, 0},
    {"HTTP/1.1 20x X\r\n\r\n", -EBADMSG, 0},
    {"HTTP/2.0 200 OK\r\n\r\n", -EBADMSG, 0},
    {"HTTP/1.1  200 OK\r\n\r\n", -EBADMSG, 0},
    {"ICY 200 OK\r\n\r\n", -EBADMSG, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", -EBADMSG, 0},
};

T_TEST(responses_are_taken_or_refused)
{
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        struct http_head head = {.fields.limit = 8};
        size_t seen = 0, len = strlen(responses[i].text);
        char *buf = strdup(responses[i].text);

        T_EQ(http__head_end(buf, len, &seen), (int64_t)len);
        if (http__parse_response(&head, buf, len) != responses[i].want)
            T_FAIL("not %d for:\n%s", responses[i].want, responses[i].text);
        if (!responses[i].want)
            T_EQ(head.status, responses[i].status);
        free(head.fields.at);
        free(buf);
    }
}
