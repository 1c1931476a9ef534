/* SPDX-License-Identifier: MIT */
/*
 * select_test.c - the choice among ready cases, the proof that none was, and many locks at once.
 *
 * The choice is made through leat__policy.choose, so a case can decide it, or act in the middle
 * of a look. Thieves on other threads ask the same hook: only the thread that selects is heard.
 */
#define _GNU_SOURCE 1
#include <leat/select.h>

#include <leat.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "chan/chan.h"
#include "t.h"

enum { SELECT_READY = 6 };

static leat_chan_base *select_chan(int64_t cap)
{
    return leat_chan_base_make(sizeof(int64_t), cap);
}

static void select_fill(leat_chan_base *c, int64_t value)
{
    leat_chan_base_send(c, &value);
}

static leat_case select_recv(leat_chan_base *c, int64_t *into)
{
    return (leat_case){.kind = LEAT_CASE_RECV, .chan = c, .elem = into};
}

static const leat_case select_default = {.kind = LEAT_CASE_DEFAULT};

/* ---- the choice ---- */

static pthread_t select_thread; /* whose questions count */
static uint32_t select_asked[64], select_nasked;
static uint32_t select_of, select_answer; /* asked for one of so many, say so */

static uint32_t select_choose(uint32_t n)
{
    if (!pthread_equal(pthread_self(), select_thread))
        return (uint32_t)t_rand() % n;
    if (select_nasked < array_len(select_asked))
        select_asked[select_nasked++] = n;
    return n == select_of ? select_answer : n - 1;
}

static void select_hook(uint32_t (*choose)(uint32_t n))
{
    select_thread = pthread_self();
    select_nasked = 0;
    store_seq(&leat__policy.choose, choose);
}

T_TEST(each_of_the_ready_can_be_chosen)
{
    enum { CASES = 2 * SELECT_READY };
    leat_chan_base *c[CASES];
    leat_case cases[CASES];
    int64_t got = 0;

    for (int i = 0; i < CASES; i++) {
        c[i] = select_chan(2);
        if (i % 2)
            select_fill(c[i], i);
    }
    for (uint32_t k = 0; k < SELECT_READY; k++) {
        for (int i = 0; i < CASES; i++)
            cases[i] = select_recv(c[i], &got);
        select_of = SELECT_READY;
        select_answer = k;
        select_hook(select_choose);
        int chosen = leat_select_n(cases, CASES);
        select_hook(NULL);
        T_EQ(chosen, 2 * (int)k + 1); /* odd ones are ready */
        T_EQ(got, chosen);
        select_fill(c[chosen], chosen);
    }
    for (int i = 0; i < CASES; i++)
        leat_chan_base_free(c[i]);
}

T_TEST(the_choice_is_among_as_many_as_are_ready)
{
    leat_chan_base *c[SELECT_READY];
    leat_case cases[SELECT_READY];
    int64_t got;

    for (int i = 0; i < SELECT_READY; i++)
        c[i] = select_chan(1);
    for (int ready = 2; ready <= SELECT_READY; ready++) {
        for (int i = 0; i < SELECT_READY; i++) {
            leat_chan_base_try_recv(c[i], NULL, NULL);
            if (i < ready)
                select_fill(c[i], i);
            cases[i] = select_recv(c[i], &got);
        }
        select_of = 0;
        select_hook(select_choose);
        int chosen = leat_select_n(cases, SELECT_READY);
        uint32_t asked = select_nasked;
        select_hook(NULL);
        T_EQ(chosen, ready - 1); /* asked for one of n, the hook says the last */
        T_GE(asked, 1u);         /* more if the end of the call gave way */
        T_EQ(select_asked[0], (uint32_t)ready);
    }
    for (int i = 0; i < SELECT_READY; i++)
        leat_chan_base_free(c[i]);
}

