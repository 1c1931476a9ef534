/* SPDX-License-Identifier: MIT */
/*
 * From asleep to running, and asleep for good: how late an idle process wakes a goroutine for
 * a timer and for a thread that is not leat's, and how often it wakes for nothing.
 */
#include <dirent.h>
#include <leat.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "groups.h"

#define WAKE_TIMES   500
#define IDLE_SECONDS 5

extern char **environ;

void bench_wake_timer(void)
{
    static int64_t late[WAKE_TIMES];
    long n = bench_scale < 100 ? 50 : WAKE_TIMES;
    for (long i = 0; i < n; i++) {
        int64_t start = bench_now();
        leat_sleep(LEAT_MILLISECOND);
        late[i] = bench_now() - start - LEAT_MILLISECOND;
        BENCH_CHECK(late[i] >= 0);
    }
    bench_report_late("wake_timer", late, n);
}

typedef struct wake_sender {
    leat_int64_chan chan;
    long times;
} wake_sender;

/* A thread leat did not make; it pauses long enough for the runtime to fall asleep. */
static void *wake_send(void *arg)
{
    const wake_sender *s = arg;
    for (long i = 0; i < s->times; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        leat_send(s->chan, bench_now());
    }
    return NULL;
}

void bench_wake_foreign(void)
{
    static int64_t late[WAKE_TIMES];
    wake_sender s = {.chan = leat_chan_make(leat_int64_chan, 128),
                     .times = bench_scale < 100 ? 50 : WAKE_TIMES};
    pthread_t thread;
    BENCH_CHECK(pthread_create(&thread, NULL, wake_send, &s) == 0);
    for (long i = 0; i < s.times; i++) {
        int64_t sent;
        leat_recv(s.chan, &sent);
        late[i] = bench_now() - sent;
        BENCH_CHECK(late[i] >= 0);
    }
    leat_blocking(pthread_join, thread, NULL);
    bench_report_late("wake_foreign", late, s.times);
    leat_chan_free(s.chan);
}

static void idle_task(leat_int_chan c, int i)
{
    leat_send(c, i);
}

/* Some work of every kind, then nothing but one far timer. */
void bench_idle_worker(void)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);
    for (int i = 0; i < 10000; i++)
        leat_go(idle_task, c, i);
    for (int i = 0, v; i < 10000; i++)
        leat_recv(c, &v);
    leat_sleep(LEAT_MILLISECOND);
    puts("idle");
    fflush(stdout);
    leat_sleep(60 * LEAT_SECOND);
}

static long idle_switches_of(const char *path)
{
    char line[256];
    long sum = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f)) {
        const char *found = strstr(line, "voluntary_ctxt_switches:");
        if (found)
            sum += strtol(strchr(found, ':') + 1, NULL, 10);
    }
    fclose(f);
    return sum;
}

/* Context switches of all threads of a process, wanted and unwanted. */
static long idle_switches(pid_t pid)
{
    char path[600];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    BENCH_CHECK(d != NULL);
    long sum = 0;
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, e->d_name);
        sum += idle_switches_of(path);
    }
    closedir(d);
    return sum;
}

/* Counted from outside: a thread that counts inside would count itself. */
void bench_idle(void)
{
    int fds[2];
    pid_t pid;
    char byte;
    posix_spawn_file_actions_t fa;
    char *args[] = {(char[]){"leat-bench"}, (char[]){"idle_worker"}, NULL};
    BENCH_CHECK(pipe(fds) == 0);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
    posix_spawn_file_actions_addclose(&fa, fds[0]);
    posix_spawn_file_actions_addclose(&fa, fds[1]);
    BENCH_CHECK(posix_spawn(&pid, "/proc/self/exe", &fa, NULL, args, environ) == 0);
    posix_spawn_file_actions_destroy(&fa);
    close(fds[1]);
    BENCH_CHECK(read(fds[0], &byte, 1) == 1);
    sleep(1);
    long before = idle_switches(pid);
    sleep(bench_scale < 100 ? 1 : IDLE_SECONDS);
    bench_report("idle_switches", (double)(idle_switches(pid) - before), "n");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fds[0]);
}
