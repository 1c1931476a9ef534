/* SPDX-License-Identifier: MIT */
/*
 * 27 publish: one stream of prices, and readers of every speed.
 *
 * A channel gives each value to one receiver. A topic gives it to all who subscribe, each on a
 * channel of its own, and each says what is to happen when it does not keep up: the publisher
 * waits for it, it misses the newest, it misses the oldest, or it is cut off.
 */
#include <leat.h>
#include <stdio.h>

struct price {
    int tick;
    double value;
};

typedef leat_topic(struct price) price_topic;
typedef leat_chan(struct price) price_chan;

/* Keeps up, or makes the others wait: for what must not miss a value. */
static void bookkeeper(price_chan prices, double *sum, int *n)
{
    leat_range(p, prices) {
        *sum += p.value;
        ++*n;
    }
}

static void print_rest(const char *who, price_chan prices)
{
    printf("%s", who);
    leat_range(p, prices)
        printf(" %d", p.tick);
    printf("\n");
}

int main(void)
{
    price_topic prices = leat_topic_make(price_topic);
    price_chan book = leat_subscribe(prices, price_chan, 0, LEAT_SLOW_BLOCK);
    price_chan display = leat_subscribe(prices, price_chan, 3, LEAT_SLOW_DROP_OLD);
    price_chan sampler = leat_subscribe(prices, price_chan, 3, LEAT_SLOW_DROP_NEW);
    price_chan stuck = leat_subscribe(prices, price_chan, 5, LEAT_SLOW_DISCONNECT);
    leat_waitgroup wg = {0};
    double sum = 0;
    int n = 0;

    leat_waitgroup_go(&wg, bookkeeper, book, &sum, &n);
    for (int tick = 1; tick <= 20; tick++)
        leat_publish(prices, (struct price){tick, 100 + tick % 5});
    printf("subscribers left: %d\n", (int)leat_topic_subscribers(prices));
    leat_topic_close(prices);
    leat_waitgroup_wait(&wg);

    printf("the bookkeeper saw %d prices, %.2f on average\n", n, sum / n);
    print_rest("the display shows the latest:", display);
    print_rest("the sampler kept the first:", sampler);
    print_rest("the one that was stuck got:", stuck);

    leat_unsubscribe(prices, book);
    leat_unsubscribe(prices, display);
    leat_unsubscribe(prices, sampler);
    leat_unsubscribe(prices, stuck);
    leat_topic_free(prices);
    return 0;
}
