/* SPDX-License-Identifier: MIT */
/*
 * 07 worker pool: try all four-digit PINs against a list of hashes, with three workers.
 *
 * The pool bounds what runs at once: however many jobs there are, three goroutines do them,
 * each taking the next job when it has finished one. A long job holds up one worker and not
 * the queue. Closing the jobs channel is how the workers learn that the day is over.
 */
#include <leat.h>
#include <stdint.h>
#include <stdio.h>

#define WORKERS 3

struct job {
    const char *user;
    uint64_t hash;
    int *pin; /* where the result goes: each job has its own place */
};

typedef leat_chan(struct job) job_chan;

/* FNV-1a, salted with the name: quick to compute, which is why nobody should store PINs so. */
static uint64_t pin_hash(const char *user, int pin)
{
    uint64_t h = 14695981039346656037u;
    for (; *user; user++)
        h = (h ^ (unsigned char)*user) * 1099511628211u;
    for (; pin > 0; pin /= 10)
        h = (h ^ (unsigned)(pin % 10)) * 1099511628211u;
    return h;
}

static int find_pin(const char *user, uint64_t hash)
{
    for (int pin = 1; pin < 10000; pin++)
        if (pin_hash(user, pin) == hash)
            return pin;
    return 0;
}

static void worker(job_chan jobs)
{
    leat_range(j, jobs)
        *j.pin = find_pin(j.user, j.hash);
}

int main(void)
{
    static const struct {
        const char *user;
        uint64_t hash;
    } accounts[] = {
        {"ada", 0x2dd408b550ee325e}, {"bob", 0xcd55099bc6cf8b09}, {"eve", 0x7034e6436dd27005},
        {"ken", 0xbf57e607fafe423e}, {"zoe", 0xbfc416687aeb97ed},
    };
    enum { ACCOUNTS = sizeof(accounts) / sizeof(accounts[0]) };
    int pins[ACCOUNTS] = {0};
    job_chan jobs = leat_chan_make(job_chan, 0);
    leat_waitgroup workers = {0};

    for (int i = 0; i < WORKERS; i++)
        leat_waitgroup_go(&workers, worker, jobs);

    /* Without a buffer main hands each job to a worker that is free, and waits if none is. */
    for (int i = 0; i < ACCOUNTS; i++)
        leat_send(jobs, (struct job){accounts[i].user, accounts[i].hash, &pins[i]});
    leat_close(jobs);

    /* The last jobs were taken but may not be done: the results count after this. */
    leat_waitgroup_wait(&workers);
    for (int i = 0; i < ACCOUNTS; i++) {
        if (pins[i])
            printf("%s: %04d\n", accounts[i].user, pins[i]);
        else
            printf("%s: no PIN of four digits\n", accounts[i].user);
    }
    leat_chan_free(jobs);
    return 0;
}
