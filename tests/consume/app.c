/* SPDX-License-Identifier: MIT */
/*
 * app.c - a program that knows leat only as installed. It uses a little of everything, checks
 * what came out, and prints one line; tests/consume/run builds it in every way users do.
 */
#include <leat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(ok)                                                            \
    do {                                                                     \
        if (!(ok)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #ok); \
            exit(1);                                                         \
        }                                                                    \
    } while (0)

struct job {
    int id;
    char text[60];
};

typedef leat_chan(struct job) job_chan;

static void worker(job_chan jobs, leat_int_chan sums, unsigned char step)
{
    leat_range(j, jobs)
        leat_send(sums, j.id * step + (int)strlen(j.text));
}

static void add(int *to, double what)
{
    *to += (int)what;
}

static int answer(int half)
{
    return 2 * half;
}

static void bump(void *count)
{
    ++*(int *)count;
}

static void leave(int *count)
{
    leat_defer(bump, count);
    leat_defer(bump, count);
    leat_exit();
}

static void jobs_and_workers(void)
{
    job_chan jobs = leat_chan_make(job_chan, 2);
    leat_int_chan sums = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup workers = {0};
    int sum = 0, wide = 256 + 1;

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&workers, worker, jobs, sums, wide);
    for (int sent = 0, got = 0, next = 1, v; got < 100;) {
        struct job j = {next, "four"};
        switch (leat_select(leat_case_send(sent < 100 ? jobs : NULL, j),
                            leat_case_recv(sums, &v))) {
        case 0:
            sent++;
            next++;
            break;
        case 1:
            got++;
            sum += v;
            break;
        }
    }
    leat_close(jobs);
    leat_waitgroup_wait(&workers);
    CHECK(sum == 5050 + 100 * 4);
    CHECK(!leat_try_recv(sums, NULL) && leat_len(jobs) == 0 && leat_cap(jobs) == 2);
    leat_chan_free(jobs);
    leat_chan_free(sums);
}

static void groups_and_scopes(void)
{
    leat_waitgroup wg = {0};
    static leat_mutex lock;
    static leat_once once;
    int count = 0, i = 7;
    int done = 0;

    leat_waitgroup_go(&wg, add, &count, i++);
    leat_waitgroup_wait(&wg);
    leat_waitgroup_fork(&wg, add, &count, 3.9f);
    leat_waitgroup_wait(&wg);
    CHECK(i == 8 && count == 10);
    leat_waitgroup_go(&wg, leave, &done);
    leat_waitgroup_wait(&wg);
    CHECK(done == 2);
    {
        leat_lock_guard(&lock);
        CHECK(!leat_mutex_trylock(&lock));
    }
    CHECK(leat_mutex_trylock(&lock));
    leat_once_do(&once, add, &count, 1);
    leat_once_do(&once, add, &count, 1);
    CHECK(count == 11);
    CHECK(leat_blocking(answer, 21) == 42);
}

static void time_and_errors(void)
{
    leat_time_chan tick = leat_after(LEAT_MILLISECOND);
    leat_duration began = leat_now(), at;

    leat_sleep(LEAT_MILLISECOND);
    CHECK(leat_now() - began >= LEAT_MILLISECOND);
    CHECK(leat_recv(tick, &at));
    leat_chan_free(tick);
    CHECK(leat_select(leat_case_recv((leat_int_chan)NULL, NULL), leat_case_timeout(1)) == 1);
    errno = ENOENT;
    CHECK(errno == ENOENT);
    CHECK(strlen(leat_strerror(-EPIPE)) > 0);
    CHECK(leat_procs(0) > 0);
}

int main(void)
{
    jobs_and_workers();
    groups_and_scopes();
    time_and_errors();
    printf("leat %s works\n", leat_version());
    return 0;
}
