/* SPDX-License-Identifier: MIT */
/*
 * stack_test.c - slots, guards, caches and the way back to the system, without goroutines.
 *
 * Every case is `fresh`: no runtime runs beside it, so each stack in use is one of the case's
 * own, and the monitor does not give slabs back at a moment of its choice.
 */
#define _GNU_SOURCE 1
#include "stack/stack.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/util.h"
#include "t.h"

enum { STACK_MANY = 100 };

#define STACK_SECOND INT64_C(1000000000)

static void stack_fill(struct stack *s, int byte)
{
    s->lo[0] = (char)byte;
    s->lo[(s->hi - s->lo) / 2] = (char)byte;
    s->hi[-1] = (char)byte;
}

static void stack_expect(const struct stack *s, int byte)
{
    T_EQ(s->lo[0], (char)byte);
    T_EQ(s->lo[(s->hi - s->lo) / 2], (char)byte);
    T_EQ(s->hi[-1], (char)byte);
}

/* Does a store there end a child of ours? */
static bool stack_traps(char *at)
{
    pid_t child = fork();

    T_GE(child, 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer's report would only be noise */
        *(volatile char *)at = 1;
        _exit(0);
    }
    int status = 0;
    T_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void stack_nothing_left(struct stack_cache *cache)
{
    stack_flush(cache);
    T_EQ(cache->n, 0);
    T_EQ(stack_in_use(), 0u);
    T_STREQ(stack_check(), NULL);
}

T_TEST(slots_are_distinct_aligned_and_coloured, .procs = {1}, .fresh = true)
{
    struct stack_cache cache = {.n = 0};
    struct stack *s[STACK_MANY];
    uint64_t colours = 0;

    for (int i = 0; i < STACK_MANY; i++) {
        s[i] = stack_get(&cache, 0);
        T_TRUE(s[i]);
        T_EQ((uintptr_t)s[i]->hi % 16, 0u);
        T_GE((size_t)(s[i]->hi - s[i]->lo), (size_t)LEAT__STACK_SLOT / 2);
        T_GE((char *)s[i], s[i]->hi); /* the record is out of the user's reach */
        stack_fill(s[i], i);
        colours |= UINT64_C(1) << ((uintptr_t)s[i]->hi % 4096 / 64);
        T_STREQ(stack_check(), NULL);
    }
    T_GE(stack_in_use(), (size_t)STACK_MANY);
    T_GE(__builtin_popcountll(colours), 16);
    for (int i = 0; i < STACK_MANY; i++) {
        stack_expect(s[i], i); /* nobody else's memory */
        for (int j = 0; j < i; j++)
            T_TRUE(s[i]->hi <= s[j]->lo - LEAT__STACK_GUARD ||
                   s[j]->hi <= s[i]->lo - LEAT__STACK_GUARD);
    }
    for (int i = 0; i < STACK_MANY; i++)
        stack_put(&cache, s[i]);
    stack_nothing_left(&cache);
}

T_TEST(guards_are_known_and_trap, .procs = {1}, .fresh = true)
{
    struct stack_cache cache = {.n = 0};
    struct stack *a = stack_get(&cache, 0);
    struct stack *b = stack_get(&cache, 0);
    size_t usable = 0;
    int local = 0;

    T_TRUE(a && b);
    T_TRUE(stack_guard_hit(a->lo - 1, &usable));
    T_GE(usable, (size_t)(a->hi - a->lo));
    T_TRUE(stack_guard_hit(a->lo - LEAT__STACK_GUARD, &usable));
    T_FALSE(stack_guard_hit(a->lo - LEAT__STACK_GUARD - 1, &usable));
    T_FALSE(stack_guard_hit(a->lo, &usable));
    T_FALSE(stack_guard_hit(b->hi - 1, &usable));
    T_FALSE(stack_guard_hit(&local, &usable));
    T_FALSE(stack_guard_hit(NULL, &usable));
    T_FALSE(leat__stack_unguarded);
    T_TRUE(stack_traps(a->lo - 1));
    T_TRUE(stack_traps(b->lo - LEAT__STACK_GUARD));
    T_FALSE(stack_traps(a->lo));
    T_FALSE(stack_traps(a->hi - 1));
    T_TRUE(stack_overrun(a, a->lo - 1));
    T_FALSE(stack_overrun(a, a->lo));
    stack_put(&cache, a);
    stack_put(&cache, b);
    stack_nothing_left(&cache);
}

static void stack_size_fits(struct stack_cache *cache, size_t size)
{
    struct stack *s = stack_get(cache, size);

    T_TRUE(s);
    T_GE((size_t)(s->hi - s->lo), size);
    T_EQ((uintptr_t)s->hi % 16, 0u);
    stack_fill(s, 0x5a);
    stack_expect(s, 0x5a);
    T_STREQ(stack_check(), NULL);
    stack_put(cache, s);
}

T_TEST(every_size_fits, .procs = {1}, .fresh = true)
{
    struct stack_cache cache = {.n = 0};

    for (size_t size = 1; size <= (16u << 20); size = size * 2 + 1)
        stack_size_fits(&cache, size);
    for (size_t edge = (size_t)LEAT__STACK_SLOT / 4; edge <= 4u * LEAT__STACK_SLOT; edge *= 2)
        for (size_t less = 0; less < (160u << 10) && less < edge; less += 4096)
            stack_size_fits(&cache, edge - less + t_rand() % 3);
    stack_nothing_left(&cache);
}

T_TEST(a_stack_of_its_own_is_guarded_and_unmapped, .procs = {1}, .fresh = true)
{
    struct stack_cache cache = {.n = 0};
    struct stack *s = stack_get(&cache, 4u << 20);
    unsigned char resident;
    size_t usable = 0;

    T_TRUE(s);
    T_TRUE(!s->slab);
    T_EQ(stack_in_use(), 1u);
    T_FALSE(stack_guard_hit(s->lo - 1, &usable)); /* only its goroutine knows */
    T_TRUE(stack_own_guard_hit(s, s->lo - 1, &usable));
    T_EQ(usable, (size_t)(s->hi - s->lo));
    T_TRUE(stack_own_guard_hit(s, s->lo - LEAT__STACK_GUARD, &usable));
    T_FALSE(stack_own_guard_hit(s, s->lo - LEAT__STACK_GUARD - 1, &usable));
    T_FALSE(stack_own_guard_hit(s, s->lo, &usable));
    T_FALSE(stack_own_guard_hit(NULL, s->lo - 1, &usable));
    T_TRUE(stack_traps(s->lo - 1));
    T_FALSE(stack_traps(s->lo));
    char *lo = s->lo;
    T_EQ(mincore(lo, 1, &resident), 0);
    stack_put(&cache, s);
    T_EQ(cache.n, 0);
    T_EQ(mincore(lo, 1, &resident), -1);
    T_EQ(errno, ENOMEM);
    stack_nothing_left(&cache);
}

T_TEST(a_cache_is_last_in_first_out_and_bounded, .procs = {1}, .fresh = true)
{
    enum { MORE = LEAT__STACK_CACHE + 5 };
    struct stack_cache cache = {.n = 0}, other = {.n = 0};
    struct stack *s[MORE];

    for (int i = 0; i < MORE; i++)
        s[i] = stack_get(&cache, 0);
    for (int i = 0; i < MORE; i++) {
        stack_put(&cache, s[i]);
        T_GE(cache.n, 1);
        T_LE(cache.n, LEAT__STACK_CACHE);
        T_EQ(cache.free[cache.n - 1], s[i]); /* warm: the next to be used */
        T_STREQ(stack_check(), NULL);
    }
    T_EQ(stack_get(&cache, 0), s[MORE - 1]);
    stack_put(&cache, s[MORE - 1]);
    stack_flush(&cache);
    T_EQ(stack_in_use(), 0u);
    /* What one proc gave back serves another. */
    bool known = false;
    struct stack *again = stack_get(&other, 0);
    for (int i = 0; i < MORE; i++)
        known |= again == s[i];
    T_TRUE(known);
    stack_put(&other, again);
    stack_nothing_left(&other);
}

T_TEST(free_slabs_lose_their_pages_after_a_second, .procs = {1}, .fresh = true)
{
    enum { FEW = 8 };
    struct stack_cache cache = {.n = 0};
    struct stack *s[FEW];
    char *lo[FEW];
    int64_t now = 1000 * STACK_SECOND;

    for (int round = 0; round < 2; round++, now += 10 * STACK_SECOND) {
        for (int i = 0; i < FEW; i++) {
            s[i] = stack_get(&cache, 0);
            lo[i] = s[i]->lo;
            lo[i][0] = (char)(i + 1);
        }
        for (int i = 1; i < FEW; i++)
            stack_put(&cache, s[i]);
        stack_flush(&cache);
        stack_decay(now);
        stack_decay(now + 5 * STACK_SECOND);
        T_EQ(lo[0][0], 1); /* its slab is in use */

        now += 5 * STACK_SECOND;
        stack_put(&cache, s[0]);
        stack_flush(&cache);
        T_TRUE(stack_decay(now));
        T_TRUE(stack_decay(now + STACK_SECOND - 1));
        T_EQ(lo[0][0], 1);
        T_FALSE(stack_decay(now + STACK_SECOND));
        for (int i = 0; i < FEW; i++)
            T_EQ(lo[i][0], 0);
        T_TRUE(stack_traps(lo[0] - 1)); /* the guards stay */
        T_TRUE(stack_traps(lo[FEW - 1] - 1));
        T_STREQ(stack_check(), NULL);
    }
    stack_nothing_left(&cache);
}

T_TEST(a_slab_used_again_keeps_its_pages, .procs = {1}, .fresh = true)
{
    struct stack_cache cache = {.n = 0};
    int64_t now = 1000 * STACK_SECOND;
    struct stack *s = stack_get(&cache, 0);

    stack_put(&cache, s);
    stack_flush(&cache);
    T_TRUE(stack_decay(now));
    s = stack_get(&cache, 0);
    stack_fill(s, 0x33);
    stack_decay(now + 10 * STACK_SECOND);
    stack_expect(s, 0x33);
    stack_put(&cache, s);
    stack_nothing_left(&cache);
}

static int stack_compare(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (struct stack *const *)a;
    uintptr_t y = (uintptr_t) * (struct stack *const *)b;

    return (x > y) - (x < y);
}

T_TEST(random_use_keeps_the_books, .procs = {1}, .fresh = true)
{
    enum { CACHES = 3, MOST = 300 };
    struct stack_cache cache[CACHES] = {{.n = 0}};
    static struct stack *s[MOST], *sorted[MOST];
    size_t n = 0;

    for (long step = t_scale(20000); step > 0; step--) {
        struct stack_cache *c = &cache[t_rand() % CACHES];
        if (n < MOST && t_rand() % 2) {
            s[n] = stack_get(c, t_rand() % 16 == 0 ? 1u << 20 : 0);
            T_TRUE(s[n]);
            n++;
        } else if (n > 0) {
            size_t i = t_rand() % n;
            stack_put(c, s[i]);
            s[i] = s[--n];
        }
        T_GE(stack_in_use(), n);
        if (step % 512)
            continue;
        T_STREQ(stack_check(), NULL);
        memcpy(sorted, s, n * sizeof(*s));
        qsort(sorted, n, sizeof(*sorted), stack_compare);
        for (size_t i = 1; i < n; i++)
            T_NE(sorted[i - 1], sorted[i]); /* no slot is given twice */
    }
    while (n > 0)
        stack_put(&cache[0], s[--n]);
    stack_flush(&cache[1]);
    stack_flush(&cache[2]);
    stack_nothing_left(&cache[0]);
}

/* ---- other ways of guarding ---- */

T_TEST(mprotect_guards_when_asked_to, .procs = {1}, .fresh = true,
       .env = {"LEAT_DEBUG=guard=mprotect"})
{
    struct stack_cache cache = {.n = 0};

    leat__env_read();
    struct stack *s = stack_get(&cache, 0);
    T_STREQ(stack_guard_mode(), "mprotect");
    T_TRUE(stack_traps(s->lo - 1));
    T_FALSE(stack_traps(s->lo));
    stack_put(&cache, s);
    stack_nothing_left(&cache);
}

T_TEST(without_guards_a_canary_tells, .procs = {1}, .fresh = true, .expect_exit = 2,
       .env = {"LEAT_DEBUG=guard=none"},
       .expect_stderr = {"stack overflow of an unguarded goroutine stack"})
{
    struct stack_cache cache = {.n = 0};

    leat__env_read();
    struct stack *s = stack_get(&cache, 0);
    T_STREQ(stack_guard_mode(), "none");
    T_TRUE(leat__stack_unguarded);
    T_FALSE(stack_overrun(s, s->hi));
    T_FALSE(stack_traps(s->lo - 1));
    memset(s->lo, 0x77, 64);
    T_TRUE(stack_overrun(s, s->hi));
    stack_put(&cache, s);
}
