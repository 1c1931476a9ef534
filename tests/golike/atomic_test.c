/* SPDX-License-Identifier: MIT */
/*
 * atomic_test.c - every atomic operation on every type, and what their order promises.
 *
 * PICTURE  Go tests 80 pairs of operation and type alike: a guard word on either side of the
 *   value, patterns that walk over all bits, the result and the guards compared. ATOMIC_TABLE
 *   makes the same tests, one per pair.
 */
#include "golike.h"

enum { MAGIC = 0x5eed5eed };

#define ATOMIC_TEST(op, type, T)                                         \
    T_TEST(op##_##type##_gives_the_right_value_and_touches_nothing_else) \
    {                                                                    \
        struct {                                                         \
            uint32_t before;                                             \
            leat_atomic_##type a;                                        \
            uint32_t after;                                              \
        } x = {MAGIC, {0}, MAGIC};                                       \
        T plain = 0;                                                     \
                                                                         \
        for (uint64_t bit = 1; (T)bit && bit; bit += bit) {              \
            atomic_step_##op(&x.a, plain, (T)bit);                       \
            T_EQ(leat_atomic_load(&x.a), plain);                         \
            T_EQ(x.before, (uint32_t)MAGIC);                             \
            T_EQ(x.after, (uint32_t)MAGIC);                              \
        }                                                                \
    }

#define atomic_step_swap(a, plain, v)        \
    do {                                     \
        T_EQ(leat_atomic_swap(a, v), plain); \
        plain = v;                           \
    } while (0)
#define atomic_step_add(a, plain, v)                                  \
    do {                                                              \
        plain = (__typeof__(plain))((uint64_t)plain + (uint64_t)(v)); \
        T_EQ(leat_atomic_add(a, v), plain);                           \
    } while (0)
#define atomic_step_and(a, plain, v)                      \
    do {                                                  \
        plain = (__typeof__(plain))~(__typeof__(plain))0; \
        leat_atomic_store(a, plain);                      \
        T_EQ(leat_atomic_and(a, ~(v)), plain);            \
        plain = (__typeof__(plain))(plain & ~(v));        \
        T_EQ(leat_atomic_and(a, plain), plain);           \
    } while (0)
#define atomic_step_or(a, plain, v)               \
    do {                                          \
        T_EQ(leat_atomic_or(a, v), plain);        \
        plain = (__typeof__(plain))(plain | (v)); \
    } while (0)
#define atomic_step_cas(a, plain, v)               \
    do {                                           \
        leat_atomic_store(a, v);                   \
        plain = (__typeof__(plain))((v) ^ 1);      \
        T_FALSE(leat_atomic_cas(a, plain, plain)); \
        T_EQ(leat_atomic_load(a), v);              \
        T_TRUE(leat_atomic_cas(a, v, plain));      \
        T_FALSE(leat_atomic_cas(a, v, plain));     \
    } while (0)
#define atomic_step_load(a, plain, v) \
    do {                              \
        (a)->leat__v = (v);           \
        plain = leat_atomic_load(a);  \
        T_EQ(plain, v);               \
    } while (0)
#define atomic_step_store(a, plain, v) \
    do {                               \
        leat_atomic_store(a, v);       \
        plain = (v);                   \
        T_EQ((a)->leat__v, plain);     \
    } while (0)

#define ATOMIC_TABLE(op)              \
    ATOMIC_TEST(op, int32, int32_t)   \
    ATOMIC_TEST(op, int64, int64_t)   \
    ATOMIC_TEST(op, uint32, uint32_t) \
    ATOMIC_TEST(op, uint64, uint64_t) \
    ATOMIC_TEST(op, uintptr, uintptr_t)

ATOMIC_TABLE(load)
ATOMIC_TABLE(store)
ATOMIC_TABLE(swap)
ATOMIC_TABLE(cas)
ATOMIC_TABLE(add)
ATOMIC_TABLE(and)
ATOMIC_TABLE(or)

T_TEST(pointers_are_loaded_stored_swapped_and_compared_whole)
{
    struct {
        uint32_t before;
        leat_atomic_pointer a;
        uint32_t after;
    } x = {MAGIC, {NULL}, MAGIC};

    for (uintptr_t bit = 1; bit; bit += bit) {
        void *p = (void *)bit;
        T_EQ(leat_atomic_swap(&x.a, p), (void *)(bit >> 1));
        T_EQ(leat_atomic_load(&x.a), p);
        T_FALSE(leat_atomic_cas(&x.a, NULL, &x));
        T_TRUE(leat_atomic_cas(&x.a, p, NULL));
        leat_atomic_store(&x.a, p);
        T_EQ(x.before, (uint32_t)MAGIC);
        T_EQ(x.after, (uint32_t)MAGIC);
    }
}

T_TEST(bools_are_loaded_stored_swapped_and_compared)
{
    leat_atomic_bool b = {0};

    T_FALSE(leat_atomic_load(&b));
    T_FALSE(leat_atomic_swap(&b, true));
    T_TRUE(leat_atomic_swap(&b, true));
    T_FALSE(leat_atomic_cas(&b, false, true));
    T_TRUE(leat_atomic_cas(&b, true, false));
    leat_atomic_store(&b, 256); /* converts as to a bool, not as a byte */
    T_TRUE(leat_atomic_load(&b));
}

T_TEST(any_integer_or_pointer_type_has_an_atomic_one)
{
    leat_atomic(short) s = {0};
    leat_atomic(signed char) c = {0};
    leat_atomic(const char *) text = {NULL};

    T_EQ(leat_atomic_add(&s, -3), -3);
    T_EQ(leat_atomic_swap(&c, 127), 0);
    T_EQ(leat_atomic_add(&c, 1), -128);
    leat_atomic_store(&text, "words");
    T_STREQ(leat_atomic_load(&text), "words");
    T_EQ(sizeof(leat_atomic(char)), 4u);
    T_EQ((uintptr_t)&s % 4, 0u);
}

/* TestAutoAligned64. */
T_TEST(values_of_64_bits_are_aligned_to_8)
{
    struct {
        char c;
        leat_atomic_int64 i;
        char d;
        leat_atomic_uint64 u;
    } x = {0};

    T_EQ((uintptr_t)&x.i % 8, 0u);
    T_EQ((uintptr_t)&x.u % 8, 0u);
}

T_TEST(operands_are_evaluated_once)
{
    leat_atomic_int32 a[3] = {{1}, {2}, {3}}, *p = a;
    int v = 10;

    T_EQ(leat_atomic_swap(p++, v++), 1);
    T_EQ(p - a, 1);
    T_EQ(v, 11);
    T_TRUE(leat_atomic_cas(p++, (--v, 2), v++));
    T_EQ(p - a, 2);
    T_EQ(leat_atomic_load(&a[1]), 10);
    T_EQ(leat_atomic_add(p, v++), 14);
}

/* TestHammer32, TestHammer64: concurrent changes in every way add up exactly. */
static void atomic_hammer_32(leat_atomic_uint32 *a, long rounds, int how)
{
    const uint32_t step = 1u | 1u << 16;

    for (long i = 0; i < rounds; i++) {
        uint32_t old = leat_atomic_load(a);
        T_EQ(old >> 16, old & 0xffff); /* both halves change as one */
        if (how == 0)
            leat_atomic_add(a, step);
        else
            while (!leat_atomic_cas(a, old, old + step))
                old = leat_atomic_load(a);
    }
}

static void atomic_hammer_64(leat_atomic_uint64 *a, long rounds, int how)
{
    const uint64_t step = 1 | UINT64_C(1) << 32;

    for (long i = 0; i < rounds; i++) {
        uint64_t old = leat_atomic_load(a);
        T_EQ(old >> 32, old & UINT32_MAX);
        if (how == 0)
            leat_atomic_add(a, step);
        else
            while (!leat_atomic_cas(a, old, old + step))
                old = leat_atomic_load(a);
    }
}

T_TEST(hammering_in_every_way_reaches_the_exact_total)
{
    enum { HAMMERERS = 4, ROUNDS_MAX = 65535 / HAMMERERS };
    long rounds = t_scale(ROUNDS_MAX);
    leat_atomic_uint32 narrow = {0};
    leat_atomic_uint64 wide = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < HAMMERERS; i++) {
        leat_waitgroup_go(&wg, atomic_hammer_32, &narrow, rounds, i % 2);
        leat_waitgroup_go(&wg, atomic_hammer_64, &wide, rounds, i % 2);
    }
    leat_waitgroup_wait(&wg);
    uint64_t total = (uint64_t)rounds * HAMMERERS;
    T_EQ(leat_atomic_load(&narrow), total << 16 | total);
    T_EQ(leat_atomic_load(&wide), total << 32 | total);
}

