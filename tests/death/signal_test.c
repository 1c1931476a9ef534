/* SPDX-License-Identifier: MIT */
/*
 * signal_test.c - leat calls that could block are fatal in a signal handler, said clearly; what
 * the user has set up for signals is left as it was. SIGQUIT is sigquit.c's.
 */
#include "../api/sched_util.h"

static leat_int_chan chan;
static leat_mutex mutex;

static void sends_in_handler(int sig)
{
    leat_send(chan, sig);
}

static void locks_in_handler(int sig)
{
    (void)sig;
    leat_mutex_lock(&mutex);
}

static void raises_with(void (*handler)(int))
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    stack_t alt = {.ss_size = 64 << 10, .ss_sp = malloc(64 << 10)};

    leat_pin(); /* the alternate stack is this thread's */
    T_EQ(sigaltstack(&alt, NULL), 0);
    T_EQ(sigaction(SIGUSR1, &act, NULL), 0);
    T_EQ(raise(SIGUSR1), 0);
}

T_TEST(blocking_in_a_signal_handler_is_fatal, .expect_exit = 2,
       .expect_stderr = {"fatal error: ", "signal handler"})
{
    chan = leat_chan_make(leat_int_chan, 0);
    raises_with(sends_in_handler);
}

T_TEST(waiting_for_a_lock_in_a_signal_handler_is_fatal, .expect_exit = 2,
       .expect_stderr = {"fatal error: ", "signal handler"})
{
    leat_mutex_lock(&mutex);
    raises_with(locks_in_handler);
}

static void raises_in_a_goroutine(void)
{
    raises_with(sends_in_handler);
}

T_TEST(blocking_in_a_signal_handler_is_fatal_on_any_goroutine, .expect_exit = 2,
       .expect_stderr = {"fatal error: ", "signal handler"})
{
    chan = leat_chan_make(leat_int_chan, 0);
    leat_go(raises_in_a_goroutine);
    leat_select_none();
}

T_TEST(an_alternate_stack_that_was_there_is_kept, .procs = {1, 8})
{
    static char room[64 << 10];
    stack_t alt = {.ss_sp = room, .ss_size = sizeof(room)}, now;

    T_EQ(sigaltstack(&alt, NULL), 0);
    leat_yield();
    leat_sleep(LEAT_MILLISECOND);
    T_EQ(sigaltstack(NULL, &now), 0);
    T_EQ(now.ss_sp, (void *)room);
    alt.ss_flags = SS_DISABLE;
    alt.ss_size = sizeof(room);
    T_EQ(sigaltstack(&alt, NULL), 0);
}

static atomic_long handled;

static void counts(int sig)
{
    (void)sig;
    atomic_fetch_add(&handled, 1);
}

static void chats(leat_int_chan in, leat_int_chan out)
{
    leat_range(v, in)
        leat_send(out, v);
}

/* Handlers without SA_ONSTACK run on whatever stack is there, a goroutine's too: its minimum
 * must hold a signal frame. */
T_TEST(ordinary_handlers_run_on_goroutine_stacks)
{
    struct sigaction act = {.sa_handler = counts, .sa_flags = SA_RESTART};
    leat_int_chan in = leat_chan_make(leat_int_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);

    T_EQ(sigaction(SIGUSR1, &act, NULL), 0);
    for (int i = 0; i < 10; i++)
        leat_go_with(&(leat_go_opts){.stack_size = 1}, chats, in, out);
    for (int i = 0; i < t_scale(1000); i++) {
        int v = 0;
        kill(getpid(), SIGUSR1);
        leat_send(in, i);
        T_TRUE(leat_recv(out, &v));
        T_EQ(v, i);
    }
    while (atomic_load(&handled) == 0)
        leat_yield();
    leat_close(in);
    while (leat_num_goroutine() > 1)
        leat_yield();
    leat_chan_free(in);
    leat_chan_free(out);
}
