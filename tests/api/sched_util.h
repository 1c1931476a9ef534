/* SPDX-License-Identifier: MIT */
/*
 * sched_util.h - what the tests of the scheduler share.
 *
 *     static struct util_output out;                  // too big for a goroutine's stack
 *     util_capture(die_somehow, &out);
 *     T_EQ(out.status, 2);
 *     T_TRUE(util_matches(out.text, "^goroutine 1 \\[chan receive\\]:$"));
 *
 * util_capture forks before this process has used leat, so the body meets a runtime of its own
 * and its thread is the main thread of the child. The expect_ options of T_TEST do for plain
 * texts; this is for shapes: regular expressions, order, counts.
 */
#ifndef SCHED_UTIL_H
#define SCHED_UTIL_H

#include <leat.h>

#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t/t.h"

enum { UTIL_TEXT_MAX = 1 << 20, UTIL_SIGNALLED = 256 };

struct util_output {
    int status; /* exit status, or UTIL_SIGNALLED + the signal that killed it */
    size_t len;
    char text[UTIL_TEXT_MAX]; /* standard output and standard error, as they came */
};

/* Which thread runs this: asked from the kernel, nothing cached can be wrong. */
static inline int util_tid(void)
{
    return (int)syscall(SYS_gettid);
}

/* Lets others run until *word has reached n; a hang is the test's timeout. */
static inline void util_await(atomic_long *word, long n)
{
    while (atomic_load(word) < n)
        leat_yield();
}

/* The same for a thread or goroutine that must not make a leat call meanwhile. */
static inline void util_await_quietly(atomic_long *word, long n)
{
    while (atomic_load(word) < n)
        (void)syscall(SYS_sched_yield);
}

static inline pthread_t util_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;

    T_EQ(pthread_create(&thread, NULL, fn, arg), 0);
    return thread;
}

static inline void util_join(pthread_t thread)
{
    T_EQ(pthread_join(thread, NULL), 0);
}

static inline int util_wait_child(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) != pid)
        T_EQ(errno, EINTR);
    return WIFSIGNALED(status) ? UTIL_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void util_capture(void (*body)(void), struct util_output *out)
{
    int ends[2];

    T_EQ(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    T_GE(pid, 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body();
        exit(0);
    }
    close(ends[1]);
    out->len = 0;
    for (;;) {
        ssize_t n = read(ends[0], out->text + out->len, UTIL_TEXT_MAX - 1 - out->len);
        if (n <= 0)
            break;
        out->len += (size_t)n;
    }
    out->text[out->len] = '\0';
    close(ends[0]);
    out->status = util_wait_child(pid);
}

/* Does an extended regular expression match somewhere? ^ and $ are ends of lines, a dot is no
 * end of line; write \n for one. */
static inline bool util_matches(const char *text, const char *pattern)
{
    regex_t re;

    T_EQ(regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB), 0);
    bool found = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return found;
}

static inline int util_count(const char *text, const char *part)
{
    int n = 0;

    for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
        n++;
    return n;
}

/* A check on captured output that shows the output when it fails. */
#define UTIL_MATCH(out, pattern)        \
    (util_matches((out)->text, pattern) \
         ? (void)0                      \
         : T_FAIL("no match of %s in:\n%s", pattern, (out)->text))
#define UTIL_NO_MATCH(out, pattern)                                                           \
    (util_matches((out)->text, pattern) ? T_FAIL("match of %s in:\n%s", pattern, (out)->text) \
                                        : (void)0)

#endif
