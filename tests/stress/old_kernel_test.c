/* SPDX-License-Identifier: MIT */
/*
 * old_kernel_test.c - a kernel that knows no guards by madvise (before Linux 6.13): leat finds that
 * out by trying and guards by mprotect, without being told to.
 *
 * A seccomp filter makes such a kernel of any. It stays for the rest of the process, in its
 * children too.
 */
#include "../api/sched_util.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "stack/stack.h"

enum { GUARD_INSTALL = 102, NR_PROCESS_MADVISE = 440 };

#define LOAD(what)                                       \
    {                                                    \
        BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(what) \
    }
#define SKIP_UNLESS(k, n)                      \
    {                                          \
        BPF_JMP | BPF_JEQ | BPF_K, 0, (n), (k) \
    }
#define ANSWER(with)                  \
    {                                 \
        BPF_RET | BPF_K, 0, 0, (with) \
    }

/* Low halves come first on both machines. */
static void forget_guards(void)
{
    static struct sock_filter code[] = {
        LOAD(offsetof(struct seccomp_data, nr)),      SKIP_UNLESS(NR_PROCESS_MADVISE, 1),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),           SKIP_UNLESS(SYS_madvise, 3),
        LOAD(offsetof(struct seccomp_data, args[2])), SKIP_UNLESS(GUARD_INSTALL, 1),
        ANSWER(SECCOMP_RET_ERRNO | EINVAL),           ANSWER(SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

    T_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L), 0);
    if (prctl(PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &filter, 0L, 0L) != 0)
        T_SKIP("this system lets nobody filter his own system calls");
}

static void waits_for(leat_int_chan gate)
{
    leat_recv(gate, NULL);
}

T_TEST(guards_fall_back_to_mprotect, .fresh = true, .modes = "plain,hostile,ubsan")
{
    forget_guards();
    leat_int_chan gate = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 500; i++)
            leat_waitgroup_go(&wg, waits_for, gate);
        leat_yield();
        T_STREQ(stack_guard_mode(), "mprotect");
        T_FALSE(leat__stack_unguarded);
        leat_close(gate);
        leat_waitgroup_wait(&wg);
        leat_chan_free(gate);
        gate = leat_chan_make(leat_int_chan, 0);
    }
    leat_chan_free(gate);
}

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

static void overflows(void)
{
    leat_go(starts_digging);
    leat_select_none();
}

T_TEST(those_guards_catch_an_overflow, .fresh = true, .modes = "plain,hostile")
{
    static struct util_output out;

    forget_guards();
    util_capture(overflows, &out);
    T_EQ(out.status, 2);
    UTIL_MATCH(&out, "^fatal error: stack overflow$");
    UTIL_MATCH(&out, "^created by overflows in goroutine 1$");
}
