/* SPDX-License-Identifier: MIT */
/*
 * 01 goroutines: count the primes below a million, in ten parts that run at once.
 *
 * A goroutine is a function call that does not wait for its result. It costs well under a
 * microsecond and starts with little more than a record in a queue, so a program makes one
 * whenever two things need not happen in order, and leaves it to the runtime to spread them
 * over the machine's processors.
 *
 * Nothing has to be started first: main itself is a goroutine, the first one.
 */
#include <leat.h>
#include <stdio.h>

#define LIMIT 1000000
#define PARTS 10

static bool is_prime(int n)
{
    if (n < 2)
        return false;
    for (int d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return true;
}

/* Each part has a counter of its own. Nobody else touches it, so it needs no lock. */
static void count_primes(int from, int to, int *count, leat_waitgroup *parts)
{
    int found = 0;
    for (int n = from; n < to; n++)
        found += is_prime(n);
    *count = found;
    leat_waitgroup_done(parts);
}

int main(void)
{
    int count[PARTS];
    leat_waitgroup parts = {0};

    leat_waitgroup_add(&parts, PARTS);
    for (int i = 0; i < PARTS; i++) {
        int from = i * (LIMIT / PARTS);
        /*
         * The arguments are evaluated here and now, as in any call, and copied: the goroutine
         * may well run when i and from have long moved on. What it gets pointers to must live
         * until it has ended; count and parts do, because main waits below.
         */
        leat_go(count_primes, from, from + LIMIT / PARTS, &count[i], &parts);
    }

    /* The program ends when main returns, whatever other goroutines are doing. So: wait. */
    leat_waitgroup_wait(&parts);

    int total = 0;
    for (int i = 0; i < PARTS; i++) {
        printf("from %6d: %5d primes\n", i * (LIMIT / PARTS), count[i]);
        total += count[i];
    }
    printf("below %d: %d\n", LIMIT, total);
    return 0;
}
