/* SPDX-License-Identifier: MIT */
/* singleflight_test.c - shared calls: results, sharing, forgetting, channels, ways to leave. */
#include "golike.h"

#include <leat/context.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "flow/singleflight.h"

struct sf_value {
    char text[100];
};

typedef leat_flight(struct sf_value) sf_flight;
typedef leat_chan(sf_flight) sf_flight_chan;

static int sf_bar(struct sf_value *out)
{
    strcpy(out->text, "bar");
    return 0;
}

static int sf_fail(struct sf_value *out, int err)
{
    strcpy(out->text, "half of it");
    return err;
}

static void sf_await_waiters(leat_singleflight *g, const char *key, int n)
{
    while (singleflight_waiting(g, key) != n)
        leat_yield();
}

/* TestDo */
T_TEST(do_gives_what_the_function_put_there)
{
    leat_singleflight g = {0};
    struct sf_value v = {""};
    bool shared = true;

    T_ERR(leat_singleflight_do(&g, "key", &v, &shared, sf_bar), 0);
    T_STREQ(v.text, "bar");
    T_FALSE(shared);
    T_ERR(leat_singleflight_do(&g, "key", &v, NULL, sf_bar), 0);
}

/* TestDoErr */
T_TEST(do_gives_the_error_of_the_function)
{
    leat_singleflight g = {0};
    struct sf_value v;

    T_ERR(leat_singleflight_do(&g, "key", &v, NULL, sf_fail, -EIO), -EIO);
}

/* TestDoDupSuppress */

struct sf_shared {
    leat_singleflight g;
    leat_int_chan go_on;
    atomic_int calls, inside, left;
};

static int sf_slow(struct sf_value *out, struct sf_shared *s)
{
    golike_note(&s->calls);
    leat_recv(s->go_on, NULL);
    strcpy(out->text, "slow");
    return 0;
}

static void sf_call(struct sf_shared *s, int want)
{
    struct sf_value v = {"untouched"};
    bool shared = false;

    golike_note(&s->inside);
    T_ERR(leat_singleflight_do(&s->g, "key", &v, &shared, sf_slow, s), want);
    T_STREQ(v.text, want ? "untouched" : "slow");
    golike_note(&s->left);
}

T_TEST(callers_that_come_meanwhile_share_the_call)
{
    enum { CALLERS = 10 };
    struct sf_shared s = {.go_on = leat_chan_make(leat_int_chan, 0)};
    leat_waitgroup wg = {0};

    for (int i = 0; i < CALLERS; i++)
        leat_waitgroup_go(&wg, sf_call, &s, 0);
    sf_await_waiters(&s.g, "key", CALLERS - 1);
    T_EQ(atomic_load(&s.calls), 1);
    leat_send(s.go_on, 1);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&s.calls), 1);
    T_EQ(atomic_load(&s.left), CALLERS);
    leat_chan_free(s.go_on);
}

static int sf_counted(int *out, atomic_int *calls)
{
    golike_note(calls);
    leat_yield();
    *out = 42;
    return 0;
}

static void sf_storm(leat_singleflight *g, atomic_int *calls, long loops, unsigned seed)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "ab", "ba", ""};

    for (long i = 0; i < loops; i++) {
        int v = 0;
        const char *key = keys[(seed + (unsigned)i) % 8];
        if (i % 16 == 15)
            leat_singleflight_forget(g, key);
        T_ERR(leat_singleflight_do(g, key, &v, NULL, sf_counted, calls), 0);
        T_EQ(v, 42);
    }
}

T_TEST(many_keys_at_once_all_get_their_results)
{
    const long loops = t_scale(1000);
    leat_singleflight g = {0};
    leat_waitgroup wg = {0};
    atomic_int calls = 0;

    for (unsigned i = 0; i < 32; i++)
        leat_waitgroup_go(&wg, sf_storm, &g, &calls, loops, i / 4);
    leat_waitgroup_wait(&wg);
    T_LE(atomic_load(&calls), 32 * loops);
    T_GE(atomic_load(&calls), 8);
    for (int i = 0; i < LEAT__FLIGHT_BUCKETS; i++)
        T_TRUE(g.leat__calls[i] == NULL);
}

/* TestForget */

static int sf_number(int *out, leat_int_chan from, atomic_int *calls)
{
    golike_note(calls);
    leat_recv(from, out);
    return 0;
}

static void sf_call_number(leat_singleflight *g, leat_int_chan from, atomic_int *calls,
                           int want)
{
    int v = 0;

    T_ERR(leat_singleflight_do(g, "key", &v, NULL, sf_number, from, calls), 0);
    T_EQ(v, want);
}

