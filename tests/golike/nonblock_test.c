/* SPDX-License-Identifier: MIT */
/* nonblock_test.c - operations that do not wait: right about one instant, for every type.
 *
 * C12 is the hard row: "nothing is ready" may be said only when there was an instant in the
 * call at which nothing was. Looking at the channels one after the other is not enough.
 */
#include "golike.h"

#include <string.h>

enum { NB_ROUNDS = 100000 };

static void nb_poll_one(leat_int_chan c, leat_bool_chan found)
{
    int k = leat_select(leat_case_recv(c, NULL), leat_case_default);
    leat_send(found, k == 0);
}

/* The item goes or the close is there: at no instant is the channel not ready to receive. */
T_TEST(a_poll_racing_with_close_and_a_receiver_always_finds_something)
{
    const long rounds = t_scale(NB_ROUNDS / 4);
    leat_bool_chan found = leat_chan_make(leat_bool_chan, 1);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 1);
        bool ready;

        leat_send(c, 1);
        leat_go(nb_poll_one, c, found);
        leat_close(c);
        leat_recv(c, NULL);
        leat_recv(found, &ready);
        T_TRUE(ready);
        leat_chan_free(c);
    }
    leat_chan_free(found);
}

static void nb_poll_two(leat_int_chan c1, leat_int_chan c2, leat_bool_chan found)
{
    int k = leat_select(leat_case_recv(c1, NULL), leat_case_recv(c2, NULL), leat_case_default);
    leat_send(found, k != 2);
}

/* c1 is ready until after c2 is: whoever looks at any one instant finds one of them so. */
T_TEST(a_poll_of_two_sees_one_instant_when_the_second_is_sent_to, .timeout_ms = 60000)
{
    const long rounds = t_scale(NB_ROUNDS);
    leat_bool_chan found = leat_chan_make(leat_bool_chan, 1);
    leat_int_chan c1 = leat_chan_make(leat_int_chan, 1);
    leat_int_chan c2 = leat_chan_make(leat_int_chan, 1);

    for (long i = 0; i < rounds; i++) {
        bool ready;

        leat_send(c1, 1);
        leat_go(nb_poll_two, c1, c2, found);
        leat_send(c2, 1);
        leat_try_recv(c1, NULL);
        leat_recv(found, &ready);
        T_TRUE(ready);
        leat_try_recv(c1, NULL);
        leat_try_recv(c2, NULL);
    }
    leat_chan_free(found);
    leat_chan_free(c1);
    leat_chan_free(c2);
}

T_TEST(a_poll_of_two_sees_one_instant_when_the_second_is_closed, .timeout_ms = 60000)
{
    const long rounds = t_scale(NB_ROUNDS);
    leat_bool_chan found = leat_chan_make(leat_bool_chan, 1);
    leat_int_chan c1 = leat_chan_make(leat_int_chan, 1);

    for (long i = 0; i < rounds; i++) {
        leat_int_chan c2 = leat_chan_make(leat_int_chan, 0);
        bool ready;

        leat_send(c1, 1);
        leat_go(nb_poll_two, c1, c2, found);
        leat_close(c2);
        leat_try_recv(c1, NULL);
        leat_recv(found, &ready);
        T_TRUE(ready);
        leat_try_recv(c1, NULL);
        leat_chan_free(c2);
    }
    leat_chan_free(found);
    leat_chan_free(c1);
}

static bool nb_same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

#define NB_EQUAL(a, b) ((a) == (b))

/* For one element type: what the try forms say on an empty, a full and a waited-for channel. */
#define NB_TYPE(type, chan, same, value)                         \
    static void nb_give_##type(chan c, leat_done_chan ready)     \
    {                                                            \
        leat_recv(ready, NULL);                                  \
        leat_send(c, value);                                     \
    }                                                            \
    static void nb_take_##type(chan c, leat_done_chan done)      \
    {                                                            \
        __typeof__(value) got;                                   \
        T_TRUE(leat_recv(c, (void *)&got));                      \
        T_TRUE(same(got, value));                                \
        leat_send(done, LEAT_UNIT);                              \
    }                                                            \
    static void nb_check_##type(int cap)                         \
    {                                                            \
        chan c = leat_chan_make(chan, cap);                      \
        leat_done_chan sync = leat_chan_make(leat_done_chan, 0); \
        __typeof__(c->elem) got;                                 \
                                                                 \
        T_FALSE(leat_try_recv(c, &got));                         \
        T_EQ(leat_try_send(c, value), cap > 0);                  \
        T_FALSE(leat_try_send(c, value));                        \
        T_EQ(leat_try_recv(c, &got), cap > 0);                   \
        T_FALSE(leat_try_recv(c, &got));                         \
                                                                 \
        leat_go(nb_give_##type, c, sync);                        \
        golike_turns();                                          \
        T_FALSE(leat_try_recv(c, &got));                         \
        leat_send(sync, LEAT_UNIT);                              \
        while (!leat_try_recv(c, &got))                          \
            leat_yield();                                        \
        T_TRUE(same(got, value));                                \
                                                                 \
        leat_go(nb_take_##type, c, sync);                        \
        while (!leat_try_send(c, value))                         \
            leat_yield();                                        \
        leat_recv(sync, NULL);                                   \
        leat_chan_free(c);                                       \
        leat_chan_free(sync);                                    \
    }

typedef leat_chan(int32_t) nb_int32_chan;

NB_TYPE(int32, nb_int32_chan, NB_EQUAL, (int32_t)-123)
NB_TYPE(int64, leat_int64_chan, NB_EQUAL, (int64_t)0x123456789abcdef0)
NB_TYPE(bool, leat_bool_chan, NB_EQUAL, (_Bool)1)
NB_TYPE(string, leat_str_chan, nb_same_text, (const char *)"hello")

T_TEST(try_forms_of_int32_int64_bool_and_string)
{
    for (int cap = 0; cap < 2; cap++) {
        nb_check_int32(cap);
        nb_check_int64(cap);
        nb_check_bool(cap);
        nb_check_string(cap);
    }
}

T_TEST(try_recv_ok_tells_empty_from_closed)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    bool open = false;
    int v = 3;

    T_FALSE(leat_try_recv_ok(c, &v, &open));
    T_TRUE(open);
    T_EQ(v, 3);
    leat_send(c, 9);
    open = false;
    T_TRUE(leat_try_recv_ok(c, &v, &open));
    T_TRUE(open);
    T_EQ(v, 9);
    leat_send(c, 10);
    leat_close(c);
    T_TRUE(leat_try_recv_ok(c, &v, &open));
    T_TRUE(open);
    T_EQ(v, 10);
    T_FALSE(leat_try_recv_ok(c, &v, &open));
    T_FALSE(open);
    T_FALSE(leat_try_recv(c, &v));
    leat_chan_free(c);
}

T_TEST(try_forms_of_a_nil_channel_do_nothing)
{
    leat_int_chan nil = NULL;
    bool open = false;
    int v = 3;

    T_FALSE(leat_try_send(nil, 1));
    T_FALSE(leat_try_recv(nil, &v));
    T_FALSE(leat_try_recv_ok(nil, &v, &open));
    T_TRUE(open);
    T_EQ(v, 3);
    T_EQ(leat_len(nil), 0);
    T_EQ(leat_cap(nil), 0);
}
