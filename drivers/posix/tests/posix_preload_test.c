/* SPDX-License-Identifier: MIT */
/* posix_preload_test.c - a program that was not linked with the library gets it by LD_PRELOAD. */
#include <leat.h>

#include <unistd.h>

#include "t.h"
#include "tasks.h"

enum { READERS = 100 };

static void read_gate(int gate, leat_waitgroup *begun, leat_waitgroup *wg)
{
    char c;

    leat_waitgroup_done(begun);
    T_EQ(read(gate, &c, 1), 0);
    leat_waitgroup_done(wg);
}

/* The number of threads while all of them wait. */
static int threads_of_readers(void)
{
    leat_waitgroup begun = {0}, wg = {0};
    int gate[2];

    T_EQ(pipe(gate), 0);
    leat_waitgroup_add(&begun, READERS);
    leat_waitgroup_add(&wg, READERS);
    for (int i = 0; i < READERS; i++)
        leat_go(read_gate, gate[0], &begun, &wg);
    leat_waitgroup_wait(&begun);
    int n = task_count();
    close(gate[1]);
    leat_waitgroup_wait(&wg);
    close(gate[0]);
    return n;
}

/* Under qemu-user the name would be the emulator's to load. */
T_TEST(with_it_they_park, .env = {PRELOAD}, .modes = "!qemu")
{
    T_LT(threads_of_readers(), 40);
}

T_TEST(without_it_they_block)
{
    T_GT(threads_of_readers(), READERS / 2);
}
