/* SPDX-License-Identifier: MIT */
/*
 * watermark.c - LEAT_DEBUG=stacks=n: how deep goroutines used their stacks, told at exit.
 *
 * PICTURE   [ 0 0 0 0 0 0 0 0 | x . x x | frames of the end ]      low address left
 *            lo               ^ deepest  ^ sp                 hi
 *   Stacks come as zeros. A goroutine that ends looks for the first word from below that is not
 *   zero: the deepest it ever wrote. It then clears what it used, for the next on this stack.
 *   Its last KiB above stays: every goroutine dirties that much when it ends.
 *
 * WHERE  It is an event sink (base/event.h), so it costs nothing unless asked for; then each end
 *   reads the whole stack, some ten microseconds. Goroutines that have not ended are not told.
 *
 * REJECTED  mincore and pagemap: pages that were touched by an earlier goroutine count too.
 *
 * PROOF  tests/api/watermark_test.c.
 */
#include "base/env.h"
#include "base/fatal.h"
#include "sched/sched.h"

enum {
    SITES_MAX = 256, /* later ones share the last place */
    KEPT_BYTES = 1024,
};

struct watermark {
    const leat_site *site; /* NULL: the rest */
    uint64_t count;
    size_t deepest, size;
};

static struct {
    spinlock lock;
    unsigned n;
    struct watermark at[SITES_MAX];
} marks;

/* Not memset and not instrumented: it works below the stack pointer of its caller. */
__attribute__((noinline, no_sanitize("address"))) static const char *sweep(const char *lo,
                                                                           const char *sp)
{
    const volatile uint64_t *word = (const void *)(lo + sizeof(uint64_t)); /* after a canary */
    const volatile uint64_t *end = (const void *)(sp - KEPT_BYTES);

    while (word < end && *word == 0)
        word++;
    for (volatile uint64_t *w = (void *)(uintptr_t)word; w < end; w++)
        *w = 0;
    return (const char *)(uintptr_t)word;
}

/* Lock held. */
static struct watermark *mark_of(const leat_site *site)
{
    for (unsigned i = 0; i < marks.n; i++)
        if (marks.at[i].site == site)
            return &marks.at[i];
    if (marks.n == SITES_MAX)
        return &marks.at[SITES_MAX - 1];
    struct watermark *mark = &marks.at[marks.n++];
    if (marks.n < SITES_MAX)
        mark->site = site;
    return mark;
}

static void note_end(enum leat__event_kind kind, uint64_t id, uint64_t arg)
{
    (void)id, (void)arg;
    if (kind != LEAT__EV_EXIT)
        return;
    const struct g *g = tls_m()->cur;
    const struct stack *s = g->stack;
    const char *sp = (const char *)((uintptr_t)__builtin_frame_address(0) & ~UINT64_C(15));
    if (!s->lo || sp < s->lo + 2 * KEPT_BYTES || sp >= s->hi)
        return;
    size_t depth = (size_t)(s->hi - sweep(s->lo, sp));
    spin_lock(&marks.lock, LEAT__RANK_LEAF);
    struct watermark *mark = mark_of(g->site);
    mark->count++;
    if (depth > mark->deepest) {
        mark->deepest = depth;
        mark->size = (size_t)(s->hi - s->lo);
    }
    spin_unlock(&marks.lock, LEAT__RANK_LEAF);
}

void watermark_install(void)
{
    if (leat__env.stacks > 0)
        leat__event_sink_now = note_end;
}

/* The process ends and nobody else runs: the deepest first. */
void watermark_report(void)
{
    for (int left = leat__env.stacks; left > 0; left--) {
        struct watermark *mark = NULL;
        for (unsigned i = 0; i < marks.n; i++)
            if (marks.at[i].count > 0 && (!mark || marks.at[i].deepest > mark->deepest))
                mark = &marks.at[i];
        if (!mark)
            return;
        const leat_site *site = mark->site;
        leat__print("STACK %s:%d: %llu goroutines, at most %zu of %zu KiB\n",
                    site ? site->file : "elsewhere", site ? site->line : 0,
                    (unsigned long long)mark->count, (mark->deepest + 1023) / 1024,
                    mark->size / 1024);
        mark->count = 0;
    }
}
