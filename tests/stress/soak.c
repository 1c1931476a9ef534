/* SPDX-License-Identifier: MIT */
/*
 * soak.c - everything at once, for as long as you like: soak MINUTES [SEED]
 *
 * A round draws its make-up from its seed: crowds on channels, selects with deadlines, mutexes,
 * trees of goroutines, sleepers, foreign threads, calls that block with and without saying so,
 * forks, changes of the number of procs. At its end the books must balance: what was sent was
 * received, what was locked was counted, no goroutine and no descriptor is left, and the
 * runtime's own walkers find every invariant intact. A failure prints the round's seed; the
 * same seed draws the same make-up again (the schedule is the machine's).
 *
 * A round is a fixed amount of work, never a time: only how many rounds are run is the clock's.
 */
#define _GNU_SOURCE
#include <leat.h>

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* NULL, or the invariant of the runtime that does not hold. Only a build for tests has it. */
const char *leat__check_all(void) __attribute__((weak));

static uint64_t round_seed;

#define CHECK(cond)                                                  \
    ((cond) ? (void)0                                                \
            : leat_panic("soak: seed %llu: %s: it is false that %s", \
                         (unsigned long long)round_seed, __func__, #cond))

struct books {
    atomic_long sent, received, sum_sent, sum_received;
    atomic_long leaves, slept, blocked, lock_turns;
    long guarded; /* mutex */
    leat_mutex mutex;
    leat_int_chan chan;
    atomic_long senders; /* how many may still send */
};

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static long below(uint64_t *state, long n)
{
    return (long)(mix(state) % (uint64_t)n);
}

static void books_sent(struct books *b, int v)
{
    atomic_fetch_add(&b->sent, 1);
    atomic_fetch_add(&b->sum_sent, v);
}

static void books_received(struct books *b, int v)
{
    atomic_fetch_add(&b->received, 1);
    atomic_fetch_add(&b->sum_received, v);
}

static void sender_ends(struct books *b)
{
    if (atomic_fetch_sub(&b->senders, 1) == 1)
        leat_close(b->chan);
}

static void sends(struct books *b, uint64_t seed, int n)
{
    for (int i = 1; i <= n; i++) {
        switch (below(&seed, 4)) {
        case 0:
            if (leat_try_send(b->chan, i))
                books_sent(b, i);
            break;
        case 1:
            if (leat_select(leat_case_send(b->chan, i),
                            leat_case_timeout(below(&seed, 50) * LEAT_MICROSECOND)) == 0)
                books_sent(b, i);
            break;
        default:
            leat_send(b->chan, i);
            books_sent(b, i);
        }
    }
    sender_ends(b);
}

static void receives(struct books *b, uint64_t seed)
{
    for (bool open = true; open;) {
        int v = 0;
        if (below(&seed, 3) == 0) {
            if (leat_select(leat_case_recv_ok(b->chan, &v, &open),
                            leat_case_timeout(below(&seed, 50) * LEAT_MICROSECOND)) == 0 &&
                open)
                books_received(b, v);
        } else if ((open = leat_recv(b->chan, &v))) {
            books_received(b, v);
        }
    }
}

struct thread_job {
    struct books *books;
    uint64_t seed;
    int n;
};

static void *thread_sends(void *p)
{
    struct thread_job *j = p;

    sends(j->books, j->seed, j->n);
    return NULL;
}

static void *thread_receives(void *p)
{
    struct thread_job *j = p;

    receives(j->books, j->seed);
    return NULL;
}

static void locks(struct books *b, uint64_t seed, int n)
{
    for (int i = 0; i < n; i++) {
        leat_lock_guard(&b->mutex);
        long was = b->guarded;
        if (below(&seed, 40) == 0)
            leat_yield();
        b->guarded = was + 1;
        atomic_fetch_add(&b->lock_turns, 1);
    }
}

static void grows(struct books *b, int depth)
{
    leat_waitgroup wg = {0};

    if (depth == 0) {
        atomic_fetch_add(&b->leaves, 1);
        return;
    }
    for (int i = 0; i < 3; i++)
        if (depth % 2)
            leat_waitgroup_fork(&wg, grows, b, depth - 1);
        else
            leat_waitgroup_go(&wg, grows, b, depth - 1);
    leat_waitgroup_wait(&wg);
}

static void sleeps(struct books *b, uint64_t seed)
{
    for (int i = 0; i < 5; i++) {
        leat_duration d = below(&seed, 500) * LEAT_MICROSECOND, before = leat_now();
        leat_sleep(d);
        CHECK(leat_now() - before >= d);
    }
    atomic_fetch_add(&b->slept, 1);
}

static int pauses(unsigned us)
{
    usleep(us);
    return (int)us + 1;
}

static void blocks(struct books *b, uint64_t seed)
{
    for (int i = 0; i < 5; i++) {
        unsigned us = (unsigned)below(&seed, 1000);
        CHECK((i % 2 ? leat_blocking(pauses, us) : pauses(us)) == (int)us + 1);
        leat_yield();
    }
    atomic_fetch_add(&b->blocked, 1);
}

static void binds(struct books *b, uint64_t seed)
{
    if (below(&seed, 2)) {
        leat_pin();
        sleeps(b, seed);
        leat_unpin();
    } else {
        leat_lock_thread(); /* and ends so */
        sleeps(b, seed);
    }
}

static void changes_procs(uint64_t seed)
{
    for (int i = 0; i < 20; i++) {
        leat_procs(1 + (int)below(&seed, 8));
        leat_yield();
    }
}

static void forks(void)
{
#ifndef __SANITIZE_THREAD__
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
#endif
}

static int open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

enum { THREADS_MAX = 3, DEPTH = 5, LEAVES = 243 };

/* The crowd on one channel, part of it foreign. Every sender counts before any starts. */
static int crowd_begin(struct books *b, leat_waitgroup *wg, uint64_t *seed,
                       struct thread_job *jobs, pthread_t *threads)
{
    int senders = 1 + (int)below(seed, 12), receivers = 1 + (int)below(seed, 12);
    int foreign = (int)below(seed, THREADS_MAX + 1), n = (int)below(seed, 2000);

    b->chan = leat_chan_make(leat_int_chan, below(seed, 3) * below(seed, 50));
    atomic_store(&b->senders, senders + foreign);
    for (int i = 0; i < receivers; i++)
        leat_waitgroup_go(wg, receives, b, mix(seed));
    for (int i = 0; i < senders; i++)
        leat_waitgroup_go(wg, sends, b, mix(seed), n);
    for (int i = 0; i < foreign; i++) {
        jobs[2 * i] = (struct thread_job){b, mix(seed), n / 10};
        jobs[2 * i + 1] = (struct thread_job){b, mix(seed), 0};
        CHECK(pthread_create(&threads[2 * i], NULL, thread_sends, &jobs[2 * i]) == 0);
        CHECK(pthread_create(&threads[2 * i + 1], NULL, thread_receives, &jobs[2 * i + 1]) ==
              0);
    }
    return 2 * foreign;
}

static void soaks_once(uint64_t seed)
{
    struct books b = {.guarded = 0};
    struct thread_job jobs[2 * THREADS_MAX];
    pthread_t threads[2 * THREADS_MAX];
    leat_waitgroup wg = {0};

    round_seed = seed;
    int foreign = crowd_begin(&b, &wg, &seed, jobs, threads);
    int lockers = (int)below(&seed, 8), turns = (int)below(&seed, 500);
    int trees = (int)below(&seed, 8), sleepers = (int)below(&seed, 200);
    int blockers = (int)below(&seed, 10), bound = (int)below(&seed, 4);
    for (int i = 0; i < lockers; i++)
        leat_waitgroup_go(&wg, locks, &b, mix(&seed), turns);
    for (int i = 0; i < trees; i++)
        leat_waitgroup_go(&wg, grows, &b, DEPTH);
    for (int i = 0; i < sleepers; i++)
        leat_waitgroup_go(&wg, sleeps, &b, mix(&seed));
    for (int i = 0; i < blockers; i++)
        leat_waitgroup_go(&wg, blocks, &b, mix(&seed));
    for (int i = 0; i < bound; i++)
        leat_waitgroup_go(&wg, binds, &b, mix(&seed));
    if (below(&seed, 3) == 0)
        leat_waitgroup_go(&wg, changes_procs, mix(&seed));
    if (below(&seed, 4) == 0)
        leat_waitgroup_go(&wg, forks);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < foreign; i++)
        pthread_join(threads[i], NULL);
    leat_chan_free(b.chan);

    CHECK(atomic_load(&b.sent) == atomic_load(&b.received));
    CHECK(atomic_load(&b.sum_sent) == atomic_load(&b.sum_received));
    CHECK(b.guarded == (long)lockers * turns && b.guarded == atomic_load(&b.lock_turns));
    CHECK(atomic_load(&b.leaves) == (long)trees * LEAVES);
    CHECK(atomic_load(&b.slept) == sleepers + bound);
    CHECK(atomic_load(&b.blocked) == blockers);
}

static void checks_runtime(int files)
{
    while (leat_num_goroutine() > 1)
        leat_yield();
    /* Sysmon reads a thread's state from a file now and then, perhaps as `files` was counted. */
    int now = open_files();
    for (int i = 0; now > files && i < 1000; i++) {
        leat_yield();
        now = open_files();
    }
    CHECK(now <= files);
    if (leat__check_all) {
        const char *bad = leat__check_all();
        if (bad)
            leat_panic("soak: seed %llu: invariant: %s", (unsigned long long)round_seed, bad);
    }
}

int main(int argc, char **argv)
{
    char *end = NULL;
    double minutes = argc > 1 ? strtod(argv[1], &end) : 0;

    if (argc < 2 || *end || minutes < 0 || argc > 3) {
        fprintf(stderr, "usage: %s MINUTES [SEED]\n", argv[0]);
        return 2;
    }
    leat_duration until = leat_now() + (leat_duration)(minutes * 60e9);
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)leat_now();
    int files = open_files(), rounds = 0;

    printf("soak: %g minutes, LEAT_PROCS %d, first seed %llu\n", minutes, leat_procs(0),
           (unsigned long long)state);
    do {
        uint64_t seed = state;
        soaks_once(seed);
        checks_runtime(files);
        rounds++;
        mix(&state);
        if (rounds % 100 == 0) {
            printf("soak: %d rounds, next seed %llu\n", rounds, (unsigned long long)state);
            fflush(stdout);
        }
    } while (leat_now() < until);
    printf("soak: %d rounds passed\n", rounds);
    return 0;
}
