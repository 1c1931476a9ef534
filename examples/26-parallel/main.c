/* SPDX-License-Identifier: MIT */
/*
 * 26 parallel: a picture by rows, a sum by halves, and a sort, on all processors.
 *
 * Not everything that runs at the same time is a conversation. A loop whose steps know nothing of
 * each other needs no channel: leat_parallel_for gives pieces of it to all processors and comes
 * back when all are done. leat_parallel_reduce also joins what the pieces found, neighbours with
 * neighbours, so that the result is the same on every machine and every run.
 */
#include <leat.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 64, HEIGHT = 17, NUMBERS = 200000 };

static char picture[HEIGHT][WIDTH + 1];

/* In whole numbers, a millionth each: the same picture on every machine. */
#define ONE INT64_C(1000000)

static char shade(int64_t cx, int64_t cy)
{
    int64_t x = 0, y = 0;
    int n = 0;

    for (; n < 60 && x * x + y * y < 4 * ONE * ONE; n++) {
        int64_t next = (x * x - y * y) / ONE + cx;
        y = 2 * x * y / ONE + cy;
        x = next;
    }
    return " .:-=+*#%@"[n * 9 / 60];
}

static int draw_rows(int64_t from, int64_t to, void *unused)
{
    (void)unused;
    for (int64_t row = from; row < to; row++) {
        char *end = picture[row];
        for (int64_t col = 0; col < WIDTH; col++) {
            picture[row][col] = shade((29 * col - 21 * WIDTH) * ONE / (10 * WIDTH),
                                      (row - 8) * ONE * 3 / 20);
            if (picture[row][col] != ' ')
                end = &picture[row][col + 1];
        }
        *end = '\0';
    }
    return 0;
}

/* The longest rise in a row of numbers: pieces must be joined in their order. */
struct rise {
    int length, best; /* of the whole piece: how long, and its longest rise */
    int at_start, at_end;
    uint32_t first, last;
};

static int find_rise(int64_t from, int64_t to, struct rise *r, const uint32_t *v)
{
    int run = 1;

    *r = (struct rise){.length = (int)(to - from), .first = v[from], .last = v[to - 1]};
    for (int64_t i = from + 1; i <= to; i++) {
        bool on = i < to && v[i] > v[i - 1];
        if (!on && r->at_start == 0)
            r->at_start = run;
        if (!on && run > r->best)
            r->best = run;
        if (i == to)
            r->at_end = run;
        run = on ? run + 1 : 1;
    }
    return 0;
}

static void join_rises(struct rise *left, const struct rise *right)
{
    bool over = left->last < right->first;
    int middle = over ? left->at_end + right->at_start : 0;
    struct rise r = {.length = left->length + right->length,
                     .first = left->first,
                     .last = right->last,
                     .at_start = left->at_start,
                     .at_end = right->at_end,
                     .best = left->best > right->best ? left->best : right->best};

    if (middle > r.best)
        r.best = middle;
    if (over && left->at_start == left->length)
        r.at_start = middle;
    if (over && right->at_end == right->length)
        r.at_end = middle;
    *left = r;
}

static int by_value(const uint32_t *a, const uint32_t *b)
{
    return (*a > *b) - (*a < *b);
}

int main(void)
{
    uint32_t *numbers = malloc(NUMBERS * sizeof(*numbers));
    struct rise rise = {0};

    leat_parallel_for(0, HEIGHT, 1, draw_rows, NULL);
    for (int row = 0; row < HEIGHT; row++)
        puts(picture[row]);

    for (uint32_t i = 0, x = 1; i < NUMBERS; i++)
        numbers[i] = (x = x * 1664525 + 1013904223) >> 8;
    leat_parallel_reduce(0, NUMBERS, 0, &rise, find_rise, join_rises, numbers);
    printf("longest rise among %d numbers: %d\n", rise.length, rise.best);

    leat_parallel_sort(numbers, NUMBERS, 0, by_value);
    rise = (struct rise){0};
    leat_parallel_reduce(0, NUMBERS, 0, &rise, find_rise, join_rises, numbers);
    printf("smallest %u, median %u, largest %u\n", numbers[0], numbers[NUMBERS / 2],
           numbers[NUMBERS - 1]);
    free(numbers);
    return 0;
}