/* A look goes over the cases in chunks of 64: each chunk's ready ones against all before. */
T_TEST(the_choice_among_many_chunks_is_fair)
{
    enum { CASES = 150 };
    static const int ready[] = {3, 70, 71, 140};
    static const struct {
        uint32_t of, answer;
        int chosen;
    } rows[] = {{3, 0, 70}, {3, 1, 71}, {3, 2, 3}, {4, 0, 140}};
    leat_chan_base *c[array_len(ready)];
    int64_t got;

    for (size_t i = 0; i < array_len(ready); i++) {
        c[i] = select_chan(1);
        select_fill(c[i], ready[i]);
    }
    for (size_t r = 0; r < array_len(rows); r++) {
        leat_case cases[CASES];
        for (int i = 0; i < CASES; i++)
            cases[i] = select_recv(NULL, &got);
        for (size_t i = 0; i < array_len(ready); i++)
            cases[ready[i]].chan = c[i];
        select_of = rows[r].of;
        select_answer = rows[r].answer;
        select_hook(select_choose);
        int chosen = leat_select_n(cases, CASES);
        uint32_t asked = select_nasked;
        select_hook(NULL);
        T_EQ(chosen, rows[r].chosen);
        T_EQ(got, chosen);
        T_GE(asked, 2u);
        T_EQ(select_asked[0], 3u);
        T_EQ(select_asked[1], 4u);
        select_fill(cases[chosen].chan, chosen);
    }
    for (size_t i = 0; i < array_len(ready); i++)
        leat_chan_base_free(c[i]);
}

static uint32_t select_never(uint32_t n)
{
    if (pthread_equal(pthread_self(), select_thread))
        select_nasked++;
    return n - 1;
}

T_TEST(an_ordered_select_takes_the_first_and_asks_nobody, .procs = {1})
{
    leat_chan_base *c[SELECT_READY];
    leat_case cases[SELECT_READY];
    int64_t got;

    for (int i = 0; i < SELECT_READY; i++) {
        c[i] = select_chan(1);
        select_fill(c[i], i);
    }
    for (int first = 0; first < SELECT_READY; first++) {
        for (int i = 0; i < SELECT_READY; i++)
            cases[i] = select_recv(c[i], &got);
        select_hook(select_never);
        T_EQ(leat_select_ordered_n(cases, SELECT_READY), first);
        select_hook(NULL);
        T_EQ(got, first);
        T_EQ(select_nasked, 0u);
    }
    for (int i = 0; i < SELECT_READY; i++)
        leat_chan_base_free(c[i]);
}

/* ---- C12: default means that for one instant none was ready ---- */

static leat_chan_base *select_late, *select_early[2];
static bool select_acted;

static void select_move(leat_chan_base *c, int64_t *send)
{
    struct g *wake = NULL;
    int64_t got;

    spin_lock(&c->lock, LEAT__RANK_CHAN);
    enum chan_result r = send ? chan_send_locked(c, send, NULL, &wake)
                              : chan_recv_locked(c, &got, NULL, &wake);
    spin_unlock(&c->lock, LEAT__RANK_CHAN);
    T_EQ(r, CHAN_DONE);
    T_TRUE(!wake);
}

/* Asked when two ready ones have been seen: fills the one that was looked at before, then
 * empties those two. At every instant somebody was ready. */
static uint32_t select_pull_the_rug(uint32_t n)
{
    int64_t value = 42;

    if (!pthread_equal(pthread_self(), select_thread) || select_acted)
        return (uint32_t)t_rand() % n;
    select_acted = true;
    select_move(select_late, &value);
    select_move(select_early[0], NULL);
    select_move(select_early[1], NULL);
    return (uint32_t)t_rand() % n;
}

T_TEST(a_look_that_grew_stale_does_not_decide)
{
    int64_t got = 0;

    select_late = select_chan(1);
    select_early[0] = select_chan(1);
    select_early[1] = select_chan(1);
    for (long round = t_scale(200); round > 0; round--) {
        select_fill(select_early[0], 1);
        select_fill(select_early[1], 2);
        leat_case cases[] = {select_recv(select_late, &got), select_recv(select_early[0], &got),
                             select_recv(select_early[1], &got), select_default};
        select_acted = false;
        select_hook(select_pull_the_rug);
        int chosen = leat_select_n(cases, array_len(cases));
        select_hook(NULL);
        T_TRUE(select_acted);
        T_EQ(chosen, 0);
        T_EQ(got, 42);
    }
    leat_chan_base_free(select_late);
    leat_chan_base_free(select_early[0]);
    leat_chan_base_free(select_early[1]);
}

