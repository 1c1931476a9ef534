/* SPDX-License-Identifier: MIT */
/* chan_size_test.c - elements of every size and alignment, capacities legal and not. */
#include "golike.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Size 0 (C1): nothing is stored, and everything is counted. */
T_TEST(a_channel_of_nothing_counts_its_elements)
{
    leat_done_chan c = leat_chan_make(leat_done_chan, 3);

    T_EQ(leat_cap(c), 3);
    for (int i = 0; i < 3; i++) {
        T_EQ(leat_len(c), i);
        leat_send(c, LEAT_UNIT);
    }
    T_FALSE(leat_try_send(c, LEAT_UNIT));
    T_EQ(leat_select(leat_case_send(c, LEAT_UNIT), leat_case_default), 1);
    T_TRUE(leat_recv(c, NULL));
    leat_close(c);
    leat_unit u;
    T_TRUE(leat_recv(c, &u));
    T_TRUE(leat_try_recv(c, NULL));
    T_FALSE(leat_recv(c, &u));
    leat_chan_free(c);
}

T_TEST(a_channel_of_nothing_may_have_a_huge_capacity)
{
    leat_done_chan c = leat_chan_make(leat_done_chan, INT64_C(1) << 40);

    T_EQ(leat_cap(c), INT64_C(1) << 40);
    for (int i = 0; i < 1000; i++)
        leat_send(c, LEAT_UNIT);
    T_EQ(leat_len(c), 1000);
    leat_chan_free(c);
}

static void size_signal(leat_done_chan c)
{
    leat_send(c, LEAT_UNIT);
}

T_TEST(an_unbuffered_channel_of_nothing_is_a_rendezvous)
{
    leat_done_chan c = leat_chan_make(leat_done_chan, 0);

    T_FALSE(leat_try_send(c, LEAT_UNIT));
    leat_go(size_signal, c);
    T_TRUE(leat_recv(c, NULL));
    leat_go(size_signal, c);
    T_EQ(leat_select(leat_case_recv(c, NULL)), 0);
    leat_chan_free(c);
}

/* chancap: what make refuses, and what cap says. */

T_TEST(make_of_negative_capacity_panics, GOLIKE_PANICS("makechan: size out of range"))
{
    volatile int64_t cap = -1;
    leat_chan_make(leat_int_chan, cap);
}

T_TEST(make_of_the_least_capacity_panics, GOLIKE_PANICS("makechan: size out of range"))
{
    volatile int64_t cap = INT64_MIN;
    leat_chan_make(leat_done_chan, cap);
}

T_TEST(make_of_more_bytes_than_there_are_panics, GOLIKE_PANICS("makechan: size out of range"))
{
    volatile int64_t cap = INT64_MAX;
    leat_chan_make(leat_int_chan, cap);
}

/* The product of size and capacity must not wrap around to something small. */
T_TEST(make_whose_size_wraps_around_panics, GOLIKE_PANICS("makechan: size out of range"))
{
    volatile int64_t cap = (INT64_C(1) << 62) + 1;
    leat_chan_make(leat_int64_chan, cap);
}

T_TEST(untyped_make_of_negative_capacity_panics, GOLIKE_PANICS("makechan: size out of range"))
{
    leat_chan_base_make(4, -5);
}

T_TEST(cap_is_what_was_asked_for)
{
    static const int64_t caps[] = {0, 1, 2, 3, 10, 1000, 65537};

    T_EQ(leat_cap((leat_int_chan)NULL), 0);
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        leat_int_chan c = leat_chan_make(leat_int_chan, caps[i]);
        T_EQ(leat_cap(c), caps[i]);
        leat_chan_free(c);
    }
}

/* A struct of each size is sent direct, through the ring and through select, and compared. */
static uint64_t size_hash(const void *p, size_t n)
{
    const unsigned char *b = p;
    uint64_t h = 1469598103934665603u;
    while (n--)
        h = (h ^ *b++) * 1099511628211u;
    return h;
}

static void size_fill(void *p, size_t n, int round)
{
    unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        b[i] = (unsigned char)(i * 7 + i / 251 + (size_t)round * 31);
}

/* Room for some copies of the largest elements, with the sanitizers' margins around them. */
static const leat_go_opts size_big_stack = {.stack_size = 2 << 20};

