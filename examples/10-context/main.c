/* SPDX-License-Identifier: MIT */
/*
 * 10 context: ask several librarians at once, and tell them when nobody waits any more.
 *
 *                      /--> librarian, shelf 0 --\
 *     ask -- ctx -----+---> librarian, shelf 1 ---+--> found
 *                      \--> librarian, shelf 2 --/
 *
 * A context goes down with the work, as the first argument. It is over when it is cancelled, when
 * its time has come, or when the one above it is over; whoever works looks at it where it would
 * wait. Nobody is killed: a goroutine that is told to stop ends by itself, after tidying up.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

enum { SHELVES = 3, BOOKS = 2 };

static const char *const shelf[SHELVES][BOOKS] = {
    {"Of Mills", "Of Rivers"},
    {"Wheels", "Sluices and Weirs"},
    {"Harbours", "The Mole"},
};

/* A value of a context is found by the address of its key: nobody else can have the same. */
static const char reader_key;

static void librarian(leat_ctx *ctx, int s, const char *title, leat_int_chan found)
{
    for (int i = 0; i < BOOKS; i++) {
        if (strcmp(shelf[s][i], title) != 0)
            continue;
        /* The reader may have gone: then nobody receives, and the send must not wait. */
        leat_select(leat_case_send(found, s), leat_case_done(ctx));
        return;
    }
    /* Not on this shelf. In the cellar the search has no end, until we are called back. */
    leat_recv(leat_ctx_done(ctx), NULL);
}

static void ask(leat_ctx *parent, const char *title, leat_duration patience)
{
    /* Cancelled at the end of the block, whichever way it is left: nobody searches on. */
    leat_scoped_ctx(ctx, leat_ctx_with_timeout(parent, patience));
    leat_int_chan found = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup librarians = {0};
    const char *reader = leat_ctx_value(ctx, &reader_key);
    int s;

    for (int i = 0; i < SHELVES; i++)
        leat_waitgroup_go(&librarians, librarian, ctx, i, title, found);
    switch (leat_select(leat_case_recv(found, &s), leat_case_done(ctx))) {
    case 0:
        printf("%s: \"%s\" is on shelf %d\n", reader, title, s);
        break;
    case 1:
        printf("%s: no \"%s\": %s\n", reader, title, leat_ctx_cause_text(ctx));
        break;
    }
    leat_ctx_cancel(ctx); /* all librarians below it are told before this returns */
    leat_waitgroup_wait(&librarians);
    leat_chan_free(found);
}

static void lights_out(int lamps)
{
    printf("%d lamps out\n", lamps);
}

int main(void)
{
    leat_ctx *day = leat_ctx_with_cancel(NULL); /* NULL is the background: never over */
    leat_ctx *ann = leat_ctx_with_value(day, &reader_key, "ann");
    leat_ctx *bob = leat_ctx_with_value(day, &reader_key, "bob");

    ask(ann, "Sluices and Weirs", LEAT_MINUTE);
    ask(bob, "Of Dragons",
        20 * LEAT_MILLISECOND); /* nobody finds it: the time ends the search */

    /* To be called, by a goroutine of its own, when the day is over; taken back before that. */
    leat_ctx_after token = leat_ctx_after_func(day, lights_out, 12);
    printf("taken back in time: %s\n", leat_ctx_after_stop(token) ? "yes" : "no");

    leat_ctx_cancel_cause(day, -ESHUTDOWN, "the library is closed");
    ask(ann, "Of Mills and Men", LEAT_MINUTE); /* over from the beginning */

    /* What must be done although all is over: the values without the end. */
    leat_ctx *diary = leat_ctx_without_cancel(ann);
    printf("%s: written into the diary, err %d\n",
           (const char *)leat_ctx_value(diary, &reader_key), leat_ctx_err(diary));

    /* Each one that was made is freed, in any order. */
    leat_ctx_free(day);
    leat_ctx_free(ann);
    leat_ctx_free(bob);
    leat_ctx_free(diary);
    return 0;
}
