/* SPDX-License-Identifier: MIT */
/* corpus.c - one case: its state, its parties, its rounds. */
#include "corpus.h"

static int party_count(const struct race_case *it)
{
    int n = 0;

    while (n < PARTIES && it->parties[n])
        n++;
    return n;
}

/* A report names this one where the access is in a leat call that the party makes itself. */
static void race_party(struct race *r, int i)
{
    race_note(&r->started);
    race_await(&r->started, party_count(r->it));
    r->it->parties[i](r);
}

static struct race *race_make(const struct race_case *it)
{
    struct race *r = calloc(1, sizeof *r);

    r->it = it;
    r->c = r->made[0] = leat_chan_make(leat_int_chan, it->cap);
    r->c2 = r->made[1] = leat_chan_make(leat_int_chan, it->cap);
    r->words = leat_chan_make(word_chan, it->cap);
    r->never = leat_chan_make(leat_int_chan, 0);
    return r;
}

static void race_free(struct race *r)
{
    leat_chan_free(r->made[0]);
    leat_chan_free(r->made[1]);
    leat_chan_free(r->words);
    leat_chan_free(r->never);
    free(r);
}

void race_run(const struct race_case *it)
{
    T_LOG("rule %s, Go's verdict on %s", it->rule, it->twin);
    for (int round = 0; round < (it->rounds ? it->rounds : ROUNDS); round++) {
        struct race *r = race_make(it);
        if (it->prepare)
            it->prepare(r);
        for (int i = 0; i < party_count(it); i++)
            leat_waitgroup_go(&r->join, race_party, r, i);
        leat_waitgroup_wait(&r->join);
        race_free(r);
    }
}
