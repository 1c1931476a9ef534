/* SPDX-License-Identifier: MIT */
/* t_run.c - the runner: starts each case in a process of its own, waits, judges, prints.
 *
 * PICTURE
 *   cases in order -> [slot][slot].. (-j of them) -> judged -> one line each -> totals
 *   A slot: AT_WORK --time is up: SIGQUIT--> ASKED --two seconds for a dump: SIGKILL--> ended
 *
 * INVARIANTS
 *   R1  A case leads a process group; what it started dies with it. The group is killed while
 *       its leader is still a zombie (waitid with WNOWAIT), so the number cannot be another's.
 *   R2  Should the runner die (ctest's own time-out), the kernel kills the cases.
 *   R3  Output goes to memory files, not pipes: nobody has to read while a case runs, and a
 *       surviving grandchild that holds the other end cannot keep the runner waiting.
 *   R4  The runner never calls leat and starts no thread: fork() is safe here.
 *
 * PROTOCOL  Captured output is printed indented, so that no line of it can look like the
 *   runner's own `ok`, `FAIL`, `skip` or totals, which tests/t/summary reads.
 */
#define _GNU_SOURCE
#include "t_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { T_DEFAULT_MS = 20000, T_DUMP_MS = 2000, T_SHOW_BYTES = 64 * 1024, T_MAX_WORDS = 32 };

enum t_stage { T_FREE, T_AT_WORK, T_ASKED };
enum t_verdict { T_GOOD, T_BAD, T_PASSED_BY };

struct t_slot {
    enum t_stage stage;
    const struct t_test *test;
    int procs;
    uint64_t seed;
    pid_t pid;
    int64_t started_ms, deadline_ms;
    int out, err, report_fd;
    struct t_report *report;
};

struct t_totals {
    int passed, failed, skipped;
};

/* A case's captured output; text is never NULL. */
struct t_text {
    char *text;
    size_t length;
};

static const char *t_exe;

static int64_t t_run_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static _Noreturn void t_give_up(const char *what)
{
    fprintf(stderr, "test runner: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* In the child: wrapper words, then the case's own command line. */
static _Noreturn void t_exec_case(const struct t_slot *slot)
{
    char procs[16], report[16];
    char *words[T_MAX_WORDS];
    int n = 0;
    char *wrapper = getenv("T_WRAPPER");

    snprintf(procs, sizeof procs, "%d", slot->procs);
    snprintf(report, sizeof report, "%d", slot->report_fd);
    wrapper = wrapper ? strdup(wrapper) : NULL;
    for (char *w = wrapper ? strtok(wrapper, " ") : NULL; w; w = strtok(NULL, " "))
        if (n < T_MAX_WORDS - 8)
            words[n++] = w;
    words[n++] = (char *)(uintptr_t)t_exe;
    words[n++] = (char[]){"--t-case"};
    words[n++] = (char *)(uintptr_t)slot->test->name;
    words[n++] = (char[]){"--t-procs"};
    words[n++] = procs;
    words[n++] = (char[]){"--t-report"};
    words[n++] = report;
    words[n] = NULL;
    execvp(words[0], words);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", words[0], strerror(errno));
    _exit(127);
}

static _Noreturn void t_become_case(const struct t_slot *slot)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, STDIN_FILENO);
    close(null);
    dup2(slot->out, STDOUT_FILENO);
    dup2(slot->err, STDERR_FILENO);
    fcntl(slot->report_fd, F_SETFD, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    t__case_env(slot->test, slot->procs, slot->seed);
    t_exec_case(slot);
}

/* Appending, as on a pipe or a terminal: two threads that write at once do not overwrite each
 * other's bytes. */
static int t_memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
        t_give_up("memfd_create");
    return fd;
}

static void t_start(struct t_slot *slot, const struct t_test *test, int procs, uint64_t seed)
{
    int limit = test->timeout_ms > 0 ? test->timeout_ms : T_DEFAULT_MS;

    *slot = (struct t_slot){.stage = T_AT_WORK, .test = test, .procs = procs, .seed = seed};
    slot->out = t_memory_file("stdout");
    slot->err = t_memory_file("stderr");
    slot->report_fd = t_memory_file("report");
    if (ftruncate(slot->report_fd, sizeof *slot->report) < 0)
        t_give_up("ftruncate");
    slot->report = mmap(NULL, sizeof *slot->report, PROT_READ | PROT_WRITE, MAP_SHARED,
                        slot->report_fd, 0);
    if (slot->report == MAP_FAILED)
        t_give_up("mmap");
    slot->started_ms = t_run_clock_ms();
    slot->deadline_ms = slot->started_ms + (int64_t)(limit * t__slowness());
    fflush(stdout);
    slot->pid = fork();
    if (slot->pid < 0)
        t_give_up("fork");
    if (slot->pid == 0)
        t_become_case(slot);
    setpgid(slot->pid, slot->pid); /* also here: whoever comes first, before any kill */
}

