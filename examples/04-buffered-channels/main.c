/* SPDX-License-Identifier: MIT */
/*
 * 04 buffered channels: a log that takes a burst without holding anybody up, and a limit on
 * how many downloads run at once.
 *
 * A channel with a buffer lets the sender go on until the buffer is full. That is good for two
 * things: to take up a short burst that the receiver will work off later, and to count. It is
 * no cure for a receiver that is too slow all the time: a full buffer makes the sender wait
 * just as no buffer does, only later.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>

/* A burst: nobody receives yet, and still no send waits, because the buffer has room. */
static void burst(void)
{
    leat_str_chan log = leat_chan_make(leat_str_chan, 4);

    leat_send(log, "disk almost full");
    leat_send(log, "fan at 100 %");
    leat_send(log, "battery low");
    printf("%d of %d places taken, nobody had to wait\n", (int)leat_len(log),
           (int)leat_cap(log));

    /* leat_try_send never waits: it says whether there was room. Better lost than late. */
    printf("fourth message %s\n", leat_try_send(log, "door open") ? "kept" : "dropped");
    printf("fifth message %s\n", leat_try_send(log, "cat on keyboard") ? "kept" : "dropped");

    /* What comes out is in the order in which it went in. */
    const char *message;
    while (leat_try_recv(log, &message))
        printf("  %s\n", message);
    leat_chan_free(log);
}

#define FILES   12
#define AT_ONCE 3

struct downloads {
    leat_done_chan slots; /* what is in it stands for downloads that run */
    atomic_int running, most;
};

static void download(struct downloads *d)
{
    /* The buffer is the limit: the fourth send waits until one of the three took its back. */
    leat_send(d->slots, LEAT_UNIT);
    int now = atomic_fetch_add(&d->running, 1) + 1;
    int seen = atomic_load(&d->most);
    while (now > seen && !atomic_compare_exchange_weak(&d->most, &seen, now))
        continue;
    leat_sleep(2 * LEAT_MILLISECOND); /* stands for the network */
    atomic_fetch_sub(&d->running, 1);
    leat_recv(d->slots, NULL);
}

int main(void)
{
    burst();

    struct downloads d = {.slots = leat_chan_make(leat_done_chan, AT_ONCE)};
    leat_waitgroup files = {0};
    for (int i = 0; i < FILES; i++)
        leat_waitgroup_go(&files, download, &d);
    leat_waitgroup_wait(&files);
    printf("%d downloads, never more than %d at once: %s\n", FILES, AT_ONCE,
           atomic_load(&d.most) <= AT_ONCE ? "yes" : "no");
    leat_chan_free(d.slots);
    return 0;
}
