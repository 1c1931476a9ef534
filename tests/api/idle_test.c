/* SPDX-License-Identifier: MIT */
/*
 * idle_test.c - an idle program costs nothing: no thread of the runtime wakes up.
 *
 * The kernel counts every thread's context switches. A foreign thread reads the counts before
 * and after a span in which all goroutines wait, until it has seen a span in which no count
 * moved: a monitor that ticks for ever never lets it see one.
 */
#include "sched_util.h"

#include <dirent.h>
#include <sys/socket.h>

/* The switches of one thread, or 0 if it is gone. */
static long switches_of(const char *tid)
{
    char path[300], line[256];
    long sum = 0, n;

    snprintf(path, sizeof(path), "/proc/self/task/%s/status", tid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
            sum += n;
    fclose(f);
    return sum;
}

static long switches_of_all_but_me(void)
{
    char self[16];
    long sum = 0;

    snprintf(self, sizeof(self), "%d", util_tid());
    DIR *dir = opendir("/proc/self/task");
    T_TRUE(dir != NULL);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        if (e->d_name[0] != '.' && strcmp(e->d_name, self) != 0)
            sum += switches_of(e->d_name);
    closedir(dir);
    return sum;
}

static void *waits_for_silence(void *c)
{
    long before, after = switches_of_all_but_me();

    do {
        before = after;
        usleep(500000);
        after = switches_of_all_but_me();
    } while (after != before);
    leat_send((leat_int_chan)c, 1);
    return NULL;
}

static void forwards(leat_int_chan in, leat_int_chan out)
{
    leat_range(v, in)
        leat_send(out, v);
}

/* TSan has a thread of its own that ticks. */
T_TEST(an_idle_program_never_wakes_up, .modes = "!tsan")
{
    leat_int_chan in = leat_chan_make(leat_int_chan, 0);
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup wg = {0};

    for (int i = 0; i < 20; i++)
        leat_waitgroup_go(&wg, forwards, in, out);
    for (int i = 0; i < 1000; i++) {
        leat_send(in, i);
        T_TRUE(leat_recv(out, NULL));
    }
    pthread_t t = util_thread(waits_for_silence, out);
    T_TRUE(leat_recv(out, NULL));
    util_join(t);
    leat_close(in);
    leat_waitgroup_wait(&wg);
    leat_chan_free(in);
    leat_chan_free(out);
}

T_TEST(a_program_with_a_far_timer_never_wakes_up, .modes = "!tsan")
{
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_time_chan far = leat_after(LEAT_HOUR);
    pthread_t t = util_thread(waits_for_silence, out);

    T_EQ(leat_select(leat_case_recv(far, NULL), leat_case_recv(out, NULL)), 1);
    util_join(t);
    leat_chan_free(far);
    leat_chan_free(out);
}

static void echoes(leat_io *io)
{
    char c;

    while (leat_read(io, &c, 1) == 1)
        T_EQ(leat_write(io, &c, 1), 1);
    leat_io_free(io);
}

T_TEST(a_server_without_requests_never_wakes_up, .modes = "!tsan")
{
    leat_int_chan out = leat_chan_make(leat_int_chan, 0);
    leat_io *a, *b;
    int fds[2];
    char c = 'x';

    T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    T_ERR(leat_io_adopt(&a, fds[0]), 0);
    T_ERR(leat_io_adopt(&b, fds[1]), 0);
    leat_go(echoes, b);
    for (int i = 0; i < 100; i++) {
        T_EQ(leat_write(a, &c, 1), 1);
        T_EQ(leat_read(a, &c, 1), 1);
    }
    pthread_t t = util_thread(waits_for_silence, out);
    T_TRUE(leat_recv(out, NULL));
    util_join(t);
    leat_io_free(a);
    leat_chan_free(out);
}
