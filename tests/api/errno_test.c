/* SPDX-License-Identifier: MIT */
/*
 * errno_test.c - errno read after a park is this thread's, not that of the thread before.
 *
 * Both compilers ask once per function where errno is. Every function here parks, maybe goes on
 * elsewhere, fails a system call there and reads errno, while threads all around keep writing
 * theirs. errno_optout.c is the same header with LEAT_NO_ERRNO.
 */
#include "sched_util.h"

#include <errno.h> /* after leat.h: must not bring the C library's errno back */

bool errno_optout_is_the_libcs(void);

#define STRINGIFY_(x) #x
#define STRINGIFY(x)  STRINGIFY_(x)

T_TEST(errno_is_leats_even_if_errno_h_comes_later, .procs = {1})
{
    T_STRHAS(STRINGIFY(errno), "leat_errno_location");
}

static void fails_after_each_park(leat_int_chan in, leat_int_chan out, long rounds)
{
    for (int i = 0; i < rounds; i++) {
        int v = -1;
        errno = 0;
        if (i % 2 == 0)
            leat_yield();
        else
            leat_send(out, i);
        T_EQ(close(-1), -1);
        T_EQ(errno, EBADF);
        if (i % 2 != 0) {
            leat_recv(in, &v);
            T_EQ(v, i);
        }
        T_EQ(chdir(""), -1);
        T_EQ(errno, ENOENT);
        errno = 1000 + i;
        T_EQ(errno, 1000 + i);
    }
    leat_close(out);
}

static void echoes_errno(leat_int_chan in, leat_int_chan out)
{
    leat_range(v, in) {
        errno = E2BIG;
        leat_send(out, v);
        T_EQ(dup(-1), -1);
        T_EQ(errno, EBADF);
    }
}

T_TEST(errno_read_after_a_park_is_this_threads)
{
    enum { PAIRS = 6 };
    leat_int_chan there[PAIRS], back[PAIRS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < PAIRS; i++) {
        there[i] = leat_chan_make(leat_int_chan, i % 2);
        back[i] = leat_chan_make(leat_int_chan, 0);
        leat_waitgroup_go(&wg, fails_after_each_park, back[i], there[i], t_scale(2000));
        leat_waitgroup_go(&wg, echoes_errno, there[i], back[i]);
    }
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < PAIRS; i++) {
        leat_chan_free(there[i]);
        leat_chan_free(back[i]);
    }
}

static void parks_until_moved(atomic_long *moved)
{
    int tid = util_tid();

    for (long i = 0; i < 100000 && util_tid() == tid; i++) {
        errno = ENOTTY; /* the compiler has seen this function's errno before the move */
        leat_yield();
    }
    if (util_tid() == tid)
        return;
    T_EQ(close(-1), -1);
    T_EQ(errno, EBADF);
    atomic_fetch_add(moved, 1);
}

T_TEST(errno_is_right_after_a_move_to_another_thread, .procs = {2, 8})
{
    atomic_long moved = 0;

    /* At least one of them is stolen sooner or later. */
    while (atomic_load(&moved) == 0) {
        leat_waitgroup wg = {0};
        for (int i = 0; i < 32; i++)
            leat_waitgroup_go(&wg, parks_until_moved, &moved);
        leat_waitgroup_wait(&wg);
    }
}

static void *foreign_errno(void *unused)
{
    errno = 77;
    T_EQ(errno, 77);
    T_EQ(close(-1), -1);
    T_EQ(errno, EBADF);
    return unused;
}

T_TEST(errno_is_per_thread_on_foreign_threads, .procs = {1})
{
    errno = 5;
    util_join(util_thread(foreign_errno, NULL));
    T_EQ(errno, 5);
}

T_TEST(a_unit_may_keep_the_libcs_errno, .procs = {1})
{
    T_TRUE(errno_optout_is_the_libcs());
}
