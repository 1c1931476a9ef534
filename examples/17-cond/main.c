/* SPDX-License-Identifier: MIT */
/*
 * 17 conditions: a store that mills fill sack by sack, and carts of all sizes empty.
 *
 * A channel hands over one value at a time: two carts that each wanted five of eight sacks
 * could have four in the end, and wait for ever. Here a cart takes all it needs or nothing.
 * That is a condition on several things at once, and so the tool is a lock around them, and a
 * place to wait for a change: leat_cond_wait unlocks, sleeps, and locks again.
 *
 * Always wait in a loop. A signal says that something has changed, not that it is still so:
 * between the signal and the lock another may have come and taken it.
 */
#include <leat.h>
#include <stdio.h>

enum { ROOM = 6, MILLS = 4, SACKS_OF_EACH = 20 };

static struct {
    leat_mutex lock; /* guards the numbers */
    leat_cond grown; /* there are more sacks: the carts wait here */
    leat_cond freed; /* there is more room: the mills wait here */
    int sacks, most;
} store;

static void put_one(void)
{
    leat_lock_guard(&store.lock);
    while (store.sacks == ROOM)
        leat_cond_wait(&store.freed, &store.lock);
    store.sacks++;
    if (store.sacks > store.most)
        store.most = store.sacks;
    /*
     * To all: the carts that wait are not alike. A signal wakes the one that has waited
     * longest; if it needs five and there are three, it sleeps again, and the one that needs
     * one was never asked.
     */
    leat_cond_broadcast(&store.grown);
}

/* The caller has the lock, and there are enough. */
static void load(int n)
{
    store.sacks -= n;
    /* One for each place: all mills want the same, so it does not matter which of them wakes,
     * and to wake more than have room would be for nothing. */
    for (int i = 0; i < n; i++)
        leat_cond_signal(&store.freed);
}

static void take(int n)
{
    leat_lock_guard(&store.lock);
    while (store.sacks < n)
        leat_cond_wait(&store.grown, &store.lock);
    load(n);
}

/* A wait can have an end; the error says that the condition may not hold. */
static int take_before(int n, leat_duration deadline)
{
    leat_lock_guard(&store.lock);
    while (store.sacks < n) {
        int err = leat_cond_wait_until(&store.grown, &store.lock, deadline);
        if (err) /* the lock is ours again, whatever happened */
            return err;
    }
    load(n);
    return 0;
}

static void mill(void)
{
    for (int i = 0; i < SACKS_OF_EACH; i++)
        put_one();
}

static void cart(int size, int rides, int *brought)
{
    for (int i = 0; i < rides; i++) {
        take(size);
        *brought += size;
    }
}

int main(void)
{
    static const struct {
        const char *name;
        int size, rides;
    } carts[] = {{"barrow", 1, 20}, {"cart", 3, 10}, {"waggon", 5, 6}};
    int brought[3] = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, cart, carts[i].size, carts[i].rides, &brought[i]);
    for (int i = 0; i < MILLS; i++)
        leat_waitgroup_go(&wg, mill);
    leat_waitgroup_wait(&wg);

    for (int i = 0; i < 3; i++)
        printf("the %s brought %d sacks, %d at a time\n", carts[i].name, brought[i],
               carts[i].size);
    printf("room for %d: %s; left over: %d\n", ROOM, store.most > ROOM ? "too few" : "enough",
           store.sacks);
    int err = take_before(1, leat_now() + 2 * LEAT_MILLISECOND);
    printf("one more, if it comes within 2 ms: %s\n", leat_strerror(err));
    return 0;
}
