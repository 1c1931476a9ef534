/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target without libFuzzer: replay FOLDER [ROUNDS]
 *
 * Every file of the folder as it is, then ROUNDS times one of them with some bytes changed,
 * dropped, doubled or spliced with another's. The changes are the same in every run, so that this
 * is a test; looking for more is libFuzzer's job (tests/fuzz/run).
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SEEDS = 256, MAX_LEN = 4096 };

struct seed {
    size_t len;
    uint8_t data[MAX_LEN];
};

static struct seed *seeds[MAX_SEEDS];
static size_t nseeds;
static uint64_t state = 0x9e3779b97f4a7c15;

static size_t below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state >> 11) % n;
}

static void load(const char *folder, const char *name)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    if (!f || nseeds == MAX_SEEDS)
        exit(2);
    seeds[nseeds] = calloc(1, sizeof(struct seed));
    seeds[nseeds]->len = fread(seeds[nseeds]->data, 1, MAX_LEN, f);
    nseeds++;
    fclose(f);
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void load_all(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, not_hidden, alphasort);

    if (n <= 0) {
        fprintf(stderr, "no seeds in %s\n", folder);
        exit(2);
    }
    for (int i = 0; i < n; i++) {
        load(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

static void splice(struct seed *s)
{
    const struct seed *other = seeds[below(nseeds)];
    size_t at = below(s->len + 1), from = below(other->len + 1), n = other->len - from;

    if (n > MAX_LEN - at)
        n = MAX_LEN - at;
    memcpy(s->data + at, other->data + from, n);
    s->len = at + n;
}

static void mutate(struct seed *s)
{
    static const char interesting[] = "\r\n\0 \t:;,/%{}.?#[]0123456789abcdefHh-_~\x7f\xff";
    size_t at = below(s->len + 1), n;

    switch (below(5)) {
    case 0: /* another byte */
        if (at < s->len)
            s->data[at] = (uint8_t)interesting[below(sizeof interesting - 1)];
        break;
    case 1: /* a bit */
        if (at < s->len)
            s->data[at] ^= (uint8_t)(1u << below(8));
        break;
    case 2: /* some bytes less */
        n = below(8) < s->len - at ? below(8) : s->len - at;
        n = n > s->len - at ? s->len - at : n;
        memmove(s->data + at, s->data + at + n, s->len - at - n);
        s->len -= n;
        break;
    case 3: /* one more */
        if (s->len < MAX_LEN) {
            memmove(s->data + at + 1, s->data + at, s->len - at);
            s->data[at] = (uint8_t)interesting[below(sizeof interesting - 1)];
            s->len++;
        }
        break;
    default:
        splice(s);
        break;
    }
}

/* From memory of exactly this size, so that a sanitizer sees one byte too many. */
static void run_one(const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);

    memcpy(exact, data, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 20000;
    static struct seed s;

    if (argc < 2)
        return 2;
    load_all(argv[1]);
    for (size_t i = 0; i < nseeds; i++)
        run_one(seeds[i]->data, seeds[i]->len);
    for (long i = 0; i < rounds; i++) {
        memcpy(&s, seeds[below(nseeds)], sizeof s);
        for (size_t n = below(4) + 1; n > 0; n--)
            mutate(&s);
        run_one(s.data, s.len);
    }
    for (size_t i = 0; i < nseeds; i++)
        free(seeds[i]);
    printf("%zu seeds, %ld mutations, no finding\n", nseeds, rounds);
    return 0;
}
