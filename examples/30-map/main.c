/* SPDX-License-Identifier: MIT */
/*
 * 30 map: count the words of several texts at once, in one table.
 *
 * A table with a mutex around it lets one reader at a time look up one word. leat_map is a hash
 * map that many use at once: reading takes no lock, and who writes different keys rarely meets.
 *
 * Each call is one step, but two of them are not: between "is it there?" and "put it there"
 * another may do the same. So there are calls that do both, and leat_map_load_or_store says who
 * was first. The map holds pointers; what they point to is ours, to change with care and to
 * free.
 */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[] = {
    "The leat brings the water to the mill, and the water turns the wheel.",
    "The wheel turns the shaft, the shaft turns the stone, and the stone grinds the corn.",
    "No water, no wheel; no wheel, no flour. The miller looks at the water.",
    "In a dry summer the leat is dry, and the miller waits for water.",
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]), MAX_WORD = 24, MAX_WORDS = 64 };

static leat_map words; /* word -> leat_atomic_int32 *, how often */

static void count(const char *word)
{
    void *n;

    /* A word is there nearly always: allocate only when it is not. */
    if (!leat_map_load(&words, word, &n)) {
        leat_atomic_int32 *mine = calloc(1, sizeof(*mine));
        if (!mine)
            leat_panic("no memory for \"%s\"", word);
        if (leat_map_load_or_store(&words, word, mine, &n))
            free(mine); /* another was first: n is that one's */
    }
    /* The map gives the counter out to many; that it is atomic is our part. */
    leat_atomic_add((leat_atomic_int32 *)n, 1);
}

static void count_words(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char word[MAX_WORD];

    while (*(text += strcspn(text, letters))) {
        size_t n = strspn(text, letters), kept = n < sizeof(word) ? n : sizeof(word) - 1;
        for (size_t i = 0; i < kept; i++)
            word[i] = (char)(text[i] | ' '); /* lower case */
        word[kept] = '\0';
        count(word); /* the map copies strings: this array is used again at once */
        text += n;
    }
}

/* A walk may meet changes; here all have finished, and it sees what they left. */
struct list {
    int n;
    struct entry {
        char word[MAX_WORD];
        int times;
    } entries[MAX_WORDS];
};

static bool collect(leat_key key, void *value, void *arg)
{
    struct list *l = arg;
    struct entry *e = &l->entries[l->n];

    /* The key is the map's, and only until this returns. */
    snprintf(e->word, sizeof(e->word), "%s", (const char *)leat_key_to_pointer(key));
    e->times = leat_atomic_load((leat_atomic_int32 *)value);
    return ++l->n < MAX_WORDS;
}

static int by_times(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return x->times != y->times ? y->times - x->times : strcmp(x->word, y->word);
}

/* Delete while walking: it is allowed, and each value is freed by who takes it out. */
static bool take_out(leat_key key, void *value, void *arg)
{
    (void)value;
    (void)arg;
    if (leat_map_load_and_delete(&words, key, &value))
        free(value);
    return true;
}

int main(void)
{
    static const char *const stop_words[] = {"the", "and", "a", "to", "at", "in", "is", "for"};
    struct list l = {0};
    leat_waitgroup wg = {0};
    int all = 0;
    void *n;

    for (int i = 0; i < TEXTS; i++)
        leat_waitgroup_go(&wg, count_words, texts[i]);
    leat_waitgroup_wait(&wg);

    for (size_t i = 0; i < sizeof(stop_words) / sizeof(stop_words[0]); i++) {
        if (leat_map_load_and_delete(&words, stop_words[i], &n))
            free(n);
    }
    leat_map_range(&words, collect, &l);
    qsort(l.entries, (size_t)l.n, sizeof(l.entries[0]), by_times);
    for (int i = 0; i < l.n; i++)
        all += l.entries[i].times;
    printf("%d words that matter, %d of them different\n", all, l.n);
    for (int i = 0; i < 6; i++)
        printf("%2d %s\n", l.entries[i].times, l.entries[i].word);
    printf("\"the\": %s\n", leat_map_load(&words, "the", NULL) ? "counted" : "not counted");

    leat_map_range(&words, take_out, NULL);
    leat_map_free(&words);
    return 0;
}