static struct t_text t_slurp(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    struct t_text all = {.text = calloc(1, size > 0 ? (size_t)size + 1 : 1)};

    while (all.text && size > 0 && all.length < (size_t)size) {
        ssize_t n = pread(fd, all.text + all.length, (size_t)size - all.length,
                          (off_t)all.length);
        if (n <= 0)
            break;
        all.length += (size_t)n;
    }
    if (!all.text)
        t_give_up("reading output");
    return all;
}

static void t_print_indented(const char *title, struct t_text all)
{
    const char *at = all.text, *end = all.text + all.length;

    if (all.length == 0)
        return;
    printf("    --- %s\n", title);
    if (all.length > T_SHOW_BYTES) {
        at = end - T_SHOW_BYTES;
        printf("    | (the last %d of %zu bytes)\n", T_SHOW_BYTES, all.length);
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        printf("    | %.*s\n", (int)(stop - at), at);
        at = stop + 1;
    }
}

static const char *t_signal_name(int number, char *out, size_t size)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
        {SIGILL, "SIGILL"},   {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGQUIT, "SIGQUIT"},
        {SIGTRAP, "SIGTRAP"}, {SIGPIPE, "SIGPIPE"}, {SIGSYS, "SIGSYS"},   {SIGINT, "SIGINT"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    snprintf(out, size, "signal %d", number);
    return out;
}

static const char *t_describe(int status, char *out, size_t size)
{
    char name[24];

    if (WIFSIGNALED(status))
        snprintf(out, size, "killed by %s", t_signal_name(WTERMSIG(status), name, sizeof name));
    else
        snprintf(out, size, "exit status %d", WEXITSTATUS(status));
    return out;
}

static const char *t_missing(const char *const *wanted, struct t_text all)
{
    for (int i = 0; i < T_MAX_LIST && wanted[i]; i++)
        if (!memmem(all.text, all.length, wanted[i], strlen(wanted[i])))
            return wanted[i];
    return NULL;
}

/* NULL when the process ended as the test wants it to, else what is wrong. */
static const char *t_judge_end(const struct t_slot *slot, int status, char *out, size_t size)
{
    const struct t_test *test = slot->test;
    bool death = test->expect_exit || test->expect_signal || test->ends_process;
    bool returned = atomic_load(&slot->report->state) == T_RETURNED;
    bool as_wanted = test->expect_signal
                         ? WIFSIGNALED(status) && WTERMSIG(status) == test->expect_signal
                         : WIFEXITED(status) && WEXITSTATUS(status) == test->expect_exit;
    char end[40], name[24];

    t_describe(status, end, sizeof end);
    if (death && returned && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        snprintf(out, size, "the body returned, but it was to end the process");
    else if (as_wanted && !death && !returned)
        snprintf(out, size, "%s before the body returned", end);
    else if (as_wanted)
        return NULL;
    else if (test->expect_signal)
        snprintf(out, size, "%s, expected %s", end,
                 t_signal_name(test->expect_signal, name, sizeof name));
    else if (test->expect_exit)
        snprintf(out, size, "%s, expected exit status %d", end, test->expect_exit);
    else
        snprintf(out, size, "%s%s", end, returned ? " after the body returned" : "");
    return out;
}

static enum t_verdict t_judge(const struct t_slot *slot, int status, struct t_text out,
                              struct t_text err, char *why, size_t size)
{
    int state = atomic_load(&slot->report->state);
    const char *missing;

    slot->report->text[sizeof slot->report->text - 1] = '\0';
    if (state == T_FAILED || (state == T_SKIPPED && WIFEXITED(status))) {
        snprintf(why, size, "%s", slot->report->text);
        return state == T_FAILED ? T_BAD : T_PASSED_BY;
    }
    if (slot->stage != T_AT_WORK) {
        snprintf(why, size, "timed out after %d ms",
                 (int)(slot->deadline_ms - slot->started_ms));
        return T_BAD;
    }
    if (t_judge_end(slot, status, why, size))
        return T_BAD;
    if ((missing = t_missing(slot->test->expect_stderr, err)))
        snprintf(why, size, "standard error lacks \"%s\"", missing);
    else if ((missing = t_missing(slot->test->expect_stdout, out)))
        snprintf(why, size, "standard output lacks \"%s\"", missing);
    else
        return T_GOOD;
    return T_BAD;
}

static void t_print_replay(const struct t_slot *slot)
{
    static const char *const kept[] = {"T_MODE", "T_SCALE", "T_TIMEOUT_SCALE"};
    const char *wrapper = getenv("T_WRAPPER");

    printf("    replay: T_SEED=0x%016llx LEAT_PROCS=%d ", (unsigned long long)slot->seed,
           slot->procs);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (getenv(kept[i]))
            printf("%s='%s' ", kept[i], getenv(kept[i]));
    for (int i = 0; i < T_MAX_LIST && slot->test->env[i]; i++)
        printf("'%s' ", slot->test->env[i]);
    printf("%s%s%s --t-case %s --t-procs %d\n", wrapper ? wrapper : "", wrapper ? " " : "",
           t_exe, slot->test->name, slot->procs);
}

static void t_finish(struct t_slot *slot, int status, struct t_totals *totals)
{
    double seconds = (double)(t_run_clock_ms() - slot->started_ms) / 1000;
    struct t_text out = t_slurp(slot->out), err = t_slurp(slot->err);
    const char *name = slot->test->name;
    char why[600] = "";
    enum t_verdict verdict = t_judge(slot, status, out, err, why, sizeof why);

    if (verdict == T_GOOD) {
        totals->passed++;
        printf("ok %s procs=%d (%.2f s)\n", name, slot->procs, seconds);
    } else if (verdict == T_PASSED_BY) {
        totals->skipped++;
        printf("skip %s procs=%d: %s\n", name, slot->procs, why);
    } else {
        totals->failed++;
        printf("FAIL %s procs=%d (%.2f s): %s\n", name, slot->procs, seconds, why);
    }
    if (verdict == T_BAD || t__is_verbose()) {
        t_print_indented("stdout", out);
        t_print_indented("stderr", err);
        t_print_replay(slot);
    }
    fflush(stdout);
    free(out.text);
    free(err.text);
    munmap(slot->report, sizeof *slot->report);
    close(slot->out);
    close(slot->err);
    close(slot->report_fd);
    slot->stage = T_FREE;
}

/* Has the case ended? Then its whole group is ended, and its status collected. */
static bool t_reap(const struct t_slot *slot, int *status)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)slot->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        t_give_up("waitid");
    if (info.si_pid != slot->pid)
        return false;
    kill(-slot->pid, SIGKILL);
    return waitpid(slot->pid, status, 0) == slot->pid;
}

