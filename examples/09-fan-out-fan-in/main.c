/* SPDX-License-Identifier: MIT */
/*
 * 09 fan-out and fan-in: search several texts at once and gather what was found.
 *
 *                 /--> search --\
 *     texts ------+--> search ---+--> hits --> main sorts and prints
 *                 \--> search --/
 *
 * Fan-out: one goroutine for each text. Fan-in: all of them send to one channel. Who closes it?
 * None of the searchers can, since the others may still be sending. So one more goroutine waits
 * for all of them and closes it then; main needs to know nothing but the end of the range.
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hit {
    int text, line;
    char words[72];
};

typedef leat_chan(struct hit) hit_chan;

static const struct {
    const char *title, *lines;
} texts[] = {
    {"mill", "The leat brings water to the mill.\n"
             "The wheel turns, and the stones with it.\n"
             "No water, no flour.\n"},
    {"garden", "In the morning the garden is dry.\n"
               "A can of water for the beans,\n"
               "two cans of water for the pumpkins.\n"},
    {"harbour", "The tide is out.\n"
                "Boats lie in the mud and wait for water.\n"},
    {"desert", "Sand, stones, sky.\n"},
};
#define TEXTS ((int)(sizeof(texts) / sizeof(texts[0])))

static void search(int text, const char *word, hit_chan hits)
{
    const char *line = texts[text].lines;
    for (int number = 1; *line; number++) {
        struct hit h = {.text = text, .line = number};
        size_t length = strcspn(line, "\n");
        snprintf(h.words, sizeof(h.words), "%.*s", (int)length, line);
        if (strstr(h.words, word))
            leat_send(hits, h);
        line += length + 1;
    }
}

static void close_when_done(leat_waitgroup *searchers, hit_chan hits)
{
    leat_waitgroup_wait(searchers);
    leat_close(hits);
}

static int by_place(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    return x->text != y->text ? x->text - y->text : x->line - y->line;
}

int main(void)
{
    hit_chan hits = leat_chan_make(hit_chan, 0);
    leat_waitgroup searchers = {0};
    for (int i = 0; i < TEXTS; i++)
        leat_waitgroup_go(&searchers, search, i, "water", hits);
    leat_go(close_when_done, &searchers, hits);

    /* Hits arrive in no particular order; where that matters, the one who gathers sorts. */
    struct hit found[16];
    size_t n = 0;
    leat_range(h, hits)
        if (n < sizeof(found) / sizeof(found[0]))
            found[n++] = h;
    qsort(found, n, sizeof(found[0]), by_place);

    for (size_t i = 0; i < n; i++)
        printf("%s:%d: %s\n", texts[found[i].text].title, found[i].line, found[i].words);
    leat_chan_free(hits);
    return 0;
}