/* TestStoreLoadSeqCst: of two that store and then look at the other's, one sees it. */
struct atomic_dekker {
    leat_atomic_int64 mine[2], seen[2];
    leat_atomic_int32 start, end;
};

static void atomic_dekker(struct atomic_dekker *d, int me, long rounds)
{
    for (int32_t i = 1; i <= rounds; i++) {
        leat_atomic_add(&d->start, 1);
        while (leat_atomic_load(&d->start) < 2 * i)
            leat_yield();
        leat_atomic_store(&d->mine[me], i);
        leat_atomic_store(&d->seen[me], leat_atomic_load(&d->mine[1 - me]));
        leat_atomic_add(&d->end, 1);
        while (leat_atomic_load(&d->end) < 2 * i)
            leat_yield();
        T_TRUE(leat_atomic_load(&d->seen[0]) == i || leat_atomic_load(&d->seen[1]) == i);
    }
}

/* qemu-user 7.2 on x86-64 has no barrier between an stlr and an ldar: neither sees the other's in
 * one of eight rounds of the same in plain C. */
T_TEST(of_two_that_store_and_look_one_sees_the_other, .modes = "!qemu")
{
    struct atomic_dekker d = {0};
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, atomic_dekker, &d, 0, t_scale(10000));
    leat_waitgroup_go(&wg, atomic_dekker, &d, 1, t_scale(10000));
    leat_waitgroup_wait(&wg);
}

/* TestStoreLoadRelAcq: plain data is seen by who sees the flag behind it. */
struct atomic_message {
    leat_atomic_int32 flag;
    char pad[128];
    double data[2];
    char pad2[128];
};

static void atomic_passes(struct atomic_message *m, int me, long rounds)
{
    for (int32_t i = 0; i < rounds; i++) {
        while (leat_atomic_load(&m->flag) != 2 * i + me)
            leat_yield();
        if (me == 0) {
            m->data[0] = i;
            m->data[1] = -i;
        } else {
            T_EQ(m->data[0], (double)i);
            T_EQ(m->data[1], (double)-i);
        }
        leat_atomic_store(&m->flag, 2 * i + me + 1);
    }
}

T_TEST(who_sees_the_flag_sees_the_data_before_it)
{
    struct atomic_message m = {0};
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, atomic_passes, &m, 0, t_scale(10000));
    leat_waitgroup_go(&wg, atomic_passes, &m, 1, t_scale(10000));
    leat_waitgroup_wait(&wg);
}