#define SIZE_TYPE(name, bytes, align)                                         \
    struct size_##name {                                                      \
        alignas(align) unsigned char b[bytes];                                \
    };                                                                        \
    typedef leat_chan(struct size_##name) size_##name##_chan;                 \
    static void size_send_##name(size_##name##_chan c, int rounds)            \
    {                                                                         \
        struct size_##name *v = aligned_alloc(align, sizeof *v);              \
        for (int i = 0; i < rounds; i++) {                                    \
            size_fill(v, sizeof *v, i);                                       \
            if (i % 3 == 0)                                                   \
                leat_chan_base_send((leat_chan_base *)(void *)c, v);          \
            else if (i % 3 == 1)                                              \
                leat_send(c, *v);                                             \
            else                                                              \
                leat_select(leat_case_send(c, *v));                           \
        }                                                                     \
        free(v);                                                              \
        leat_close(c);                                                        \
    }                                                                         \
    static void size_check_##name(int cap)                                    \
    {                                                                         \
        enum { ROUNDS = 12 };                                                 \
        size_##name##_chan c = leat_chan_make(size_##name##_chan, cap);       \
        struct size_##name *got = aligned_alloc(align, 2 * sizeof *got);      \
        struct size_##name *want = got + 1;                                   \
        leat_go_with(&size_big_stack, size_send_##name, c, (int)ROUNDS);      \
        for (int i = 0; i < ROUNDS; i++) {                                    \
            memset(got, 0xee, sizeof *got);                                   \
            if (i % 2)                                                        \
                T_TRUE(leat_recv(c, got));                                    \
            else                                                              \
                T_EQ(leat_select(leat_case_recv(c, got)), 0);                 \
            size_fill(want, sizeof *want, i);                                 \
            T_EQ(size_hash(got, sizeof *got), size_hash(want, sizeof *want)); \
        }                                                                     \
        T_FALSE(leat_recv(c, got));                                           \
        for (size_t i = 0; i < sizeof *got; i++)                              \
            T_EQ(got->b[i], 0);                                               \
        free(got);                                                            \
        leat_chan_free(c);                                                    \
    }                                                                         \
    T_TEST(elements_##name##_arrive_whole)                                    \
    {                                                                         \
        for (int cap = 0; cap < 4; cap++)                                     \
            size_check_##name(cap);                                           \
    }

SIZE_TYPE(of_1_byte, 1, 1)
SIZE_TYPE(of_3_bytes, 3, 1)
SIZE_TYPE(of_17_bytes, 17, 1)
SIZE_TYPE(of_1_kib, 1024, 8)
SIZE_TYPE(of_4_kib, 4096, 16)
SIZE_TYPE(aligned_to_64, 192, 64)
SIZE_TYPE(aligned_to_256, 512, 256)
SIZE_TYPE(of_64_kib_less_one, 65535, 1)

/* The runtime's own alignment promise: every place of the ring is as aligned as the type. */
struct size_line {
    alignas(64) void *self;
    char name[40];
};
typedef leat_chan(struct size_line) size_line_chan;

T_TEST(aligned_elements_keep_their_pointers_and_text)
{
    size_line_chan c = leat_chan_make(size_line_chan, 5);
    struct size_line v = {.self = &v, .name = "sixty-four"}, got;

    for (int lap = 0; lap < 20; lap++) {
        T_EQ(leat_select(leat_case_send(c, v), leat_case_default), 0);
        T_TRUE(leat_recv(c, &got));
        T_EQ(got.self, &v);
        T_STREQ(got.name, "sixty-four");
    }
    leat_chan_free(c);
}

/* A send is an assignment to the element's type, whatever the type of what is sent. */
T_TEST(what_is_sent_becomes_the_elements_type)
{
    leat_double_chan d = leat_chan_make(leat_double_chan, 2);
    leat_int64_chan l = leat_chan_make(leat_int64_chan, 2);
    double real = 0;
    int64_t whole = 0;

    leat_send(d, 3);
    T_EQ(leat_select(leat_case_send(d, 'A')), 0);
    T_TRUE(leat_recv(d, &real) && real == 3.0);
    T_TRUE(leat_recv(d, &real) && real == 65.0);
    leat_send(l, (signed char)-1);
    T_TRUE(leat_try_send(l, true));
    T_TRUE(leat_recv(l, &whole));
    T_EQ(whole, -1);
    T_TRUE(leat_recv(l, &whole));
    T_EQ(whole, 1);
    leat_chan_free(d);
    leat_chan_free(l);
}

/* Out of memory is fatal in make and NULL in try_make; the latter gets all it asks otherwise. */
T_TEST(try_make_returns_a_channel)
{
    leat_int_chan c = leat_chan_try_make(leat_int_chan, 2);

    T_TRUE(c != NULL);
    leat_send(c, 1);
    T_EQ(leat_len(c), 1);
    leat_chan_free(c);
}

T_TEST(try_make_of_more_memory_than_there_is_returns_null,
       .env = {"ASAN_OPTIONS=allocator_may_return_null=1",
               "TSAN_OPTIONS=allocator_may_return_null=1"})
{
    volatile int64_t huge = INT64_C(1) << 45;
    leat_int_chan c = leat_chan_try_make(leat_int_chan, huge);
    T_EQ(c, (void *)0);
}

T_TEST(elements_of_64_kib_are_refused, .expect_exit = 2,
       .expect_stderr = {"panic: makechan: element larger than 64 KiB"})
{
    leat_chan_base_make(65536, 0);
}
