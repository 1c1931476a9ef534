/* SPDX-License-Identifier: MIT */
/*
 * 15 mutex: a bank whose clerks lock two accounts at a time, and never each other out.
 *
 *     from 1 to 2:  locks 1 .......... wants 2
 *     from 2 to 1:  locks 2 .......... wants 1        a deadlock: each waits for the other
 *
 * A mutex lets one goroutine at a time at what it guards. Who needs two of them can meet
 * somebody who needs the same two, and if each has got one, neither goes on. The remedy is an
 * order that all keep to, here that of the numbers: whoever has the highest lock that anybody
 * has waits for nobody, so there is always one who goes on.
 */
#include <leat.h>
#include <stdio.h>

enum { ACCOUNTS = 5, CLERKS = 8, LAPS = 100, AUDITS = 50, START = 100, COIN = 10 };

/* One lock for each account: transfers between others need not wait for this one. */
struct account {
    leat_mutex lock; /* guards the balance; zero is unlocked, nothing is to be destroyed */
    int number;
    long balance;
};

static struct account bank[ACCOUNTS];

static bool transfer(struct account *from, struct account *to, long amount)
{
    struct account *first = from->number < to->number ? from : to;
    struct account *second = first == from ? to : from;

    if (from == to) /* a mutex is not recursive: who locks it twice waits for itself */
        return true;
    /* A guard unlocks at the end of the block, so no return can forget it. */
    leat_lock_guard(&first->lock);
    leat_lock_guard(&second->lock);
    if (from->balance < amount)
        return false;
    from->balance -= amount;
    to->balance += amount;
    return true;
}

/* Carries a coin around, this way or that: in the end everybody has what they had. */
static void clerk(int start, int step)
{
    for (int i = 0, at = start; i < LAPS * ACCOUNTS; i++) {
        int next = (at + step) % ACCOUNTS;
        if (!transfer(&bank[at], &bank[next], COIN))
            leat_panic("account %d is empty", at);
        at = next;
    }
}

/* Between two transfers nothing is under way, and that is when all locks can be had. */
static long total(void)
{
    long sum = 0;

    for (int i = 0; i < ACCOUNTS; i++) /* the same order as everybody's */
        leat_mutex_lock(&bank[i].lock);
    for (int i = 0; i < ACCOUNTS; i++)
        sum += bank[i].balance;
    for (int i = 0; i < ACCOUNTS; i++)
        leat_mutex_unlock(&bank[i].lock);
    return sum;
}

static void business(void)
{
    leat_waitgroup clerks = {0};
    int wrong = 0;

    for (int i = 0; i < CLERKS; i++)
        leat_waitgroup_go(&clerks, clerk, i % ACCOUNTS, i % 2 ? 1 : ACCOUNTS - 1);
    for (int i = 0; i < AUDITS; i++)
        wrong += total() != START * ACCOUNTS;
    leat_waitgroup_wait(&clerks);
    printf("%d transfers, %d audits, %d of them wrong\n", CLERKS * LAPS * ACCOUNTS, AUDITS,
           wrong);
    for (int i = 0; i < ACCOUNTS; i++)
        printf("account %d: %ld\n", bank[i].number, bank[i].balance);
}

/* Against the order, on purpose. What a deadlock needs is that nobody gives up. */
static void stubborn(leat_ctx *ctx, struct account *a, struct account *b, leat_barrier *both,
                     int *result)
{
    leat_lock_guard(&a->lock);
    leat_barrier_wait(both); /* now each has what the other wants */
    *result = leat_mutex_lock_ctx(ctx, &b->lock);
    if (*result == 0)
        leat_mutex_unlock(&b->lock);
}

static void deadlock_and_way_out(void)
{
    leat_scoped_ctx(ctx, leat_ctx_with_cancel(NULL));
    leat_barrier both = LEAT_BARRIER(3); /* the two and us */
    leat_waitgroup wg = {0};
    int one, two;

    leat_waitgroup_go(&wg, stubborn, ctx, &bank[1], &bank[2], &both, &one);
    leat_waitgroup_go(&wg, stubborn, NULL, &bank[2], &bank[1], &both, &two);
    leat_barrier_wait(&both);
    leat_ctx_cancel(ctx); /* one gives up and lets go, and the other has its lock */
    leat_waitgroup_wait(&wg);
    printf("deadlock: one was told to give up (%s), the other went on (%s)\n",
           leat_strerror(one), two == 0 ? "locked" : leat_strerror(two));
}

int main(void)
{
    for (int i = 0; i < ACCOUNTS; i++)
        bank[i] = (struct account){.number = i + 1, .balance = START};
    business();
    printf("more than there is: %s\n",
           transfer(&bank[0], &bank[1], START + 1) ? "paid" : "refused");
    deadlock_and_way_out();
    return 0;
}
