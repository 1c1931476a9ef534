/* SPDX-License-Identifier: MIT */
/*
 * 25 stream: log lines through ready-made parts: parsed in parallel, in order, stored in batches.
 *
 *     next_line --> parse (4 at a time, order kept) --> tee --> count errors
 *                                                         \--> store, three at a time
 *
 * Example 08 wrote every stage by hand. Here each stage is a function of one value; the channels
 * are closed, waited for and given up by the parts. All of them belong to one group: the first
 * error ends everything, and no goroutine is left behind, wherever it waits.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

static const char *const raw[] = {
    "200 /",    "200 /docs",     "404 /favicon.ico", "200 /blog", "500 /search", "# comment",
    "301 /old", "200 /docs/api", "500 /search",      "404 /x",    "200 /about",
};
enum { LINES = sizeof(raw) / sizeof(raw[0]) };

struct record {
    int line, status;
    char path[24];
};

typedef leat_chan(struct record) record_chan;

static int next_line(int *out, int *line)
{
    *out = (*line)++;
    return *out < LINES ? 0 : LEAT_END;
}

/* Workers call this at the same time; what takes longer does not change the order. */
static int parse(const int *line, struct record *out, void *unused)
{
    (void)unused;
    out->line = *line;
    if (*line % 3 == 0)
        leat_sleep(LEAT_MILLISECOND);
    return sscanf(raw[*line], "%d %23s", &out->status, out->path) == 2 ? 0 : LEAT_SKIP;
}

static int count_errors(const struct record *r, int *errors)
{
    *errors += r->status >= 400;
    return 0;
}

struct store {
    int batches, fail_at;
};

static int store(const struct record *records, size_t n, struct store *s)
{
    printf("batch %d:", ++s->batches);
    for (size_t i = 0; i < n; i++)
        printf(" %d:%s", records[i].line, records[i].path);
    printf("\n");
    return s->batches == s->fail_at ? -ENOSPC : 0;
}

static int run(int fail_at, int *errors)
{
    leat_scoped_chan(leat_int_chan, lines, 0);
    leat_scoped_chan(record_chan, records, 4);
    leat_scoped_chan(record_chan, for_count, 16);
    leat_scoped_chan(record_chan, for_store, 16);
    record_chan both[] = {for_count, for_store};
    struct store s = {0, fail_at};
    int line = 0;

    leat_scoped_group(g, NULL);
    leat_source(&g, lines, next_line, &line);
    leat_ordered_stage(&g, 4, 8, lines, records, parse, NULL);
    leat_tee(&g, records, both, 2);
    leat_sink(&g, 1, for_count, count_errors, errors);
    leat_batch(&g, for_store, 3, LEAT_MINUTE, store, &s);
    return leat_group_wait(&g);
}

int main(void)
{
    int errors = 0, ignored = 0;

    int err = run(0, &errors);
    printf("%s, %d requests failed\n", err ? leat_strerror(err) : "stored", errors);
    err = run(2, &ignored);
    printf("%s\n", leat_strerror(err));
    return 0;
}
