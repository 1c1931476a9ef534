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

static int half(int n, int *sum)
{
    if (n % 2)
        return -EINVAL;
    __atomic_add_fetch(sum, n / 2, __ATOMIC_SEQ_CST);
    return 0;
}

static int load(int *out, const char *key)
{
    *out = (int)strlen(key);
    return 0;
}

static int add_range(int64_t from, int64_t to, int64_t *sum, void *unused)
{
    (void)unused;
    for (int64_t i = from; i < to; i++)
        *sum += i;
    return 0;
}

static void add_sums(int64_t *left, const int64_t *right)
{
    *left += *right;
}

static int by_size(const int *a, const int *b)
{
    return *a - *b;
}

static void errors_and_patterns(void)
{
    static leat_semaphore one = LEAT_SEMAPHORE(1);
    static leat_limiter limiter = LEAT_LIMITER(1.0, 2);
    static leat_singleflight flights;
    leat_group g = {0};
    int sum = 0, length = 0, numbers[] = {3, 1, 2};
    int64_t total = 0;

    for (int i = 0; i <= 10; i += 2)
        leat_group_go(&g, half, i, &sum);
    CHECK(leat_group_wait(&g) == 0 && sum == 15);
    leat_group_go(&g, half, 7, &sum);
    CHECK(leat_group_wait(&g) == -EINVAL);
    leat_semaphore_acquire(&one, 1);
    CHECK(!leat_semaphore_try_acquire(&one, 1));
    leat_semaphore_release(&one, 1);
    CHECK(leat_limiter_allow_at(&limiter, 1, 2) && !leat_limiter_allow_at(&limiter, 1, 1));
    CHECK(leat_singleflight_do(&flights, "four", &length, NULL, load, "four") == 0);
    CHECK(length == 4);
    CHECK(leat_parallel_reduce(0, 1001, 0, &total, add_range, add_sums, NULL) == 0);
    CHECK(total == 500500);
    leat_parallel_sort(numbers, 3, 0, by_size);
    CHECK(numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3);
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
    errors_and_patterns();
    time_and_errors();
    printf("leat %s works\n", leat_version());
    return 0;
}