/* A token walks between the first and the last case: it is put down before the other one is
 * taken up, so one of the two is always ready, however far apart they are looked at. */
static atomic_bool select_over;

static void *select_walker(void *arg)
{
    leat_chan_base **end = arg;
    int64_t token = 1;

    for (int i = 0; !atomic_load(&select_over); i ^= 1) {
        leat_chan_base_send(end[i], &token);
        T_TRUE(leat_chan_base_recv(end[!i], &token));
        for (uint64_t rest = t_rand() % 256; rest > 0; rest--)
            cpu_relax();
    }
    leat_chan_base_send(end[0], &token);
    return NULL;
}

T_TEST(default_is_not_taken_while_somebody_is_always_ready)
{
    enum { MIDDLE = 300 }; /* at most: the walker is there and back while they are looked at */
    static leat_case cases[MIDDLE + 3];
    leat_chan_base *end[2] = {select_chan(4), select_chan(4)}, *never = select_chan(0);
    pthread_t walker;
    int64_t got;

    select_fill(end[1], 1);
    T_EQ(pthread_create(&walker, NULL, select_walker, end), 0);
    for (long round = t_scale(20000); round > 0; round--) {
        int last = 1 + (int)(t_rand() % MIDDLE);
        for (int i = 0; i <= last; i++)
            cases[i] = select_recv(i == 0 ? end[0] : i == last ? end[1] : never, &got);
        cases[last + 1] = select_default;
        int chosen = leat_select_n(cases, (size_t)last + 2);
        T_TRUE(chosen == 0 || chosen == last);
        select_fill(end[chosen > 0], got);
    }
    atomic_store(&select_over, true);
    T_EQ(pthread_join(walker, NULL), 0);
    leat_chan_base_free(end[0]);
    leat_chan_base_free(end[1]);
    leat_chan_base_free(never);
}

/* ---- many locks ---- */

enum { SELECT_MANY = 64 };

static leat_chan_base *select_many[SELECT_MANY];
static atomic_int select_left;

static void select_shuffled(leat_case *cases, int64_t *into)
{
    for (int i = 0; i < SELECT_MANY; i++)
        cases[i] = select_recv(select_many[i], into);
    for (int i = SELECT_MANY - 1; i > 0; i--) {
        uint64_t j = t_rand() % (uint64_t)(i + 1);
        leat_case k = cases[i];
        cases[i] = cases[j];
        cases[j] = k;
    }
    for (int i = 0; i < 4; i++) /* and some of them twice */
        cases[t_rand() % SELECT_MANY] = cases[t_rand() % SELECT_MANY];
}

static void select_worker(long rounds)
{
    leat_case *cases = calloc(SELECT_MANY, sizeof(*cases));
    int64_t value = 1;

    T_TRUE(cases);
    for (long r = 0; r < rounds; r++) {
        select_shuffled(cases, &value);
        if (r % 2)
            cases[0].kind = LEAT_CASE_SEND;
        leat_select_n(cases, SELECT_MANY);
    }
    free(cases);
    atomic_fetch_sub(&select_left, 1);
}

/* Whatever the order of the cases, locks are taken in one order: the wrong one is a deadlock of
 * two workers. Goroutine 1 feeds whoever would wait for good reason. */
