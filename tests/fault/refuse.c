/* SPDX-License-Identifier: MIT */
/* refuse.c - see refuse.h. */
#define _GNU_SOURCE 1
#include "refuse.h"

#include <limits.h>
#include <sys/mman.h>

#include "base/check.h"

/* What --wrap calls, and what it calls the original. */
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);

static struct {
    atomic_int kinds;
    atomic_long asked, refused;
    long first, last;
} plan;

static bool is_refused(int kind)
{
    int kinds = atomic_load(&plan.kinds);

    if (!(kinds & kind) || ((kinds & REFUSE_MAIN_ONLY) && util_tid() != getpid()))
        return false;
    long n = atomic_fetch_add(&plan.asked, 1) + 1;
    if (n < plan.first || n > plan.last)
        return false;
    atomic_fetch_add(&plan.refused, 1);
    errno = ENOMEM;
    return true;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_refused(REFUSE_HEAP) ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return is_refused(REFUSE_HEAP) ? NULL : __real_aligned_alloc(align, size);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    return is_refused(REFUSE_MAPPINGS) ? MAP_FAILED
                                       : __real_mmap(at, size, prot, flags, fd, offset);
}

void refuse_plan(int kinds, long first, long last)
{
    plan.first = first;
    plan.last = last;
    atomic_store(&plan.asked, 0);
    atomic_store(&plan.kinds, kinds);
}

void refuse_all(void)
{
    refuse_plan(REFUSE_HEAP | REFUSE_MAIN_ONLY, 1, LONG_MAX);
}

void refuse_pass(void)
{
    atomic_store(&plan.kinds, 0);
}

long refuse_asked(void)
{
    return atomic_load(&plan.asked);
}

long refuse_count(void)
{
    return atomic_load(&plan.refused);
}

/* ---- a scenario, again and again ---- */

enum { GOT_THROUGH_REFUSED = 3 };

static struct {
    void (*scenario)(void);
    int kinds;
    long first, last;
} trial;

static void run_trial(void)
{
    if (!(trial.kinds & REFUSE_COLD))
        leat_yield();
    refuse_plan(trial.kinds, trial.first, trial.last);
    trial.scenario();
    refuse_pass();
    while (leat_num_goroutine() > 1)
        leat_yield();
    const char *broken = leat__check_all();
    if (broken)
        T_FAIL("%s", broken);
    exit(refuse_count() ? GOT_THROUGH_REFUSED : 0);
}

/* Tries k, and says whether anything was refused. */
static bool refuse_at(long k, bool and_all_later)
{
    static struct util_output out;

    trial.first = k;
    trial.last = and_all_later ? LONG_MAX : k;
    util_capture(run_trial, &out);
    bool named = out.status == 2 &&
                 util_matches(out.text, "^fatal error: out of memory: .*cannot .*; raise ");
    if (out.status != 0 && out.status != GOT_THROUGH_REFUSED && !named)
        T_FAIL("request %ld%s: status %d:\n%s", k, and_all_later ? " and all later" : "",
               out.status, out.text);
    return out.status != 0;
}

void refuse_everywhere(void (*scenario)(void), int kinds)
{
    long one = 1, rest = 1;

    trial.scenario = scenario;
    trial.kinds = kinds;
    while (refuse_at(one, false))
        one++;
    while (refuse_at(rest, true))
        rest++;
    T_LOG("%ld points refused alone, %ld with all later ones", one - 1, rest - 1);
}