T_TEST(after_forget_a_new_call_begins_and_the_old_one_leaves_it_alone)
{
    leat_singleflight g = {0};
    leat_waitgroup first = {0}, second = {0};
    leat_scoped_chan(leat_int_chan, one, 0);
    leat_scoped_chan(leat_int_chan, two, 0);
    atomic_int ones = 0, twos = 0;

    leat_waitgroup_go(&first, sf_call_number, &g, one, &ones, 1);
    golike_await(&ones, 1);
    leat_singleflight_forget(&g, "key");
    leat_waitgroup_go(&second, sf_call_number, &g, two, &twos, 2);
    golike_await(&twos, 1);
    leat_send(one, 1);
    leat_waitgroup_wait(&first);
    leat_waitgroup_go(&second, sf_call_number, &g, two, &twos, 2);
    sf_await_waiters(&g, "key", 1);
    leat_send(two, 2);
    leat_waitgroup_wait(&second);
    T_EQ(atomic_load(&twos), 1);
    leat_singleflight_forget(&g, "key");
    leat_singleflight_forget(&g, "never heard of");
}

/* TestDoChan */
T_TEST(do_chan_sends_the_result_to_the_channel)
{
    leat_singleflight g = {0};
    sf_flight r;
    leat_scoped_chan(sf_flight_chan, c, 1);

    leat_singleflight_do_chan(&g, "key", c, sf_bar);
    T_TRUE(leat_recv(c, &r));
    T_STREQ(r.value.text, "bar");
    T_ERR(r.err, 0);
    T_FALSE(r.shared);
    leat_singleflight_do_chan(&g, "key", c, sf_fail, -EIO);
    T_TRUE(leat_recv(c, &r));
    T_ERR(r.err, -EIO);
    golike_alone();
}

T_TEST(channels_and_callers_share_one_call)
{
    enum { CHANNELS = 5 };
    struct sf_shared s = {.go_on = leat_chan_make(leat_int_chan, 0)};
    sf_flight_chan chans[CHANNELS];
    leat_waitgroup wg = {0};

    for (int i = 0; i < CHANNELS; i++) {
        char key[4] = "key"; /* is copied */
        chans[i] = leat_chan_make(sf_flight_chan, 1);
        leat_singleflight_do_chan(&s.g, key, chans[i], sf_slow, &s);
        key[0] = '?';
    }
    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, sf_call, &s, 0);
    sf_await_waiters(&s.g, "key", 3);
    leat_send(s.go_on, 1);
    leat_waitgroup_wait(&wg);
    for (int i = 0; i < CHANNELS; i++) {
        sf_flight r;
        T_TRUE(leat_recv(chans[i], &r));
        T_STREQ(r.value.text, "slow");
        T_TRUE(r.shared);
        leat_chan_free(chans[i]);
    }
    T_EQ(atomic_load(&s.calls), 1);
    leat_chan_free(s.go_on);
    golike_alone();
}

T_TEST(a_channel_nobody_receives_from_may_be_given_up)
{
    leat_singleflight g = {0};
    sf_flight_chan c = leat_chan_make(sf_flight_chan, 1);

    leat_singleflight_do_chan(&g, "key", c, sf_bar);
    leat_chan_unref(c);
    golike_alone();
}

/* TestPanicDo, TestPanicDoChan, TestPanicDoSharedByDoChan, TestPanicErrorUnwrap: a panic is
 * final in C, so every way to share it is the end of the process, with the text of the panic and
 * the stack of the function that had it. */

__attribute__((noinline)) static int sf_panic(struct sf_value *out, struct sf_shared *s)
{
    (void)out;
    if (s) {
        golike_note(&s->calls);
        sf_await_waiters(&s->g, "key", 4);
    }
    leat_panic("invalid memory address or nil pointer dereference");
}

static void sf_call_panic(struct sf_shared *s)
{
    struct sf_value v;

    leat_singleflight_do(&s->g, "key", &v, NULL, sf_panic, s);
    T_FAIL("a panic was survived");
}

T_TEST(a_panic_that_five_callers_share_is_the_end_of_them,
       GOLIKE_CHILD_PANICS("invalid memory address or nil pointer dereference"))
{
    struct sf_shared s = {.calls = 0};

    for (int i = 0; i < 5; i++)
        leat_go(sf_call_panic, &s);
    leat_select_none();
}

T_TEST(a_panic_of_do_chan_is_the_end,
       GOLIKE_CHILD_PANICS("invalid memory address or nil pointer dereference"))
{
    leat_singleflight g = {0};
    leat_scoped_chan(sf_flight_chan, c, 1);

    leat_singleflight_do_chan(&g, "key", c, sf_panic, NULL);
    leat_recv(c, NULL);
    T_FAIL("a panic was survived");
}

T_TEST(a_panic_of_do_that_a_channel_shares_is_the_end,
       GOLIKE_CHILD_PANICS("invalid memory address or nil pointer dereference"))
{
    struct sf_shared s = {.calls = 0};
    leat_scoped_chan(sf_flight_chan, c, 1);

    for (int i = 0; i < 4; i++)
        leat_go(sf_call_panic, &s);
    golike_await(&s.calls, 1);
    leat_singleflight_do_chan(&s.g, "key", c, sf_panic, NULL);
    leat_go(sf_call_panic, &s);
    leat_recv(c, NULL);
    T_FAIL("a panic was survived");
}

