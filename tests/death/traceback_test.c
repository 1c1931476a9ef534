/* SPDX-License-Identifier: MIT */
/*
 * traceback_test.c - the goroutine dump has Go's shape:
 *
 *     goroutine 18 [chan receive]:
 *     worker(...)
 *             /path/file.c:42 +0x1b4
 *     created by parent in goroutine 1
 *             /path/file.c:30 +0x9c
 *
 * with functions, files and lines at any optimisation, and as much as LEAT_TRACEBACK says.
 */
#include "../api/sched_util.h"
#include "os/clock.h"
#include "sched/sched.h"

#define FRAME(fn) "^" fn "\\([^\n]*\\)\n\t[^\n]*traceback_test\\.c:[0-9]+( \\+0x[0-9a-f]+)?$"
#define CREATED(fn, id) \
    "^created by " fn " in goroutine " id "\n\t[^\n]*traceback_test\\.c:[0-9]+"

/* Frames that a compiler may neither merge nor leave early. */
#ifdef __clang__
#define KEEP __attribute__((noinline))
#else
#define KEEP __attribute__((noinline, noclone))
#endif
#define STAY __asm__ volatile("" ::: "memory")

static atomic_long waiting;

static KEEP void waits_inside(leat_int_chan c)
{
    atomic_fetch_add(&waiting, 1);
    leat_recv(c, NULL);
    STAY;
}

static KEEP void waits_outside(leat_int_chan c)
{
    waits_inside(c);
    STAY;
}

static KEEP void spawns_and_waits(leat_int_chan c)
{
    leat_go(waits_outside, c);
    leat_recv(c, NULL);
    STAY;
}

static KEEP void deadlocks(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(spawns_and_waits, c);
    leat_recv(c, NULL);
    STAY;
}

T_TEST(a_deadlock_shows_frames_lines_and_parents)
{
    static struct util_output out;

    util_capture(deadlocks, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^fatal error: all goroutines are asleep - deadlock!\n\n"
                     "goroutine 1 \\[chan receive\\]:$");
    UTIL_MATCH(&out, FRAME("deadlocks"));
    UTIL_MATCH(&out, FRAME("waits_inside"));
    UTIL_MATCH(&out, FRAME("waits_outside"));
    UTIL_MATCH(&out, FRAME("spawns_and_waits"));
    UTIL_MATCH(&out, "^waits_inside\\([^\n]*\n\t[^\n]*\nwaits_outside\\(");
    UTIL_MATCH(&out, CREATED("deadlocks", "1"));
    UTIL_MATCH(&out, CREATED("spawns_and_waits", "[0-9]+"));
    UTIL_NO_MATCH(&out, "^created by spawns_and_waits in goroutine 1$");
    /* Goroutine 1 was created by nobody; nobody but ours is shown. */
    T_EQ(util_count(out.text, "created by"), 2);
    T_EQ(util_count(out.text, "]:\n"), 3);
}

static int spawn_line;

static KEEP void spawns_on_a_known_line(leat_int_chan c)
{
    spawn_line = __LINE__ + 1;
    leat_go(waits_outside, c);
    util_await(&waiting, 1);
    fprintf(stderr, "the line is %d\n", spawn_line);
    leat_recv(c, NULL);
    STAY;
}

static KEEP void deadlocks_on_a_known_line(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    spawns_on_a_known_line(c);
    STAY;
}

T_TEST(created_by_names_the_line_of_the_spawn, .procs = {1})
{
    static struct util_output out;
    char pattern[200];
    int line = 0;

    util_capture(deadlocks_on_a_known_line, &out);
    const char *told = strstr(out.text, "the line is ");
    T_TRUE(told != NULL && sscanf(told, "the line is %d", &line) == 1);
    snprintf(pattern, sizeof(pattern),
             "^created by spawns_on_a_known_line in goroutine 1\n\t[^\n]*traceback_test\\.c:%d",
             line);
    UTIL_MATCH(&out, pattern);
}

static const leat_site elsewhere = {"wrapper.c", "wrapped_spawn", 77};

static KEEP void spawns_at_another_site(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go_at(&elsewhere, waits_outside, c);
    leat_recv(c, NULL);
}

