/* SPDX-License-Identifier: MIT */
/* select_block_test.c - what blocks for ever, what panics and what does neither: 23 cases.
 *
 * A case that must block is main's only business, so the deadlock report proves that it does
 * and names the wait reason. One that must not block just returns.
 */
#include "golike.h"

/* Go has two wait reasons here, by how many cases the compiler saw; both begin so. */
#define BLOCK_ON_NILS                                                         \
    .expect_exit = 2,                                                         \
    .expect_stderr = {"fatal error: all goroutines are asleep - deadlock!\n", \
                      "goroutine 1 [select"}

static leat_int_chan block_closed(int cap)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, cap);
    leat_close(c);
    return c;
}

/* Nil channels. */

T_TEST(send_to_nil_blocks, GOLIKE_BLOCKS("chan send (nil chan)"))
{
    leat_send((leat_int_chan)NULL, 7);
}

T_TEST(recv_from_nil_blocks, GOLIKE_BLOCKS("chan receive (nil chan)"))
{
    int v;
    leat_recv((leat_int_chan)NULL, &v);
}

T_TEST(range_over_nil_blocks, GOLIKE_BLOCKS("chan receive (nil chan)"))
{
    leat_int_chan nil = NULL;
    leat_range(v, nil)
        T_FAIL("%d came out of a nil channel", v);
}

T_TEST(close_of_nil_panics, GOLIKE_PANICS("close of nil channel"))
{
    leat_close((leat_int_chan)NULL);
}

/* Closed channels. */

T_TEST(send_to_closed_panics, GOLIKE_PANICS("send on closed channel"))
{
    leat_send(block_closed(0), 7);
}

T_TEST(close_of_closed_panics, GOLIKE_PANICS("close of closed channel"))
{
    leat_close(block_closed(0));
}

T_TEST(recv_from_closed_does_not_block)
{
    leat_int_chan c = block_closed(0);
    int v = 1;
    T_FALSE(leat_recv(c, &v));
    T_EQ(v, 0);
    leat_chan_free(c);
}

/* Unbuffered and buffered channels alone. */

T_TEST(send_without_receiver_blocks, GOLIKE_BLOCKS("chan send"))
{
    leat_send(leat_chan_make(leat_int_chan, 0), 7);
}

T_TEST(recv_without_sender_blocks, GOLIKE_BLOCKS("chan receive"))
{
    leat_recv(leat_chan_make(leat_int_chan, 0), NULL);
}

T_TEST(recv_from_empty_buffer_blocks, GOLIKE_BLOCKS("chan receive"))
{
    leat_recv(leat_chan_make(leat_int_chan, 10), NULL);
}

T_TEST(send_to_full_buffer_blocks, GOLIKE_BLOCKS("chan send"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);
    for (int i = 0; i < 11; i++)
        leat_send(c, i);
}

T_TEST(send_to_room_and_recv_from_stock_do_not_block)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);
    for (int i = 0; i < 10; i++)
        leat_send(c, i);
    for (int i = 0; i < 10; i++)
        T_TRUE(leat_recv(c, NULL));
    leat_chan_free(c);
}

/* Select: nothing, nil, default. */

T_TEST(select_of_nothing_blocks, GOLIKE_BLOCKS("select (no cases)"))
{
    leat_select_none();
}

T_TEST(select_n_of_nothing_blocks, GOLIKE_BLOCKS("select (no cases)"))
{
    leat_select_n(NULL, 0);
}

T_TEST(select_send_to_nil_blocks, BLOCK_ON_NILS)
{
    leat_int_chan nil = NULL;
    leat_select(leat_case_send(nil, 7));
}

T_TEST(select_recv_from_nil_blocks, BLOCK_ON_NILS)
{
    leat_int_chan nil = NULL;
    leat_select(leat_case_recv(nil, NULL));
}

T_TEST(select_of_two_nils_blocks, BLOCK_ON_NILS)
{
    leat_int_chan nil = NULL;
    leat_select(leat_case_recv(nil, NULL), leat_case_send(nil, 7));
}

T_TEST(select_of_nils_with_default_does_not_block)
{
    leat_int_chan nil = NULL;
    T_EQ(leat_select(leat_case_default), 0);
    T_EQ(leat_select(leat_case_recv(nil, NULL), leat_case_default), 1);
    T_EQ(leat_select(leat_case_send(nil, 7), leat_case_default), 1);
    T_EQ(leat_select(leat_case_default, leat_case_send(nil, 7), leat_case_recv(nil, NULL)), 0);
}

/* Select: channels that are not ready, and that are. */

T_TEST(select_of_unready_channels_blocks, GOLIKE_BLOCKS("select"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_int_chan empty = leat_chan_make(leat_int_chan, 1);
    leat_select(leat_case_recv(c, NULL), leat_case_send(c, 7), leat_case_recv(empty, NULL));
}

T_TEST(select_send_to_full_buffer_blocks, GOLIKE_BLOCKS("select"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    leat_send(c, 1);
    leat_select(leat_case_send(c, 2));
}

T_TEST(select_of_one_ready_case_does_not_block)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 10);
    leat_int_chan never = leat_chan_make(leat_int_chan, 0);
    leat_int_chan nil = NULL;
    int v;

    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_send(c, 5)), 1);
    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_send(never, 1),
                     leat_case_recv(nil, NULL)),
         0);
    T_EQ(v, 5);
    leat_chan_free(c);
    leat_chan_free(never);
}

T_TEST(select_recv_from_closed_does_not_block)
{
    leat_int_chan c = block_closed(0), never = leat_chan_make(leat_int_chan, 0);
    bool ok = true;

    T_EQ(leat_select(leat_case_recv(never, NULL), leat_case_recv_ok(c, NULL, &ok)), 1);
    T_FALSE(ok);
    leat_chan_free(c);
    leat_chan_free(never);
}

T_TEST(select_send_to_closed_panics, GOLIKE_PANICS("send on closed channel"))
{
    leat_int_chan c = block_closed(0);
    leat_select(leat_case_send(c, 7));
}

T_TEST(select_with_both_ends_of_one_channel_blocks, GOLIKE_BLOCKS("select"))
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 0);
    leat_select(leat_case_recv(c, NULL), leat_case_send(c, 7));
}

T_TEST(select_with_both_ends_of_a_buffer_does_not_block)
{
    leat_int_chan c = leat_chan_make(leat_int_chan, 1);
    int v;

    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_send(c, 7)), 1);
    T_EQ(leat_select(leat_case_recv(c, &v), leat_case_send(c, 8)), 0);
    T_EQ(v, 7);
    leat_chan_free(c);
}

/* C2 and S3 hold in a goroutine too: it stays where it is and its wait reason is shown. */
static void block_on_nil(leat_int_chan nil)
{
    leat_send(nil, 1);
}

T_TEST(every_sleeper_is_in_the_deadlock_report, .expect_exit = 2,
       .expect_stderr = {"fatal error: all goroutines are asleep - deadlock!\n",
                         "goroutine 1 [select (no cases)]:", "[chan send (nil chan)]:",
                         "block_on_nil", "created by ", " in goroutine 1"})
{
    leat_go(block_on_nil, (leat_int_chan)NULL);
    leat_select_none();
}

/* A timer or a default keeps a select of nils from sleeping for ever. */
T_TEST(a_timeout_case_ends_a_select_of_nils)
{
    leat_int_chan nil = NULL;
    T_EQ(leat_select(leat_case_recv(nil, NULL), leat_case_timeout(LEAT_MICROSECOND)), 1);
}
