/* SPDX-License-Identifier: MIT */
/* corpus.h - programs with a known verdict: this one races, ThreadSanitizer says so; that one
 * does not, and nothing is said.
 *
 * PICTURE  RACES(name, MM6, ChanAsyncRev, place, .parties = {a, b}, .cap = 10)
 *          ORDERED(name, MM4, ChanSync, .parties = {a, b})
 *   One line is one case: the rule of Go's memory model that it shows, the test of Go's race
 *   detector with the same verdict (a dash: none), and the goroutines whose accesses are judged.
 *   Each party gets the state of this round, which is zero but for the channels. `place` is a
 *   function that the report must name.
 *
 * VERDICT  The first report ends the process with RACE_STATUS, so a race is seen by the status
 *   even where the program would die of it in another way, and a case without one passes only
 *   if it comes to its end. A case is run ROUNDS times in its process, at procs 1, 2 and 8.
 *
 * SCHEDULE  A race is a lack of order, not a collision in time, and ThreadSanitizer looks for
 *   that. Two things could still hide one. A goroutine that starts on the stack of another that
 *   has ended comes after it; so parties wait for each other first. And an order that arises by
 *   chance, in a lock that the other one took first: those parties take turns, by relaxed
 *   atomics, which order nothing.
 *
 * REJECTED  Go's own form, a sleep in one of the two: slow, and it only makes likely what a
 *   turn makes certain. Code in main: it is joined to both, so it would judge itself.
 */
#ifndef CORPUS_H
#define CORPUS_H

#include "../race_util.h"

#include <stdlib.h>

enum { RACE_STATUS = 66, PARTIES = 5, ROUNDS = 10, WORDS = 4 };

/* The variables have a shadow word of their own each: neighbours would push each other's
 * accesses out of it. */
struct word {
    int v __attribute__((aligned(8)));
};

typedef leat_chan(struct word *) word_chan;

struct race;

struct race_case {
    const char *rule, *twin;
    void (*prepare)(struct race *r);
    void (*parties[PARTIES])(struct race *r);
    int cap;    /* of the channels c and c2 */
    int rounds; /* instead of ROUNDS */
};

struct race {
    const struct race_case *it;
    struct word x, y, word[WORDS];
    leat_int_chan c, c2, never; /* never: nobody is on its other side */
    leat_int_chan made[2];      /* what c and c2 were, for those that change these */
    word_chan words;            /* of the same capacity */
    leat_mutex m, m2;
    leat_rwmutex rw;
    leat_cond cond;
    leat_atomic_int32 s32;
    leat_atomic_int64 s64;
    leat_atomic_uint64 u64;
    leat_atomic_pointer p;
    leat_waitgroup wg, join;
    leat_timer *timer;
    leat_once once;
    atomic_int started, turn;
};

void race_run(const struct race_case *it);

#define RACE_CASE(id, options, rule_, twin_, ...)                                          \
    static const struct race_case race_case_##id = {.rule = #rule_,                        \
                                                    .twin = #twin_,                        \
                                                    __VA_ARGS__};                          \
    T_TEST(id, .env = {"TSAN_OPTIONS=halt_on_error=1:exitcode=66:handle_segv=0"}, options) \
    {                                                                                      \
        race_run(&race_case_##id);                                                         \
    }
#define RACE_LIST(...) __VA_ARGS__

#define RACES(id, rule_, twin_, place, ...)                                                \
    RACE_CASE(id,                                                                          \
              RACE_LIST(.expect_exit = RACE_STATUS,                                        \
                        .expect_stderr = {"WARNING: ThreadSanitizer: data race", #place}), \
              rule_, twin_, __VA_ARGS__)
#define ORDERED(id, rule_, twin_, ...) \
    RACE_CASE(id, .no_leak_check = false, rule_, twin_, __VA_ARGS__)
/* It dies, `how`, and of nothing else. */
#define DIES(id, rule_, twin_, how, ...) RACE_CASE(id, how, rule_, twin_, __VA_ARGS__)

/* A party's n-th turn, counted from 0 over all parties. */
static inline void turn(struct race *r, int n)
{
    race_await(&r->turn, n);
}

static inline void next(struct race *r)
{
    race_note(&r->turn);
}

#define WRITE(r, member) race_write(&(r)->member.v)
#define READ(r, member)  race_read(&(r)->member.v)

#endif
