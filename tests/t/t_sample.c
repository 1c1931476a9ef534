/* SPDX-License-Identifier: MIT */
/* t_sample.c - cases that are bad on purpose, for t_test.c to run and look at from outside.
 *
 * It has a runtime of its own: three functions that answer what a case wants to see answered,
 * so that the framework's dealings with leat are tested without leat.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int leat_num_goroutine(void);
void leat_yield(void);
void leat_dump(void);
const char *leat__check_all(void);

static int sample_goroutines = 1;
static int sample_calls;
static bool sample_ending;
static const char *sample_broken;

int leat_num_goroutine(void)
{
    sample_calls++;
    return sample_goroutines;
}

void leat_yield(void)
{
    if (sample_ending && sample_goroutines > 1)
        sample_goroutines--;
}

void leat_dump(void)
{
    static const char text[] = "goroutine 1 [sample]:\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(9);
}

const char *leat__check_all(void)
{
    return sample_broken;
}

static const char *sample_reason(void)
{
    return "asked not to";
}

static void *sample_failing_thread(void *unused)
{
    T_EQ(unused, &sample_goroutines);
    return NULL;
}

T_TEST(good)
{
    T_LOG("procs %d", t_procs());
    T_EQ(atoi(getenv("LEAT_PROCS")), t_procs());
}

T_TEST(started, .procs = {1})
{
    T_EQ(sample_calls, 1);
}

T_TEST(untouched, .procs = {1}, .fresh = true)
{
    T_EQ(sample_calls, 0);
    T_GE(open("/dev/null", O_RDONLY), 0);
}

T_TEST(bad_eq, .procs = {1})
{
    int x = 41;
    T_EQ(x + 1, 43);
}

T_TEST(bad_lt, .procs = {1})
{
    T_LT(1u, -1);
}

T_TEST(bad_true, .procs = {1})
{
    T_TRUE(sample_goroutines == 7);
}

T_TEST(bad_false, .procs = {1})
{
    T_FALSE(sample_goroutines == 1);
}

T_TEST(bad_streq, .procs = {1})
{
    T_STREQ("a\n", NULL);
}

T_TEST(bad_strhas, .procs = {1})
{
    T_STRHAS("haystack", "needle");
}

T_TEST(bad_memeq, .procs = {1})
{
    T_MEMEQ("abcX", "abcY", 4);
}

T_TEST(bad_err, .procs = {1})
{
    T_ERR(-EAGAIN, -EPIPE);
}

T_TEST(bad_call, .procs = {1})
{
    T_FAIL("all of %d%%", 100);
}

T_TEST(bad_thread, .procs = {1})
{
    pthread_t thread;
    T_EQ(pthread_create(&thread, NULL, sample_failing_thread, NULL), 0);
    pthread_join(thread, NULL);
}

T_TEST(bad_fork, .procs = {1})
{
    pid_t child = fork();
    if (child == 0)
        T_FAIL("in the child");
    waitpid(child, NULL, 0);
}

T_TEST(hang_polite, .procs = {1}, .timeout_ms = 1000)
{
    for (;;)
        pause();
}

/* Deaf to SIGQUIT, and with a child that keeps what t_test gave us open. */
T_TEST(hang_deaf, .procs = {1}, .timeout_ms = 50)
{
    signal(SIGQUIT, SIG_IGN);
    fork();
    for (;;)
        pause();
}

T_TEST(crash, .procs = {1})
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    abort();
}

T_TEST(early_exit, .procs = {1})
{
    _exit(0);
}

T_TEST(skip_call, .procs = {1})
{
    T_SKIP("no such thing here");
}

T_TEST(skip_function, .procs = {1}, .skip_if = sample_reason)
{
    T_FAIL("not skipped");
}

T_TEST(skip_mode, .procs = {1}, .modes = "mars,venus")
{
    T_FAIL("not skipped");
}

T_TEST(skip_not_mode, .procs = {1}, .modes = "!earth")
{
    T_FAIL("not skipped");
}

T_TEST(skip_silent, .procs = {1})
{
    T_SKIP("");
}

T_TEST(leak_fd, .procs = {1})
{
    T_GE(open("/dev/null", O_RDONLY), 0);
}

T_TEST(leak_allowed, .procs = {1}, .no_leak_check = true)
{
    T_GE(open("/dev/null", O_RDONLY), 0);
}

T_TEST(leak_goroutine, .procs = {1})
{
    sample_goroutines = 3;
}

T_TEST(late_goroutine, .procs = {1})
{
    sample_goroutines = 3;
    sample_ending = true;
}

T_TEST(leak_invariant, .procs = {1})
{
    sample_broken = "run queue: head after tail";
}

T_TEST(death_good, .procs = {1}, .expect_exit = 3, .expect_stderr = {"one", "two"})
{
    fputs("one\ntwo\n", stderr);
    exit(3);
}

T_TEST(death_signal, .procs = {1}, .expect_signal = SIGTERM)
{
    raise(SIGTERM);
}

T_TEST(death_well, .procs = {1}, .ends_process = true, .expect_stdout = "bye")
{
    puts("bye");
    exit(0);
}

T_TEST(death_refused, .procs = {1}, .expect_exit = 3)
{
}

T_TEST(death_well_refused, .procs = {1}, .ends_process = true)
{
}

T_TEST(death_status, .procs = {1}, .expect_exit = 3)
{
    exit(4);
}

T_TEST(death_text, .procs = {1}, .expect_exit = 3, .expect_stderr = {"one", "two"})
{
    fputs("one\n", stderr);
    exit(3);
}

T_TEST(death_by_check, .procs = {1}, .expect_exit = 1)
{
    T_FAIL("not the death expected");
}

T_TEST(environment, .procs = {1}, .env = {"SAMPLE_A=1=1", "SAMPLE_B="})
{
    T_STREQ(getenv("SAMPLE_A"), "1=1");
    T_STREQ(getenv("SAMPLE_B"), "");
}

T_TEST(noise, .procs = {1})
{
    puts("9 passed, 9 failed");
    T_LOG("seed %llx", (unsigned long long)t_seed());
    for (int i = 0; i < 3; i++)
        T_LOG("rand %llx", (unsigned long long)t_rand());
}
