/* SPDX-License-Identifier: MIT */
/*
 * 21 rate limit: a client that keeps to the rate its API allows.
 *
 * The API gives each client ten calls at once and a thousand a second, and refuses the rest. A
 * limiter on our side, a little stricter, makes all workers together keep to that: each call
 * waits for its turn instead of being refused and tried again.
 */
#include <leat.h>
#include <stdatomic.h>
#include <stdio.h>

/* The API, and what it thinks of us. */
static leat_limiter quota = LEAT_LIMITER(1000, 10);
static atomic_int served, refused;

static void api_call(int item)
{
    (void)item;
    atomic_fetch_add(leat_limiter_allow(&quota) ? &served : &refused, 1);
}

/* Our side: shared by all workers. */
static leat_limiter ours = LEAT_LIMITER(800, 5);

static int worker(leat_ctx *ctx, leat_int_chan items)
{
    leat_range(item, items) {
        int err = leat_limiter_wait_ctx(ctx, &ours, 1);
        if (err)
            return err;
        api_call(item);
    }
    return 0;
}

static void polite_client(void)
{
    leat_scoped_chan(leat_int_chan, items, 0);
    leat_scoped_group(g, NULL);

    for (int i = 0; i < 4; i++)
        leat_group_go(&g, worker, leat_group_ctx(&g), items);
    for (int i = 0; i < 60; i++)
        leat_send(items, i);
    leat_close(items);
    leat_group_wait(&g);
    printf("60 calls of 4 workers: %d served, %d refused\n", atomic_load(&served),
           atomic_load(&refused));
}

/* A limiter needs no clock: with times of our own it tells what would happen. */
static void what_if(void)
{
    leat_limiter l = LEAT_LIMITER(leat_rate_every(100 * LEAT_MILLISECOND), 3);

    printf("five at once, then one every 50 ms:");
    for (int i = 0; i < 5; i++)
        printf(" %s", leat_limiter_allow_at(&l, LEAT_SECOND, 1) ? "yes" : "no");
    for (int i = 1; i <= 5; i++) {
        leat_duration t = LEAT_SECOND + i * 50 * LEAT_MILLISECOND;
        printf(" %s", leat_limiter_allow_at(&l, t, 1) ? "yes" : "no");
    }
    printf("\n");

    /* A reservation tells when; who cannot wait so long gives it back. */
    leat_reservation r = leat_limiter_reserve_at(&l, 2 * LEAT_SECOND, 3);
    leat_reservation s = leat_limiter_reserve_at(&l, 2 * LEAT_SECOND, 2);
    printf("three now: in %d ms, two more: in %d ms\n",
           (int)(leat_reservation_delay_from(&r, 2 * LEAT_SECOND) / LEAT_MILLISECOND),
           (int)(leat_reservation_delay_from(&s, 2 * LEAT_SECOND) / LEAT_MILLISECOND));
    leat_reservation_cancel_at(&s, 2 * LEAT_SECOND);
    printf("given back: %.0f tokens left\n", leat_limiter_tokens_at(&l, 2 * LEAT_SECOND));
}

/* And for logs: the first three, then every hundredth. */
static int lines;

static void log_line(int i)
{
    printf("  log: packet %d lost\n", i);
    lines++;
}

int main(void)
{
    static leat_sometimes rarely = {.first = 3, .every = 100};

    polite_client();
    what_if();
    for (int i = 0; i < 250; i++)
        leat_sometimes_do(&rarely, log_line, i);
    printf("%d lines for 250 packets\n", lines);
    return 0;
}
