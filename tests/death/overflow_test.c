/* SPDX-License-Identifier: MIT */
/*
 * overflow_test.c - a goroutine that runs out of stack is named, with its limit; it never gets
 * as far as its neighbour's memory. The sanitizers' own SIGSEGV handlers come before ours.
 */
#include "../api/sched_util.h"

#define LIMIT    "^runtime: goroutine stack exceeds [0-9]+-byte limit$"
#define OVERFLOW "^fatal error: stack overflow$"

static volatile long sink;

static __attribute__((noinline)) long digs(long depth)
{
    volatile char frame[256];

    frame[depth & 255] = (char)depth;
    long below = depth < 0 ? 0 : digs(depth + 1);
    return below + frame[depth & 255];
}

static void starts_digging(void)
{
    sink = digs(1);
}

static __attribute__((noinline)) void digs_in_a_goroutine(void)
{
    leat_go(starts_digging);
    leat_select_none();
}

T_TEST(endless_recursion_is_a_stack_overflow, .modes = "!asan,!ubsan")
{
    static struct util_output out;

    util_capture(digs_in_a_goroutine, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, LIMIT);
    UTIL_MATCH(&out, OVERFLOW);
    UTIL_MATCH(&out, "^goroutine [0-9]+ \\[running\\]:$");
    UTIL_MATCH(&out, "starts_digging");
    UTIL_MATCH(&out, "^created by digs_in_a_goroutine in goroutine 1$");
}

static __attribute__((noinline)) char takes_room(size_t bytes)
{
    volatile char *room = __builtin_alloca(bytes);

    room[0] = 1;
    room[bytes / 2] = 2;
    return (char)(room[0] + room[bytes / 2]);
}

static void takes_too_much(size_t bytes)
{
    sink = takes_room(bytes);
}

static void waits_beside(void)
{
    leat_select_none();
}

static __attribute__((noinline)) void jumps_in_a_goroutine(void)
{
    volatile size_t half_a_mebibyte = 512u << 10;

    for (int i = 0; i < 8; i++) /* neighbours, so that a jump would land in one */
        leat_go(waits_beside);
    leat_yield();
    leat_go(takes_too_much, half_a_mebibyte);
    leat_select_none();
}

T_TEST(an_array_larger_than_the_stack_is_a_stack_overflow, .modes = "!asan,!ubsan")
{
    static struct util_output out;

    util_capture(jumps_in_a_goroutine, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, LIMIT);
    UTIL_MATCH(&out, OVERFLOW);
    UTIL_MATCH(&out, "takes_too_much");
}

static void digs_in_a_stack_of_its_own_size(void)
{
    leat_go_opts opts = {.stack_size = 1 << 20, .name = "digger"};

    leat_go_with(&opts, starts_digging);
    leat_select_none();
}

T_TEST(a_stack_of_unusual_size_overflows_the_same_way, .modes = "!asan,!ubsan")
{
    static struct util_output out;

    util_capture(digs_in_a_stack_of_its_own_size, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, LIMIT);
    UTIL_MATCH(&out, OVERFLOW);
    UTIL_MATCH(&out, "starts_digging");
    UTIL_MATCH(&out, "digger");
}

T_TEST(mprotect_guards_catch_an_overflow, .modes = "!asan,!ubsan",
       .env = {"LEAT_DEBUG=guard=mprotect"})
{
    static struct util_output out;

    util_capture(digs_in_a_goroutine, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, LIMIT);
    UTIL_MATCH(&out, OVERFLOW);
}

/* Runs over its end a little, then makes a leat call: without guards the switch sees it. */
static __attribute__((noinline)) void runs_over_and_parks(size_t bytes)
{
    volatile char *room = __builtin_alloca(bytes);

    for (size_t i = 0; i < 8192; i++) /* the lowest bytes: below the end, and across it */
        room[i] = 1;
    leat_yield();
    room[0] = 2;
}

static void overflows_unguarded(void)
{
    volatile size_t little_too_much = (192u << 10) + 512;

    leat_go(runs_over_and_parks, little_too_much);
    leat_select_none();
}

T_TEST(without_guards_the_next_switch_sees_an_overflow, .modes = "!asan",
       .env = {"LEAT_DEBUG=guard=none"})
{
    static struct util_output out;

    util_capture(overflows_unguarded, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^fatal error: stack overflow");
}

static void faults(int *nowhere)
{
    *nowhere = 1;
}

static void faults_in_a_goroutine(void)
{
    leat_go(faults, (int *)16);
    leat_select_none();
}

T_TEST(another_fault_is_not_called_an_overflow, .modes = "!asan,!tsan,!ubsan")
{
    static struct util_output out;

    util_capture(faults_in_a_goroutine, &out);
    T_EQ(out.status, UTIL_SIGNALLED + SIGSEGV);
    UTIL_NO_MATCH(&out, "stack overflow");
}

static void is_sent(int sig)
{
    raise(sig);
    _exit(1);
}

static void sends_segv(void)
{
    leat_go(is_sent, SIGSEGV);
    leat_select_none();
}

static void is_sent_by_another(void)
{
    leat_yield();
    kill(getpid(), SIGBUS);
    leat_select_none();
}

T_TEST(a_fault_that_was_sent_kills_as_ever, .modes = "!asan,!tsan,!ubsan")
{
    static struct util_output out;

    util_capture(sends_segv, &out);
    T_EQ(out.status, UTIL_SIGNALLED + SIGSEGV);
    util_capture(is_sent_by_another, &out);
    T_EQ(out.status, UTIL_SIGNALLED + SIGBUS);
    UTIL_NO_MATCH(&out, "fatal error");
}

static void users_handler(int sig)
{
    static const char text[] = "the user's own handler\n";

    (void)sig;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        _exit(1);
    _exit(42);
}

static void faults_with_a_handler(void)
{
    struct sigaction act = {.sa_handler = users_handler, .sa_flags = SA_ONSTACK};

    T_EQ(sigaction(SIGSEGV, &act, NULL), 0);
    faults_in_a_goroutine();
}

T_TEST(a_users_handler_gets_the_faults_that_are_not_ours, .modes = "!asan")
{
    static struct util_output out;

    util_capture(faults_with_a_handler, &out);
    T_EQ(out.status, 42);
    UTIL_MATCH(&out, "^the user's own handler$");
}