T_TEST(a_forwarded_site_is_what_created_by_says, .procs = {1})
{
    static struct util_output out;

    util_capture(spawns_at_another_site, &out);
    UTIL_MATCH(&out, "^created by wrapped_spawn in goroutine 1\n\t[^\n]*wrapper\\.c:77");
}

static KEEP void panics_inside(void)
{
    leat_panic("for the traceback");
    STAY;
}

static KEEP void panics_outside(void)
{
    const struct g *main_g = sched.main_g;

    while (load_relaxed(&main_g->status) != G_WAITING ||
           load_relaxed(&main_g->u.wait.reason) != WAIT_CHAN_RECV)
        leat_yield();
    panics_inside();
    STAY;
}

static KEEP void panics_beside_others(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(waits_outside, c);
    util_await(&waiting, 1);
    for (int i = 0; i < 50; i++)
        leat_yield();
    leat_go(panics_outside);
    leat_recv(c, NULL);
    STAY;
}

static void with_traceback(const char *level, struct util_output *out)
{
    T_EQ(setenv("LEAT_TRACEBACK", level, 1), 0);
    util_capture(panics_beside_others, out);
    T_EQ(unsetenv("LEAT_TRACEBACK"), 0);
    UTIL_MATCH(out, "^panic: for the traceback$");
}

