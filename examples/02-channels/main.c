/* SPDX-License-Identifier: MIT */
/*
 * 02 channels: ask several shops for a price at the same time and take the best offer.
 *
 * A channel passes values from one goroutine to another. It has a type, so the compiler checks
 * what goes in and comes out, and passing a value also passes the right to use it: whoever has
 * received an offer may read it without a lock, because the sender had finished with it.
 *
 * This one has no buffer. A send waits until somebody receives and a receive waits until
 * somebody sends, so after either both sides know where the other is.
 */
#include <leat.h>
#include <stdio.h>
#include <string.h>

struct offer {
    const char *shop;
    int cents;
};

/* One typedef for all who share the channel: two expansions of leat_chan are two types. */
typedef leat_chan(struct offer) offer_chan;

static const struct {
    const char *name;
    int base, per_letter;
} shops[] = {
    {"Kontor", 700, 90},
    {"Basar", 200, 160},
    {"Emporium", 950, 45},
};
#define SHOPS ((int)(sizeof(shops) / sizeof(shops[0])))

static void ask(int shop, const char *item, offer_chan offers)
{
    int letters = (int)strlen(item);
    struct offer o = {shops[shop].name, shops[shop].base + shops[shop].per_letter * letters};
    leat_send(offers, o);
}

static struct offer best_offer(const char *item, offer_chan offers)
{
    for (int i = 0; i < SHOPS; i++)
        leat_go(ask, i, item, offers);

    /*
     * The answers come in any order, whoever is quicker. The program must not depend on it:
     * the smallest of three is the same in every order. Three receives also mean that all
     * three goroutines are through with the channel.
     */
    struct offer best, next;
    leat_recv(offers, &best);
    for (int i = 1; i < SHOPS; i++) {
        leat_recv(offers, &next);
        if (next.cents < best.cents)
            best = next;
    }
    return best;
}

int main(void)
{
    static const char *const items[] = {"lamp", "bicycle", "tablecloth"};
    offer_chan offers = leat_chan_make(offer_chan, 0);

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        struct offer best = best_offer(items[i], offers);
        printf("%-10s  %-8s  %2d.%02d\n", items[i], best.shop, best.cents / 100,
               best.cents % 100);
    }
    leat_chan_free(offers);
    return 0;
}
