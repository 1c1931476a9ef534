/* SPDX-License-Identifier: MIT */
/* exec_manners_test.c - what child processes inherit, many of them; nothing stays behind. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec_util.h"

/* ---- what it inherits ---- */

T_TEST(it_has_no_other_descriptors)
{
    int leaky[2];

    T_EQ(pipe(leaky), 0); /* without O_CLOEXEC, as other libraries open them */
    output_is(SHELL("for f in 3 4 5 6 7 8 9 10 11 12 13 14 15; do "
                    "test -e /dev/fd/$f && echo $f; done; true"),
              "");
    close(leaky[0]);
    close(leaky[1]);
}

/* A line of the child's own status: which signals. */
static unsigned long long signals_of_child(const char *line)
{
    leat_cmd c = {.argv = LEAT_ARGV("grep", line, "/proc/self/status")};
    char *text;

    T_ERR(leat_cmd_output(&c, &text, NULL), 0);
    unsigned long long set = strtoull(text + strlen(line), NULL, 16);
    free(text);
    return set;
}

T_TEST(no_signal_is_blocked_and_ignored_ones_stay_ignored)
{
    const unsigned long long bit = 1ull << (SIGUSR2 - 1);
    sigset_t all, before;

    sigfillset(&all);
    leat_lock_thread();
    pthread_sigmask(SIG_BLOCK, &all, &before);
    T_EQ(signals_of_child("SigBlk:"), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    leat_unlock_thread();
    T_EQ(signals_of_child("SigIgn:") & bit, 0);
    T_ERR(leat_signal_ignore(SIGUSR2), 0);
    T_EQ(signals_of_child("SigIgn:") & bit, bit);
    T_ERR(leat_signal_reset(SIGUSR2), 0);
    T_EQ(signals_of_child("SigIgn:") & bit, 0);
}

/* ---- many ---- */

static void run_one(leat_waitgroup *wg, int i)
{
    char want[32], *text;
    snprintf(want, sizeof(want), "child %d\n", i);
    leat_cmd c = {.argv = SHELL("read line; echo \"$line\"; "
                                "for f in 3 4 5 6 7 8 9; do test -e /dev/fd/$f && echo $f; "
                                "done; exit 5")};
    leat_io *in;

    T_ERR(leat_io_bytes(&in, want, strlen(want)), 0);
    c.in = in;
    T_EQ(leat_cmd_output(&c, &text, NULL), 5);
    T_STREQ(text, want);
    free(text);
    leat_io_free(in);
    leat_waitgroup_done(wg);
}

T_TEST(many_at_once, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};
    int n = (int)t_scale(60);

    leat_waitgroup_add(&wg, n);
    for (int i = 0; i < n; i++)
        leat_go(run_one, &wg, i);
    leat_waitgroup_wait(&wg);
    no_child_is_left();
}

/* Whatever is refused on the way, nothing stays open: the framework looks when this returns. (Not
 * in between: sysmon opens descriptors of its own for moments.) */
T_TEST(too_few_descriptors)
{
    struct rlimit before, few;
    leat_io *in, *out;
    long started = 0;

    T_ERR(leat_io_memory(&in), 0);
    T_ERR(leat_io_memory(&out), 0);
    output_is(LEAT_ARGV("true"), ""); /* what leat opens for itself is open */
    T_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(next);
    for (rlim_t room = 0; room < 12; room++) {
        leat_cmd c = {.argv = LEAT_ARGV("true"), .in = in, .out = out, .err_fd = LEAT_FD(2)};
        few.rlim_cur = (rlim_t)next + room;
        T_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
        int status = leat_cmd_run(&c);
        T_TRUE(status == 0 || status == -EMFILE);
        started += status == 0;
        T_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
    T_GT(started, 0);
    T_LT(started, 12);
    leat_io_free(in);
    leat_io_free(out);
    no_child_is_left();
}

/* ---- kernels without pidfds, programs that meddle ---- */

static void no_pidfds(void)
{
    struct sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 434},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {4, code};

    T_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    T_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program), 0);
}

T_TEST(without_pidfds, .modes = "!qemu,!valgrind")
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_cmd slow = {.argv = LEAT_ARGV("sleep", "1000"), .ctx = ctx};
    leat_waitgroup wg = {0};

    no_pidfds();
    output_is(LEAT_ARGV("echo", "works"), "works\n");
    T_ERR(leat_cmd_start(&slow), 0);
    leat_go(cancel_soon, ctx);
    T_ERR(leat_cmd_wait(&slow), -ECANCELED);
    leat_waitgroup_add(&wg, 10);
    for (int i = 0; i < 10; i++)
        leat_go(run_one, &wg, i);
    leat_waitgroup_wait(&wg);
    no_child_is_left();
}

T_TEST(somebody_else_has_waited_for_it)
{
    leat_cmd c = {.argv = LEAT_ARGV("true")};

    T_EQ(signal(SIGCHLD, SIG_IGN) != SIG_ERR, 1);
    T_ERR(leat_cmd_run(&c), -ECHILD);
    T_EQ(c.code, -1);
    signal(SIGCHLD, SIG_DFL);
    T_ERR(leat_cmd_run(&c), 0);
}