T_TEST(the_panicking_goroutine_alone_is_shown_by_default)
{
    static struct util_output out;

    util_capture(panics_beside_others, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[running\\]:$");
    UTIL_MATCH(&out, FRAME("panics_inside"));
    UTIL_MATCH(&out, FRAME("panics_outside"));
    UTIL_MATCH(&out, CREATED("panics_beside_others", "1"));
    UTIL_NO_MATCH(&out, "waits_inside");
    T_EQ(util_count(out.text, "\ngoroutine "), 1);
}

T_TEST(traceback_single_is_the_default)
{
    static struct util_output out;

    with_traceback("single", &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, FRAME("panics_inside"));
    T_EQ(util_count(out.text, "\ngoroutine "), 1);
}

T_TEST(traceback_none_shows_the_text_only)
{
    static struct util_output out;

    with_traceback("none", &out);
    T_EQ(out.status, 2);
    T_EQ(util_count(out.text, "\ngoroutine "), 0);
    UTIL_NO_MATCH(&out, "panics_inside");
}

T_TEST(traceback_all_shows_every_goroutine_the_failing_one_first)
{
    static struct util_output out;

    with_traceback("all", &out);
    T_EQ(out.status, 2);
    T_EQ(util_count(out.text, "\ngoroutine "), 3);
    UTIL_MATCH(&out, "^panic: for the traceback\n\ngoroutine [0-9]+ \\[running\\]:$");
    UTIL_MATCH(&out, "^goroutine 1 \\[chan receive\\]:$");
    UTIL_MATCH(&out, FRAME("waits_inside"));
    UTIL_MATCH(&out, FRAME("panics_beside_others"));
}

T_TEST(traceback_system_shows_at_least_as_much)
{
    static struct util_output out;

    with_traceback("system", &out);
    T_EQ(out.status, 2);
    T_GE(util_count(out.text, "\ngoroutine "), 3);
    UTIL_MATCH(&out, "^panics_inside\\(");
    UTIL_MATCH(&out, "^waits_inside\\(");
}

T_TEST(traceback_crash_aborts_for_a_core)
{
    static struct util_output out;

    with_traceback("crash", &out);
    T_EQ(out.status, UTIL_SIGNALLED + SIGABRT);
    UTIL_MATCH(&out, "^panics_inside\\(");
    UTIL_MATCH(&out, "^waits_inside\\(");
}

static KEEP long recurses(leat_int_chan c, long depth)
{
    long below = depth > 0 ? recurses(c, depth - 1) : (leat_recv(c, NULL), 0L);

    STAY;
    return below + 1;
}

static KEEP void waits_deep(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    recurses(c, 300);
    STAY;
}

static KEEP void waits_deep_in_a_goroutine(void)
{
    leat_go(waits_deep);
    leat_select_none();
}

T_TEST(the_middle_of_a_deep_stack_is_left_out)
{
    static struct util_output out;

    util_capture(waits_deep_in_a_goroutine, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^\\.\\.\\.[0-9]+ frames elided\\.\\.\\.$");
    int shown = util_count(out.text, "\nrecurses(");
    T_GE(shown, 50);
    T_LE(shown, 150);
    UTIL_MATCH(&out, "^waits_deep\\("); /* the oldest frames are kept */
    const char *elided = strstr(out.text, "frames elided");
    T_TRUE(elided != NULL && strstr(elided, "waits_deep(") != NULL);
}

static KEEP void dumps_itself(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go(waits_outside, c);
    util_await(&waiting, 1);
    for (int i = 0; i < 50; i++)
        leat_yield();
    leat_dump();
    fprintf(stderr, "and goes on\n");
}

T_TEST(leat_dump_shows_all_and_goes_on)
{
    static struct util_output out;

    util_capture(dumps_itself, &out);
    T_EQ(out.status, 0);
    UTIL_MATCH(&out, "^goroutine 1 \\[running\\]:$");
    UTIL_MATCH(&out, FRAME("waits_inside"));
    UTIL_MATCH(&out, FRAME("dumps_itself"));
    UTIL_MATCH(&out, "^and goes on$");
    T_EQ(util_count(out.text, "]:\n"), 2);
}

static KEEP void dump_counts(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    for (int i = 0; i < 37; i++)
        leat_go(waits_outside, c);
    util_await(&waiting, 37);
    leat_dump();
    fprintf(stderr, "num %d\n", leat_num_goroutine());
}

T_TEST(num_goroutine_agrees_with_the_dump)
{
    static struct util_output out;

    util_capture(dump_counts, &out);
    T_EQ(out.status, 0);
    UTIL_MATCH(&out, "^num 38$");
    int headers = 0;
    for (const char *p = out.text; (p = strstr(p, "goroutine ")) != NULL; p++)
        if (p == out.text || p[-1] == '\n')
            headers++;
    T_EQ(headers, 38);
}

static void never_ran(void)
{
}

/* It dies at once, and who dies stops the others first: a dump of a program that goes on takes
 * long enough for sysmon to give the goroutine to an added proc. */
static KEEP void dies_beside_the_queued(void)
{
    leat_chan_free(leat_chan_make(leat_int_chan, 0)); /* the runtime has started */
    leat_go(never_ran);
    leat_close((leat_int_chan)NULL);
}

T_TEST(a_goroutine_that_never_ran_is_shown_too, .procs = {1}, .modes = "!hostile",
       .env = {"LEAT_TRACEBACK=all"})
{
    static struct util_output out;

    util_capture(dies_beside_the_queued, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[runnable\\]:$");
    UTIL_MATCH(&out, CREATED("dies_beside_the_queued", "1"));
}

/* ---- how long they have waited ---- */

static struct g *waiters[4]; /* atomic */

static KEEP void waits_in_a_way(leat_int_chan c, int way)
{
    store_release(&waiters[way], g_self());
    if (way == 2)
        leat_lock_thread();
    if (way == 3)
        leat_blocking(pause);
    else
        leat_recv(c, NULL);
    STAY;
}

static bool has_begun_to_wait(int way)
{
    const struct g *g = load_acquire(&waiters[way]);

    return g && (load_relaxed(&g->status) == G_SYSCALL ||
                 (load_relaxed(&g->status) == G_WAITING && !load_acquire(&g->oncpu)));
}

static KEEP void dies_when_they_have_waited(void)
{
    static const int seconds[] = {30, 90, 330, 210};
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    for (int way = 0; way < 4; way++)
        leat_go(waits_in_a_way, c, way);
    for (int way = 0; way < 4; way++) {
        while (!has_begun_to_wait(way))
            leat_yield();
        waiters[way]->u.wait.since = os_now() - seconds[way] * LEAT_SECOND;
    }
    leat_close((leat_int_chan)NULL);
}

T_TEST(who_has_waited_for_minutes_is_said_to, .env = {"LEAT_TRACEBACK=all"})
{
    static struct util_output out;

    util_capture(dies_when_they_have_waited, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive\\]:$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive, 1 minutes\\]:$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[chan receive, 5 minutes, locked to thread\\]:$");
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[syscall, 3 minutes\\]:$");
    T_EQ(util_count(out.text, " minutes"), 3);
}

static KEEP void dies_named(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);

    leat_go_named("the odd one", waits_outside, c);
    leat_recv(c, NULL);
}

T_TEST(a_name_is_shown, .procs = {1}, .expect_exit = 2, .expect_stderr = "the odd one")
{
    dies_named();
}
