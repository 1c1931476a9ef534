/* SPDX-License-Identifier: MIT */
/* pattern_route_test.c - fan in, fan out, tee, bridge, or-done: what comes out, and the end. */
#include "t.h"

#include <leat.h>

#include <stdatomic.h>

struct rt_range {
    int next, end;
};

static int rt_count_up(int *out, struct rt_range *r)
{
    if (r->next == r->end)
        return LEAT_END;
    *out = r->next++;
    return 0;
}

static int rt_add(const int *in, atomic_long *sum)
{
    atomic_fetch_add(sum, *in);
    return 0;
}

/* What was sent is a thousand times the lane plus a number that counts up in it. */
static void rt_check_lanes(leat_int_chan c, int lanes, int each)
{
    int next[16] = {0}, n = 0;

    leat_range(v, c) {
        T_LT(v / 1000, lanes);
        T_EQ(v % 1000, next[v / 1000]++);
        n++;
    }
    T_EQ(n, lanes * each);
}

T_TEST(fan_in_passes_all_and_keeps_the_order_of_each_input)
{
    for (int lanes = 1; lanes <= 16; lanes += 5) {
        leat_int_chan in[16];
        struct rt_range ranges[16];
        leat_scoped_chan(leat_int_chan, out, 0);
        {
            leat_scoped_group(g, NULL);
            for (int i = 0; i < lanes; i++) {
                in[i] = leat_chan_make(leat_int_chan, i % 3);
                ranges[i] = (struct rt_range){i * 1000, i * 1000 + 200};
                leat_source(&g, in[i], rt_count_up, &ranges[i]);
            }
            leat_fan_in(&g, in, (size_t)lanes, out);
            rt_check_lanes(out, lanes, 200);
            T_ERR(leat_group_wait(&g), 0);
        }
        for (int i = 0; i < lanes; i++)
            leat_chan_free(in[i]);
    }
}

T_TEST(fan_in_of_nothing_is_closed_at_once)
{
    leat_scoped_chan(leat_int_chan, out, 0);
    leat_group g = {0};

    leat_fan_in(&g, (leat_int_chan *)NULL, 0, out);
    T_FALSE(leat_recv(out, NULL));
    T_ERR(leat_group_wait(&g), 0);
}

T_TEST(fan_out_gives_each_value_to_one_output)
{
    enum { OUTS = 5, N = 1000 };
    leat_scoped_chan(leat_int_chan, in, 0);
    struct rt_range range = {0, N};
    leat_int_chan out[OUTS];
    atomic_long sum = 0;
    {
        leat_scoped_group(g, NULL);
        leat_source(&g, in, rt_count_up, &range);
        for (int i = 0; i < OUTS; i++)
            out[i] = leat_chan_make(leat_int_chan, i % 2);
        leat_fan_out(&g, in, out, OUTS);
        for (int i = 0; i < OUTS; i++)
            leat_sink(&g, 1, out[i], rt_add, &sum);
        T_ERR(leat_group_wait(&g), 0);
    }
    T_EQ(atomic_load(&sum), (long)N * (N - 1) / 2);
    for (int i = 0; i < OUTS; i++)
        leat_chan_free(out[i]);
}

T_TEST(an_output_that_nobody_receives_from_does_not_stop_a_fan_out)
{
    leat_scoped_chan(leat_int_chan, in, 0);
    struct rt_range range = {0, 100};
    leat_int_chan out[2] = {leat_chan_make(leat_int_chan, 0), leat_chan_make(leat_int_chan, 0)};
    long sum = 0;
    {
        leat_scoped_group(g, NULL);
        leat_source(&g, in, rt_count_up, &range);
        leat_fan_out(&g, in, out, 2);
        leat_range(v, out[1])
            sum += v;
        T_ERR(leat_group_wait(&g), 0);
    }
    T_EQ(sum, 4950);
    leat_chan_free(out[0]);
    leat_chan_free(out[1]);
}

T_TEST(tee_gives_each_value_to_all_in_whatever_order_they_take_it)
{
    leat_scoped_chan(leat_int_chan, in, 0);
    struct rt_range range = {0, 300};
    leat_int_chan out[3];
    {
        leat_scoped_group(g, NULL);
        for (int i = 0; i < 3; i++)
            out[i] = leat_chan_make(leat_int_chan, 0);
        leat_source(&g, in, rt_count_up, &range);
        leat_tee(&g, in, out, 3);
        for (int n = 0; n < 300; n++) {
            for (int k = 0; k < 3; k++) {
                int v = -1;
                T_TRUE(leat_recv(out[(n + 2 * k) % 3], &v));
                T_EQ(v, n);
            }
        }
        for (int i = 0; i < 3; i++)
            T_FALSE(leat_recv(out[i], NULL));
        T_ERR(leat_group_wait(&g), 0);
    }
    for (int i = 0; i < 3; i++)
        leat_chan_free(out[i]);
}

T_TEST(or_done_ends_with_its_input)
{
    leat_scoped_chan(leat_int_chan, in, 0);
    leat_scoped_chan(leat_int_chan, out, 0);
    struct rt_range range = {0, 100};
    leat_scoped_group(g, NULL);

    leat_source(&g, in, rt_count_up, &range);
    leat_or_done(&g, in, out);
    rt_check_lanes(out, 1, 100);
    T_ERR(leat_group_wait(&g), 0);
}

T_TEST(or_done_ends_with_the_context_though_its_input_does_not)
{
    leat_scoped_chan(leat_int_chan, in, 3);
    leat_scoped_chan(leat_int_chan, out, 0);
    leat_scoped_group(g, NULL);

    leat_send(in, 1);
    leat_or_done(&g, in, out);
    T_TRUE(leat_recv(out, NULL));
    leat_ctx_cancel(leat_group_ctx(&g));
    T_FALSE(leat_recv(out, NULL));
}

typedef leat_chan(leat_int_chan) rt_chan_chan;

T_TEST(bridge_flattens_one_channel_after_the_other)
{
    leat_scoped_chan(rt_chan_chan, in, 2);
    leat_scoped_chan(leat_int_chan, out, 0);
    leat_scoped_group(g, NULL);
    int expect = 0;

    leat_bridge(&g, in, out);
    for (int i = 0; i < 2; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, 3);
        for (int k = 0; k < 3; k++)
            leat_send(c, 3 * i + k);
        leat_close(c);
        leat_send(in, c);
    }
    leat_close(in);
    leat_range(v, out)
        T_EQ(v, expect++);
    T_EQ(expect, 6);
    T_ERR(leat_group_wait(&g), 0);
}

T_TEST(a_bridge_that_is_cancelled_gives_up_the_channels_it_was_sent)
{
    leat_scoped_chan(rt_chan_chan, in, 3);
    leat_scoped_chan(leat_int_chan, out, 0);
    leat_scoped_group(g, NULL);

    for (int i = 0; i < 3; i++)
        leat_send(in, leat_chan_make(leat_int_chan, 0));
    leat_bridge(&g, in, out);
    leat_ctx_cancel(leat_group_ctx(&g));
    T_ERR(leat_group_wait(&g), 0);
    T_EQ(leat_len(in), 0);
}
