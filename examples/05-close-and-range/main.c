/* SPDX-License-Identifier: MIT */
/*
 * 05 close and range: read a web server's log and count what the visitors got.
 *
 * The reader cannot know how many lines there will be, so the sender says when it was the last
 * one: it closes the channel. Only the sender closes, and only once; a send on a closed channel
 * is a mistake that stops the program, because it means that somebody was not told. Values that
 * were sent before the close are all still delivered.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

struct hit {
    char path[24];
    int status;
};

typedef leat_chan(struct hit) hit_chan;

static const char server_log[] = "GET / 200\n"
                                 "GET /news 200\n"
                                 "GET /favicon.ico 404\n"
                                 "POST /login 302\n"
                                 "this line is damaged\n"
                                 "GET /news 304\n"
                                 "GET /export 500\n"
                                 "GET /robots.txt 404\n";

/* Structs are copied into the channel: the same variable can be used for the next line. */
static void read_log(const char *log, hit_chan hits)
{
    while (*log) {
        struct hit h;
        if (sscanf(log, "%*s %23s %d", h.path, &h.status) == 2)
            leat_send(hits, h);
        log = strchr(log, '\n') + 1;
    }
    leat_close(hits);
}

int main(void)
{
    int by_class[6] = {0};
    hit_chan hits = leat_chan_make(hit_chan, 4);
    leat_go(read_log, server_log, hits);

    /* leat_range receives until the channel is closed and empty. break and continue work. */
    leat_range(h, hits) {
        if (h.status < 100 || h.status > 599)
            continue;
        by_class[h.status / 100]++;
        if (h.status >= 400)
            printf("%d for %s\n", h.status, h.path);
    }
    for (int c = 2; c <= 5; c++)
        printf("%dxx: %d\n", c, by_class[c]);

    /* After that a receive never waits: it says false and sets its target to zero. */
    struct hit last = {"/", 200};
    bool more = leat_recv(hits, &last);
    printf("after the end: %s, status %d\n", more ? "more" : "no more", last.status);
    leat_chan_free(hits);
    return 0;
}
