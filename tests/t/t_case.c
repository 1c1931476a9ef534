/* SPDX-License-Identifier: MIT */
/* t_case.c - inside the process of one case: run the body, then look at what it left.
 *
 * PROTOCOL
 *   1. A first leat call starts the runtime, so that the descriptors it opens for itself are
 *      there before the list of open ones is taken. A fresh test does without both.
 *   2. The body runs as what leat makes of the main thread: goroutine 1.
 *   3. The last goroutines of a body may still be on their way out when it returns: done()
 *      comes before the return of the function that calls it. So their number is asked for
 *      again and again, with yields between, until main is alone or the grace is over. So are
 *      the open descriptors: the runtime's monitor opens a thread's state, glibc's malloc the
 *      list of processors, and both close them again. What else is left must be gone by then.
 *   4. main() returns: sanitizers and exit handlers have their say through the exit status.
 *
 * ORDERING  Death tests skip 3: their body is not meant to return.
 */
#include "t_int.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { T_GRACE_MS = 3000, T_PLAIN_YIELDS = 200, T_MAX_FDS = 1024 };

int leat_num_goroutine(void) __attribute__((weak));
void leat_yield(void) __attribute__((weak));
const char *leat__check_all(void) __attribute__((weak));

static struct t_report t_private_report; /* a case started by hand has no runner */
struct t_report *t__report = &t_private_report;
const struct t_test *t__current;

static int t_current_procs;
static int t_base_fds[T_MAX_FDS];
static int t_base_count;

int t_procs(void)
{
    return t_current_procs;
}

/* Open descriptors but the one that lists them; returns how many, at most max stored. */
static int t_list_fds(int *out, int max)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int count = 0;

    if (!dir)
        return 0;
    while ((entry = readdir(dir))) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(dir) && count < max)
            out[count++] = fd;
    }
    closedir(dir);
    return count;
}

static bool t_was_open(int fd)
{
    for (int i = 0; i < t_base_count; i++)
        if (t_base_fds[i] == fd)
            return true;
    return false;
}

/* leat opens one of each with the first descriptor somebody waits for, for good. */
static bool t_is_the_pollers(const char *target, int *pollers)
{
    int which = strcmp(target, "anon_inode:[eventpoll]") == 0 ? 1
                : strcmp(target, "anon_inode:[eventfd]") == 0 ? 2
                                                              : 0;
    bool first = which && !(*pollers & which);

    *pollers |= which;
    return first;
}

/* NULL when nothing is left open, else what is. */
static const char *t_left_fd(char *out, size_t size)
{
    static int now[T_MAX_FDS];
    int count = t_list_fds(now, T_MAX_FDS), pollers = 0;

    for (int i = 0; i < count; i++) {
        char path[40], target[200];
        if (t_was_open(now[i]))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", now[i]);
        ssize_t n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (n <= 0 || t_is_the_pollers(target, &pollers))
            continue; /* closed meanwhile, or not the test's */
        snprintf(out, size, "file descriptor %d left open: %s", now[i], target);
        return out;
    }
    return NULL;
}

static int64_t t_case_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t t_end_of_grace(void)
{
    return t_case_clock_ms() + (int64_t)(T_GRACE_MS * t__slowness());
}

static void t_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void t_await_goroutines(void)
{
    int64_t end = t_end_of_grace();

    for (long turn = 0; leat_num_goroutine() != 1 && t_case_clock_ms() < end; turn++) {
        if (leat_yield)
            leat_yield();
        if (turn > T_PLAIN_YIELDS)
            t_nap();
    }
}

static const char *t_await_fds(char *out, size_t size)
{
    int64_t end = t_end_of_grace();
    const char *left;

    while ((left = t_left_fd(out, size)) && t_case_clock_ms() < end)
        t_nap();
    return left;
}

static void t_check_left(void)
{
    const char *file = t__current->file, *text = NULL;
    char left[300];
    int line = t__current->line;

    if (leat_num_goroutine) {
        t_await_goroutines();
        int count = leat_num_goroutine();
        if (count != 1)
            t__fail(file, line, "left behind: %d goroutines beside main", count - 1);
    }
    if (!t__current->fresh && t_await_fds(left, sizeof left))
        t__fail(file, line, "left behind: %s", left);
    if (leat__check_all && (text = leat__check_all()))
        t__fail(file, line, "left behind: a broken invariant: %s", text);
}

/* The runner's last question to a case that hangs: where is everybody? */
static void t_on_quit(int signal_number)
{
    static const char text[] = "SIGQUIT: time is up\n";

    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) > 0)
        t__dump();
    _exit(131);
}

static void t_catch_quit(void)
{
    struct sigaction action;

    if (sigaction(SIGQUIT, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        memset(&action, 0, sizeof action);
        action.sa_handler = t_on_quit;
        action.sa_flags = SA_ONSTACK;
        sigaction(SIGQUIT, &action, NULL);
    }
}

static void t_attach_report(int fd)
{
    void *page = mmap(NULL, sizeof *t__report, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (page != MAP_FAILED)
        t__report = page;
    close(fd);
}

int t__run_case(const char *name, int procs, int report_fd)
{
    const struct t_test *test = t__tests;
    const char *reason;

    while (test && strcmp(test->name, name) != 0)
        test = test->next;
    if (!test) {
        fprintf(stderr, "no test named %s\n", name);
        return 2;
    }
    t__current = test;
    t_current_procs = procs;
    if (report_fd >= 0)
        t_attach_report(report_fd);
    t__case_env(test, procs, t_seed());
    atomic_store(&t__report->state, T_RUNNING);

    reason = t__mode_refusal(test->modes);
    if (!reason && test->skip_if)
        reason = test->skip_if();
    if (reason)
        t__skip(test->file, test->line, reason);

    if (leat_num_goroutine && !test->fresh)
        leat_num_goroutine();
    t_catch_quit();
    t_base_count = t_list_fds(t_base_fds, T_MAX_FDS);
    test->body();
    if (!test->no_leak_check && !test->expect_exit && !test->expect_signal &&
        !test->ends_process)
        t_check_left();

    int running = T_RUNNING;
    atomic_compare_exchange_strong(&t__report->state, &running, T_RETURNED);
    return 0;
}