T_TEST(no_order_of_cases_is_a_deadlock)
{
    enum { WORKERS = 6 };
    long rounds = t_scale(300);

    for (int i = 0; i < SELECT_MANY; i++)
        select_many[i] = select_chan(i % 3);
    atomic_store(&select_left, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        leat_go(select_worker, rounds);
    while (atomic_load(&select_left) > 0) {
        int i = (int)(t_rand() % SELECT_MANY);
        int64_t value = i;
        leat_chan_base_try_send(select_many[i], &value);
        T_STREQ(chan_check(select_many[i]), NULL);
    }
    for (int i = 0; i < SELECT_MANY; i++) {
        T_TRUE(!select_many[i]->receivers.first && !select_many[i]->senders.first);
        T_STREQ(chan_check(select_many[i]), NULL);
        leat_chan_base_free(select_many[i]);
    }
}

/* ---- what a parked select leaves in the queues ---- */

static void select_parked(leat_case *cases, int *chosen)
{
    *chosen = leat_select_n(cases, SELECT_MANY);
    atomic_fetch_sub(&select_left, 1);
}

static bool select_waits_everywhere(void)
{
    for (int i = 0; i < SELECT_MANY; i++)
        if (!load_acquire(&select_many[i]->receivers.first))
            return false;
    return true;
}

T_TEST(a_parked_select_stands_in_every_queue_and_leaves_them_all)
{
    static leat_case cases[SELECT_MANY];
    int64_t got = 0;

    for (int i = 0; i < SELECT_MANY; i++)
        select_many[i] = select_chan(i % 2);
    for (int round = 0; round < 20; round++) {
        int chosen = -1;
        for (int i = 0; i < SELECT_MANY; i++)
            cases[i] = select_recv(select_many[(i * 37 + round) % SELECT_MANY], &got);
        atomic_store(&select_left, 1);
        leat_go(select_parked, &cases[0], &chosen);
        while (!select_waits_everywhere())
            leat_yield();
        for (int i = 0; i < SELECT_MANY; i++) {
            const struct waiter *w = cases[i].chan->receivers.first;
            T_EQ(w->index, i);
            T_TRUE(w->selecting && w->queued && !w->next);
            T_STREQ(chan_check(cases[i].chan), NULL);
        }
        int winner = (int)(t_rand() % SELECT_MANY);
        select_fill(cases[winner].chan, 1000 + winner);
        while (atomic_load(&select_left) > 0)
            leat_yield();
        T_EQ(chosen, winner);
        T_EQ(got, 1000 + winner);
        for (int i = 0; i < SELECT_MANY; i++)
            T_TRUE(!select_many[i]->receivers.first);
    }
    for (int i = 0; i < SELECT_MANY; i++)
        leat_chan_base_free(select_many[i]);
}

/* ---- one channel in two cases, freed by whoever met the select ---- */

static void select_thrice(leat_case *cases, int *chosen)
{
    *chosen = leat_select_n(cases, 3);
    atomic_fetch_sub(&select_left, 1);
}

static int select_met, select_at_most; /* cases that may have won */

/* Let the select park on `c` in the first two cases, do what `meet` does, free the channel. */
static void select_twins(leat_case first, leat_case second, void (*meet)(leat_chan_base *c))
{
    for (long round = t_scale(100); round > 0; round--) {
        leat_chan_base *c = select_chan(0), *other = select_chan(0);
        int chosen = -1;
        first.chan = second.chan = c;
        leat_case cases[] = {first, second, select_recv(other, NULL)};
        atomic_store(&select_left, 1);
        leat_go(select_thrice, &cases[0], &chosen);
        while (!load_acquire(&other->receivers.first))
            leat_yield();
        meet(c);
        T_TRUE(!c->receivers.first && !c->senders.first);
        leat_chan_base_free(c);
        while (atomic_load(&select_left) > 0)
            leat_yield();
        T_GE(chosen, select_met);
        T_LE(chosen, select_at_most);
        T_TRUE(!other->receivers.first);
        leat_chan_base_free(other);
    }
}

static void select_meet_send(leat_chan_base *c)
{
    select_fill(c, 7);
}

static void select_meet_recv(leat_chan_base *c)
{
    int64_t got = 0;

    T_TRUE(leat_chan_base_recv(c, &got));
    T_EQ(got, 9);
}

static void select_meet_select(leat_chan_base *c)
{
    int64_t value = 7;
    leat_case cases[] = {{.kind = LEAT_CASE_SEND, .chan = c, .elem = &value}};

    T_EQ(leat_select_n(cases, 1), 0);
}

T_TEST(twins_leave_with_the_winner_so_its_channel_may_be_freed)
{
    int64_t got = 0, value = 9;
    leat_case recv = select_recv(NULL, &got);
    leat_case send = {.kind = LEAT_CASE_SEND, .elem = &value};

    select_met = 0;
    select_at_most = 1;
    select_twins(recv, recv, select_meet_send);
    select_twins(recv, recv, leat_chan_base_close);
    select_twins(send, send, select_meet_recv);
    select_at_most = 0;
    select_twins(recv, send, select_meet_send);
    select_twins(recv, send, select_meet_select);
    select_met = select_at_most = 1;
    select_twins(recv, send, select_meet_recv);
}
