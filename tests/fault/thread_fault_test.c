/* SPDX-License-Identifier: MIT */
/*
 * thread_fault_test.c - threads that cannot be made: one warning, and what is there goes on.
 */
#include "../api/sched_util.h"

#include <sys/resource.h>

static void counts(atomic_long *n, long to)
{
    while (atomic_load(n) < to) {
        atomic_fetch_add(n, 1);
        leat_yield();
    }
}

static void pauses(atomic_long *n)
{
    usleep(2000);
    atomic_fetch_add(n, 1);
}

static void works(void)
{
    leat_waitgroup wg = {0};
    atomic_long n = 0, paused = 0;

    for (int i = 0; i < 8; i++)
        leat_waitgroup_go(&wg, counts, &n, 2000L);
    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, pauses, &paused);
    leat_sleep(LEAT_MILLISECOND);
    leat_waitgroup_wait(&wg);
    T_GE(atomic_load(&n), 2000);
    T_EQ(atomic_load(&paused), 20);
}

T_TEST(every_second_thread_refused_once_is_survived, .env = {"LEAT_DEBUG=failthread=2"})
{
    works();
}

T_TEST(every_third_thread_refused_once_is_survived, .env = {"LEAT_DEBUG=failthread=3"})
{
    works();
}

T_TEST(a_program_goes_on_though_every_thread_is_refused, .env = {"LEAT_DEBUG=failthread=1"})
{
    works();
}

/* Root is not bound by the limit: then the child becomes nobody first. */
static void works_without_new_threads(void)
{
    struct rlimit lim = {0, 0};

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        exit(77);
    leat_yield(); /* what the runtime starts with may have been made */
    T_EQ(setrlimit(RLIMIT_NPROC, &lim), 0);
    works();
    fputs("went on\n", stderr);
}

T_TEST(no_more_threads_is_a_warning_and_the_program_goes_on, .modes = "!asan,!tsan")
{
    static struct util_output out;

    util_capture(works_without_new_threads, &out);
    if (out.status == 77)
        T_SKIP("cannot become a user whom the limit binds");
    if (out.status != 0)
        T_FAIL("status %d:\n%s", out.status, out.text);
    UTIL_MATCH(&out, "^went on$");
    T_LE(util_count(out.text, "leat: "), 1); /* one warning, not one for each attempt */
}

static void starts_without_any_thread(void)
{
    struct rlimit lim = {0, 0};

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        exit(77);
    T_EQ(setrlimit(RLIMIT_NPROC, &lim), 0);
    leat_yield();
}

T_TEST(a_program_that_can_have_no_thread_at_all_is_told_what_to_raise, .modes = "!asan,!tsan")
{
    static struct util_output out;

    util_capture(starts_without_any_thread, &out);
    if (out.status == 77)
        T_SKIP("cannot become a user whom the limit binds");
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^fatal error: cannot create .* thread .*RLIMIT_NPROC");
}