static void t_press(struct t_slot *slot)
{
    int64_t now = t_run_clock_ms();

    if (slot->stage == T_AT_WORK && now >= slot->deadline_ms) {
        slot->stage = T_ASKED;
        kill(slot->pid, SIGQUIT);
    } else if (slot->stage == T_ASKED && now >= slot->deadline_ms + T_DUMP_MS) {
        kill(-slot->pid, SIGKILL);
    }
}

/* Sleeps until a child ends, or a while: deadlines are looked at ten times a second. */
static void t_wait_child(const sigset_t *child)
{
    sigtimedwait(child, NULL, &(struct timespec){.tv_nsec = 100000000});
}

static void t_tend(struct t_slot *slots, int count, struct t_totals *totals)
{
    for (int i = 0; i < count; i++) {
        int status;
        if (slots[i].stage == T_FREE)
            continue;
        if (t_reap(&slots[i], &status))
            t_finish(&slots[i], status, totals);
        else
            t_press(&slots[i]);
    }
}

static struct t_slot *t_find_free(struct t_slot *slots, int count)
{
    for (int i = 0; i < count; i++)
        if (slots[i].stage == T_FREE)
            return &slots[i];
    return NULL;
}

static bool t_any_at_work(const struct t_slot *slots, int count)
{
    for (int i = 0; i < count; i++)
        if (slots[i].stage != T_FREE)
            return true;
    return false;
}

/* The next (test, procs) after the given one, or false at the end. *test NULL: the first. */
static bool t_next_case(const struct t_options *options, const struct t_test **test, int *at)
{
    const struct t_test *t = *test ? *test : t__tests;
    int i = *test ? *at + 1 : 0;

    for (; t; t = t->next, i = 0) {
        if (options->filter && !strstr(t->name, options->filter))
            continue;
        for (; i < T_MAX_LIST && t->procs[i]; i++) {
            if (options->only_procs && t->procs[i] != options->only_procs)
                continue;
            *test = t;
            *at = i;
            return true;
        }
    }
    return false;
}

static void t_run_round(const struct t_options *options, struct t_slot *slots,
                        const sigset_t *child, struct t_totals *totals)
{
    bool fixed_seed = getenv("T_SEED") != NULL;
    const struct t_test *test = NULL;
    bool more = true;
    int at = 0;

    for (;;) {
        struct t_slot *slot = t_find_free(slots, options->jobs);
        more = more && !(options->repeat > 1 && totals->failed);
        if (slot && more && (more = t_next_case(options, &test, &at))) {
            t_start(slot, test, test->procs[at], fixed_seed ? t_seed() : t_rand());
            continue;
        }
        if (!t_any_at_work(slots, options->jobs))
            return;
        t_wait_child(child);
        t_tend(slots, options->jobs, totals);
    }
}

int t__run_all(const struct t_options *options, const char *exe)
{
    struct t_slot *slots = calloc((size_t)options->jobs, sizeof *slots);
    struct t_totals totals = {0};
    sigset_t child;

    if (!slots)
        t_give_up("calloc");
    t_exe = exe;
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (int round = 0; round < options->repeat && !totals.failed; round++)
        t_run_round(options, slots, &child, &totals);
    free(slots);

    printf("%d passed, %d failed", totals.passed, totals.failed);
    if (totals.skipped)
        printf(", %d skipped", totals.skipped);
    printf("\n");
    if (totals.failed || totals.passed + totals.skipped == 0)
        return 1;
    return totals.passed ? 0 : 77;
}