T_TEST(the_panic_of_a_shared_call_shows_where_it_was, .expect_exit = 2,
       .expect_stderr = {"panic: invalid memory address",
                         "goroutine 1 [running]:", "sf_panic(...)"})
{
    leat_singleflight g = {0};
    struct sf_value v;

    leat_singleflight_do(&g, "key", &v, NULL, sf_panic, NULL);
}

/* TestGoexitDo */

static int sf_exit(struct sf_value *out, struct sf_shared *s)
{
    (void)out;
    golike_note(&s->calls);
    leat_recv(s->go_on, NULL);
    leat_exit();
}

static void sf_call_exit(struct sf_shared *s)
{
    struct sf_value v;

    golike_note(&s->inside);
    leat_singleflight_do(&s->g, "key", &v, NULL, sf_exit, s);
    golike_note(&s->left);
}

T_TEST(an_exit_in_the_function_is_the_exit_of_all_who_share_it)
{
    struct sf_shared s = {.go_on = leat_chan_make(leat_int_chan, 0)};
    leat_scoped_chan(sf_flight_chan, c, 1);
    leat_waitgroup wg = {0};
    sf_flight r = {.err = 1};

    for (int i = 0; i < 5; i++)
        leat_waitgroup_go(&wg, sf_call_exit, &s);
    sf_await_waiters(&s.g, "key", 4);
    leat_singleflight_do_chan(&s.g, "key", c, sf_exit, &s);
    leat_close(s.go_on);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&s.calls), 1);
    T_EQ(atomic_load(&s.left), 0);
    T_TRUE(leat_recv(c, &r));
    T_ERR(r.err, -ECANCELED);
    leat_chan_free(s.go_on);
}

static void *sf_thread(void *arg)
{
    struct sf_shared *s = arg;
    struct sf_value v = {""};

    T_ERR(leat_singleflight_do(&s->g, "key", &v, NULL, sf_exit, s), -ECANCELED);
    return NULL;
}

T_TEST(a_thread_that_shares_an_exit_gets_an_error)
{
    struct sf_shared s = {.go_on = leat_chan_make(leat_int_chan, 0)};
    leat_waitgroup wg = {0};
    pthread_t thread;

    leat_waitgroup_go(&wg, sf_call_exit, &s);
    golike_await(&s.calls, 1);
    pthread_create(&thread, NULL, sf_thread, &s);
    sf_await_waiters(&s.g, "key", 1);
    leat_close(s.go_on);
    leat_waitgroup_wait(&wg);
    pthread_join(thread, NULL);
    leat_chan_free(s.go_on);
}

/* What Go does by DoChan and select: giving up. */

static void sf_call_ctx(leat_ctx *ctx, struct sf_shared *s)
{
    struct sf_value v;

    T_ERR(leat_singleflight_do_ctx(ctx, &s->g, "key", &v, NULL, sf_slow, s), -ECANCELED);
    golike_note(&s->left);
}

T_TEST(a_context_ends_the_wait_for_another_and_not_the_call)
{
    struct sf_shared s = {.go_on = leat_chan_make(leat_int_chan, 0)};
    leat_ctx *ctx = leat_ctx_with_cancel(NULL);
    leat_waitgroup wg = {0};

    leat_waitgroup_go(&wg, sf_call, &s, 0);
    golike_await(&s.calls, 1);
    for (int i = 0; i < 3; i++)
        leat_waitgroup_go(&wg, sf_call_ctx, ctx, &s);
    sf_await_waiters(&s.g, "key", 3);
    leat_ctx_cancel(ctx);
    golike_await(&s.left, 3);
    T_EQ(singleflight_waiting(&s.g, "key"), 0);
    sf_call_ctx(ctx, &s);
    leat_send(s.go_on, 1);
    leat_waitgroup_wait(&wg);
    T_EQ(atomic_load(&s.calls), 1);
    leat_ctx_free(ctx);
    leat_chan_free(s.go_on);
}

T_TEST(a_call_for_a_value_of_another_size_is_fatal, .expect_exit = 2,
       .expect_stderr = {"fatal error: leat: calls that share a key have results of different "
                         "sizes"})
{
    struct sf_shared s = {.go_on = leat_chan_make(leat_int_chan, 0)};
    int v;

    leat_go(sf_call, &s, 0);
    golike_await(&s.calls, 1);
    leat_singleflight_do(&s.g, "key", &v, NULL, sf_counted, &s.calls);
}

/* Keys that share a bucket share no call. */
static int sf_tell(int *out, int n)
{
    leat_yield();
    *out = n;
    return 0;
}

static void sf_own_number(leat_singleflight *g, int n)
{
    char key[24];
    int got = -1;

    snprintf(key, sizeof(key), "key %d", n);
    T_ERR(leat_singleflight_do(g, key, &got, NULL, sf_tell, n), 0);
    T_EQ(got, n);
}

T_TEST(many_keys_at_once_are_as_many_calls)
{
    leat_singleflight g = {0};
    leat_waitgroup wg = {0};

    for (int i = 0; i < 20 * LEAT__FLIGHT_BUCKETS; i++)
        leat_waitgroup_go(&wg, sf_own_number, &g, i);
    leat_waitgroup_wait(&wg);
}
