/* SPDX-License-Identifier: MIT */
/* select_order_test.c - when the operands of select are evaluated: all, once, in order, first.
 *
 * PICTURE  Each operand below is a call that writes its number down. A case is one of four
 *   kinds; every ordered triple of kinds is written out by macro (64 selects), and each is run
 *   with every one of its three cases made the ready one, so 192 runs, each of which must have
 *   written down all operands in source order and nothing twice. Unlike Go's, a receive target
 *   is an operand too: it is a pointer and is evaluated with the rest.
 */
#include "golike.h"

enum { ORDER_MAX = 32, ORDER_CASES = 3 };

struct order_log {
    int n;
    int seen[ORDER_MAX];
};

static struct order_log order_log;
static leat_int_chan order_chans[ORDER_CASES];
static int order_targets[ORDER_CASES];
static bool order_oks[ORDER_CASES];

static void order_write(int number)
{
    T_LT(order_log.n, ORDER_MAX);
    order_log.seen[order_log.n++] = number;
}

static leat_int_chan order_chan(int i)
{
    order_write(10 * i);
    return order_chans[i];
}

static int order_value(int i)
{
    order_write(10 * i + 1);
    return 1000 + i;
}

static int *order_target(int i)
{
    order_write(10 * i + 2);
    return &order_targets[i];
}

static bool *order_ok(int i)
{
    order_write(10 * i + 3);
    return &order_oks[i];
}

/* The four kinds of case, at place i. */
#define ORDER_S(i) leat_case_send(order_chan(i), order_value(i))
#define ORDER_R(i) leat_case_recv(order_chan(i), order_target(i))
#define ORDER_K(i) leat_case_recv_ok(order_chan(i), order_target(i), order_ok(i))
#define ORDER_D(i) leat_case_recv(order_chan(i), NULL)

/* What each kind writes down, as the last digits of its numbers. */
static const char *order_operands(char kind)
{
    return kind == 'S' ? "01" : kind == 'R' ? "02" : kind == 'K' ? "023" : "0";
}

/* Makes only case `ready` of `kinds` ready; a send is ready in a channel with room. */
static void order_prepare(const char *kinds, int ready)
{
    order_log.n = 0;
    for (int i = 0; i < ORDER_CASES; i++) {
        order_targets[i] = -1;
        order_oks[i] = false;
        order_chans[i] = leat_chan_make(leat_int_chan, i == ready);
        if (i == ready && kinds[i] != 'S')
            leat_send(order_chans[i], 2000 + i);
    }
}

static void order_check(const char *kinds, int ready, int chosen)
{
    int at = 0, v;

    T_EQ(chosen, ready);
    for (int i = 0; i < ORDER_CASES; i++)
        for (const char *p = order_operands(kinds[i]); *p; p++)
            T_EQ(order_log.seen[at++], 10 * i + (*p - '0'));
    T_EQ(order_log.n, at);
    for (int i = 0; i < ORDER_CASES; i++) {
        bool received = i == ready && (kinds[i] == 'R' || kinds[i] == 'K');
        T_EQ(order_targets[i], received ? 2000 + i : -1);
        T_EQ(order_oks[i], i == ready && kinds[i] == 'K');
        T_EQ(leat_try_recv(order_chans[i], &v), i == ready && kinds[i] == 'S');
        if (i == ready && kinds[i] == 'S')
            T_EQ(v, 1000 + i);
        leat_chan_free(order_chans[i]);
    }
}

