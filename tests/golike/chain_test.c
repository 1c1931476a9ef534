/* SPDX-License-Identifier: MIT */
/* chain_test.c - long chains of goroutines: a daisy chain, and two sieves of primes. */
#include "golike.h"

#include <stdlib.h>

static void chain_link(leat_int_chan left, leat_int_chan right)
{
    int v;
    T_TRUE(leat_recv(right, &v));
    leat_send(left, v + 1);
}

T_TEST(a_daisy_chain_of_ten_thousand_passes_a_value_along)
{
    const int n = t_mode_is("tsan") ? 2000 : 10000;
    leat_int_chan *c = malloc(((size_t)n + 1) * sizeof *c);
    int v;

    for (int i = 0; i <= n; i++)
        c[i] = leat_chan_make(leat_int_chan, 0);
    for (int i = 0; i < n; i++)
        leat_go(chain_link, c[i], c[i + 1]);
    leat_send(c[n], 0);
    T_TRUE(leat_recv(c[0], &v));
    T_EQ(v, n);
    for (int i = 0; i <= n; i++)
        leat_chan_free(c[i]);
    free(c);
}

/* Trial division, to have something that no sieve has touched. */
static int chain_next_prime(int after)
{
    for (int n = after + 1;; n++) {
        int d = 2;
        while (d * d <= n && n % d)
            d++;
        if (n > 1 && d * d > n)
            return n;
    }
}

/* The first sieve: a filter for each prime found, each a goroutine; closing ends them all. */
static void sieve_generate(leat_int_chan out, leat_done_chan quit)
{
    for (int i = 2;; i++)
        if (leat_select(leat_case_send(out, i), leat_case_recv(quit, NULL)) == 1)
            return;
}

static void sieve_filter(leat_int_chan in, leat_int_chan out, int prime, leat_done_chan quit)
{
    for (;;) {
        int v;
        if (leat_select(leat_case_recv(in, &v), leat_case_recv(quit, NULL)) == 1)
            return;
        if (v % prime == 0)
            continue;
        if (leat_select(leat_case_send(out, v), leat_case_recv(quit, NULL)) == 1)
            return;
    }
}

T_TEST(a_chain_of_filters_sieves_a_hundred_primes)
{
    enum { PRIMES = 100 };
    leat_int_chan c[PRIMES + 1];
    leat_done_chan quit = leat_chan_make(leat_done_chan, 0);
    leat_waitgroup wg = {0};
    int expected = 1;

    c[0] = leat_chan_make(leat_int_chan, 0);
    leat_waitgroup_go(&wg, sieve_generate, c[0], quit);
    for (int i = 0; i < PRIMES; i++) {
        int prime;
        T_TRUE(leat_recv(c[i], &prime));
        expected = chain_next_prime(expected);
        T_EQ(prime, expected);
        c[i + 1] = leat_chan_make(leat_int_chan, 0);
        leat_waitgroup_go(&wg, sieve_filter, c[i], c[i + 1], prime, quit);
    }
    T_EQ(expected, 541);
    leat_close(quit);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i <= PRIMES; i++)
        leat_chan_free(c[i]);
    leat_chan_free(quit);
}

/*
 * The second sieve: every prime p has a goroutine that counts p*p, p*p + 2p, ... into a channel;
 * a merger keeps the streams in a heap by their next value and sends the odd composites, in
 * order and each once; odd numbers that it does not send are the primes, which are fed back to
 * the merger. The ring of three is what makes this one a test.
 */
struct sieve_stream {
    int head;
    leat_int_chan values;
};

struct sieve_heap {
    int n;
    struct sieve_stream at[200];
};

static void sieve_swap(struct sieve_heap *h, int a, int b)
{
    struct sieve_stream t = h->at[a];
    h->at[a] = h->at[b];
    h->at[b] = t;
}

static void sieve_sink(struct sieve_heap *h)
{
    for (int i = 0, child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->at[child + 1].head < h->at[child].head)
            child++;
        if (h->at[i].head <= h->at[child].head)
            return;
        sieve_swap(h, i, child);
    }
}

static void sieve_add(struct sieve_heap *h, struct sieve_stream s)
{
    int i = h->n++;
    T_LE(h->n, sizeof h->at / sizeof *h->at);
    h->at[i] = s;
    for (; i > 0 && h->at[(i - 1) / 2].head > h->at[i].head; i = (i - 1) / 2)
        sieve_swap(h, i, (i - 1) / 2);
}

struct sieve_ring {
    leat_int_chan primes, composites;
    leat_done_chan quit;
    leat_waitgroup counters;
};

static void sieve_count(int prime, leat_int_chan out, leat_done_chan quit)
{
    for (int v = prime * prime;; v += 2 * prime)
        if (leat_select(leat_case_send(out, v), leat_case_recv(quit, NULL)) == 1)
            break;
}

/* The stream's next value into its head; false when the ring is being taken down. */
static bool sieve_advance(struct sieve_ring *ring, struct sieve_stream *s)
{
    return leat_select(leat_case_recv(s->values, &s->head), leat_case_recv(ring->quit, NULL)) ==
           0;
}

/* Starts the stream of the next prime; returns its first value, its square, or 0 at the end. */
static int sieve_open(struct sieve_ring *ring, struct sieve_heap *h)
{
    struct sieve_stream s = {.values = leat_chan_make(leat_int_chan, 8)};
    int prime;

    if (leat_recv(ring->primes, &prime)) {
        leat_waitgroup_go(&ring->counters, sieve_count, prime, s.values, ring->quit);
        if (!sieve_advance(ring, &s))
            s.head = 0;
        sieve_add(h, s);
    } else {
        leat_chan_free(s.values);
    }
    return s.head;
}

/* A stream is opened when the square before its own has gone: no sooner has it any effect. */
static void sieve_merge(struct sieve_ring *ring)
{
    struct sieve_heap *h = calloc(1, sizeof *h);
    int newest = sieve_open(ring, h), last = 0;

    while (newest) {
        int v = h->at[0].head;
        if (v != last && leat_select(leat_case_send(ring->composites, v),
                                     leat_case_recv(ring->quit, NULL)) == 1)
            break;
        last = v;
        if (v == newest)
            newest = sieve_open(ring, h);
        if (!newest || !sieve_advance(ring, &h->at[0]))
            break;
        sieve_sink(h);
    }
    leat_waitgroup_wait(&ring->counters);
    for (int i = 0; i < h->n; i++)
        leat_chan_free(h->at[i].values);
    free(h);
}

T_TEST(a_ring_of_counters_and_a_merger_sieves_a_hundred_primes)
{
    struct sieve_ring ring = {.primes = leat_chan_make(leat_int_chan, 200),
                              .composites = leat_chan_make(leat_int_chan, 8),
                              .quit = leat_chan_make(leat_done_chan, 0)};
    leat_waitgroup merger = {0};
    int expected = 2, composite = 9, found = 1;

    leat_waitgroup_go(&merger, sieve_merge, &ring);
    for (int n = 3; found < 100; n += 2) {
        if (n == composite) {
            T_TRUE(leat_recv(ring.composites, &composite));
            continue;
        }
        expected = chain_next_prime(expected);
        T_EQ(n, expected);
        leat_send(ring.primes, n);
        if (++found == 2)
            T_TRUE(leat_recv(ring.composites, &composite));
    }
    T_EQ(expected, 541);
    leat_close(ring.quit);
    leat_close(ring.primes);
    leat_waitgroup_wait(&merger);
    leat_chan_free(ring.primes);
    leat_chan_free(ring.composites);
    leat_chan_free(ring.quit);
}