#define ORDER_RUN(a, b, c)                                                                \
    for (int ready = 0; ready < ORDER_CASES; ready++) {                                   \
        static const char kinds[] = #a #b #c;                                             \
        order_prepare(kinds, ready);                                                      \
        order_check(kinds, ready, leat_select(ORDER_##a(0), ORDER_##b(1), ORDER_##c(2))); \
    }
#define ORDER_THIRD(a, b) \
    ORDER_RUN(a, b, S) ORDER_RUN(a, b, R) ORDER_RUN(a, b, K) ORDER_RUN(a, b, D)
#define ORDER_SECOND(a) ORDER_THIRD(a, S) ORDER_THIRD(a, R) ORDER_THIRD(a, K) ORDER_THIRD(a, D)

/* One function for each first kind, so that no frame holds the cases of all the selects. */
static void order_send_first(void)
{
    ORDER_SECOND(S)
}

static void order_recv_first(void)
{
    ORDER_SECOND(R)
}

static void order_recv_ok_first(void)
{
    ORDER_SECOND(K)
}

static void order_discard_first(void){ORDER_SECOND(D)}

T_TEST(select_evaluates_every_operand_once_in_order_whatever_is_chosen)
{
    order_send_first();
    order_recv_first();
    order_recv_ok_first();
    order_discard_first();
}

T_TEST(plain_operations_evaluate_their_operands_once_in_order)
{
    order_prepare("SSS", 1);
    leat_send(order_chan(1), order_value(1));
    T_TRUE(leat_recv(order_chan(1), order_target(1)));
    T_EQ(order_targets[1], 1001);
    T_TRUE(leat_try_send(order_chan(1), order_value(1)));
    T_TRUE(leat_try_recv_ok(order_chan(1), order_target(1), order_ok(1)));
    T_FALSE(leat_try_recv(order_chan(1), order_target(1)));
    static const int expected[] = {10, 11, 10, 12, 10, 11, 10, 12, 13, 10, 12};
    T_EQ(order_log.n, sizeof expected / sizeof *expected);
    T_MEMEQ(order_log.seen, expected, sizeof expected);

    order_log.n = 0;
    leat_close(order_chan(1));
    leat_range(v, order_chan(1))
        T_FAIL("%d came out of an empty channel", v);
    T_EQ(order_log.n, 2);
    for (int i = 0; i < ORDER_CASES; i++)
        leat_chan_free(order_chans[i]);
}

/* issue4313: the value is taken on entry, not when a partner at last turns up. Nothing orders the
 * change with the taking, which is the point, and which ThreadSanitizer would report. */
static void order_send_when_told(leat_int_chan c, leat_int_chan never, int *shared)
{
    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_send(c, *shared)), 1);
}

T_TEST(a_send_value_is_fixed_before_the_select_waits, .procs = {1}, .modes = "!tsan")
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    int shared = 1, v;

    leat_go(order_send_when_told, c, never, &shared);
    golike_turns();
    shared = 2;
    T_TRUE(leat_recv(c, &v));
    T_EQ(v, 1);
    golike_alone();
    leat_chan_free(c);
    leat_chan_free(never);
}

/* select.go: of two sends, both with the side effect of taking the next value, one happens. */
static unsigned order_counter;

static int order_next_bit(void)
{
    return (int)(order_counter++ & 1);
}

T_TEST(both_values_of_two_sends_are_computed_though_one_is_sent)
{
    enum { ROUNDS = 64 };
    leat_int_chan a = leat_chan_make(leat_int_chan, ROUNDS);
    leat_int_chan b = leat_chan_make(leat_int_chan, ROUNDS);

    for (int i = 0; i < ROUNDS; i++)
        leat_select(leat_case_send(a, order_next_bit()), leat_case_send(b, order_next_bit()));
    T_EQ(order_counter, 2 * ROUNDS);
    T_EQ(leat_len(a) + leat_len(b), ROUNDS);
    leat_close(a);
    leat_close(b);
    leat_range(v, a)
        T_EQ(v, 0);
    leat_range(v, b)
        T_EQ(v, 1);

    leat_int_chan nil = NULL, room = leat_chan_make(leat_int_chan, 1);
    T_EQ(leat_select(leat_case_send(nil, order_next_bit()),
                     leat_case_send(room, order_next_bit())),
         1);
    T_EQ(order_counter, 2 * ROUNDS + 2);
    leat_chan_free(room);
    leat_chan_free(a);
    leat_chan_free(b);
}

/* select4: the operands of the ready case may be calls with effects on the others' targets. */
static int *order_wrong_target(void)
{
    static int wrong;
    return &wrong;
}

T_TEST(the_ready_case_proceeds_and_leaves_the_others_targets_alone)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    int v = 0;

    leat_send(c, 42);
    T_EQ(leat_select(leat_case_recv(never, order_wrong_target()), leat_case_recv(c, &v)), 1);
    T_EQ(v, 42);
    T_EQ(*order_wrong_target(), 0);
    leat_chan_free(c);
    leat_chan_free(never);
}
