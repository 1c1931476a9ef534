/* SPDX-License-Identifier: MIT */
/* app_flow.cpp - groups, shared calls, rates and the patterns. */
#include "app.hpp"

#include <cstring>
#include <stdexcept>

namespace
{

void groups_and_patterns()
{
    leat_singleflight flights = {};
    counted object;
    int sum = 0, length = 0, numbers[] = {3, 1, 2};
    {
        leat_scoped_group(g, nullptr);
        leat_group_set_limit(&g, 2);
        for (int i = 0; i < 10; i++)
            leat_group_go(
                &g,
                [&sum, object](int n) {
                    __atomic_add_fetch(&sum, n, __ATOMIC_SEQ_CST);
                    return object.text.empty() ? -EIO : 0;
                },
                i);
        CHECK(leat_group_wait(&g) == 0 && sum == 45);
        leat_group_set_limit(&g, 0);
        CHECK(!leat_group_try_go(&g, [object] { return 0; }));
    }
    CHECK(leat_singleflight_do(
              &flights, "four", &length, nullptr,
              [](int *out, const char *key) {
                  *out = static_cast<int>(std::strlen(key));
                  return 0;
              },
              "four") == 0);
    CHECK(length == 4);
    try {
        leat_singleflight_do(&flights, "key", &length, nullptr,
                             [](int *) -> int { throw std::runtime_error("on the way"); });
        CHECK(false);
    } catch (const std::runtime_error &) {
    }
    CHECK(leat_singleflight_do(&flights, "key", &length, nullptr, [](int *) { return 0; }) ==
          0);
    leat_workers_opts opts = {};
    leat_workers *pool = leat_workers_make(&opts);
    for (int i = 0; i < 5; i++)
        CHECK(leat_workers_submit(pool, [object, &sum] {
                  __atomic_add_fetch(&sum, 1, __ATOMIC_SEQ_CST);
                  return 0;
              }) == 0);
    leat_workers_free(pool);
    CHECK(sum == 50);
    CHECK(leat_parallel_for(0, 100, 7, [&](int64_t from, int64_t to) {
              __atomic_sub_fetch(&sum, static_cast<int>(to - from), __ATOMIC_SEQ_CST);
              return 0;
          }) == 0);
    CHECK(sum == -50);
    leat_parallel_sort(numbers, 3, 0, [](const int *a, const int *b) { return *a - *b; });
    CHECK(numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3);
}

/* What a member throws ends the process, what one returns ends the group. */
void errors_and_contexts()
{
    leat_group g = {};
    leat_ctx *ctx = leat_group_with_ctx(&g, nullptr);
    counted object;

    leat_group_go(&g, [ctx, object] {
        leat_recv(leat_ctx_done(ctx), nullptr);
        return object.text.empty() ? -EINVAL : leat_ctx_cause(ctx);
    });
    leat_group_go(&g, [object] { return -EIO; });
    CHECK(leat_group_wait(&g) == -EIO && leat_ctx_cause(ctx) == -EIO);
    CHECK(leat_group_go_ctx(ctx, &g, [object] { return 0; }) == -ECANCELED);
    leat_ctx_free(ctx);
}

struct doubled {
    int of;
    double value;
};

void pipelines()
{
    leat_scoped_chan(leat::chan<int>, numbers, 0);
    leat_scoped_chan(leat::chan<doubled>, results, 2);
    leat_scoped_chan(leat::chan<doubled>, all, 0);
    int next = 0;
    double sum = 0, half = 0.5;
    leat_scoped_group(g, nullptr);

    leat_source(
        &g, numbers,
        [](int *out, int *n) {
            *out = (*n)++;
            return *out == 20 ? LEAT_END : 0;
        },
        &next);
    leat_ordered_stage(
        &g, 3, 4, numbers, results,
        [](const int *in, doubled *out, double *by) {
            *out = {*in, *in + *by};
            return *in % 2 ? LEAT_SKIP : 0;
        },
        &half);
    leat_or_done(&g, results, all);
    leat_batch(
        &g, all, 4, LEAT_HOUR,
        [](const doubled *values, size_t n, double *to) {
            for (size_t i = 0; i < n; i++)
                *to += values[i].value;
            return 0;
        },
        &sum);
    CHECK(leat_group_wait(&g) == 0 && sum == 95);
}

void topics()
{
    leat::topic<doubled> t = leat_topic_make(leat::topic<doubled>);
    leat::chan<doubled> mine = leat_subscribe(t, leat::chan<doubled>, 4, LEAT_SLOW_DROP_OLD);
    int expected = 2;

    for (int i = 0; i < 6; i++)
        CHECK(leat_publish(t, {i, i / 2.0}) == 0);
    CHECK(leat_topic_subscribers(t) == 1);
    leat_topic_close(t);
    leat_range(v, mine)
        CHECK(v.of == expected++);
    CHECK(expected == 6 && leat_publish(t, {0, 0}) == -EPIPE);
    leat_unsubscribe(t, mine);
    leat_topic_free(t);
}

void throttles_and_rates()
{
    leat_throttle t = {};
    leat_limiter l = LEAT_LIMITER(1, 2);
    leat_sometimes first = {};
    counted object;
    int calls = 0;

    t.limit = 1;
    CHECK(leat_throttle_do(&t, [&, object] {
              return ++calls + (object.text.empty() ? 9 : 0);
          }) == 1);
    CHECK(leat_throttle_enter(&t) == 0);
    CHECK(leat_throttle_do(&t, [&] { return ++calls; }) == -EBUSY);
    leat_throttle_leave(&t);
    try {
        leat_throttle_do(&t, []() -> int { throw std::runtime_error("inside"); });
        CHECK(false);
    } catch (const std::runtime_error &) {
        CHECK(leat_throttle_do(&t, [] { return 5; }) == 5);
    }
    CHECK(leat_limiter_allow(&l) && leat_limiter_allow(&l) && !leat_limiter_allow(&l));
    for (int i = 0; i < 3; i++)
        leat_sometimes_do(&first, [&] { calls++; });
    CHECK(calls == 2);
}

void results_by_channel()
{
    typedef leat_flight(doubled) flight;
    leat_singleflight g = {};
    leat::chan<flight> c = leat_chan_make(leat::chan<flight>, 1);
    counted object;
    flight r;

    leat_singleflight_do_chan(
        &g, "key", c,
        [object](doubled *out, int n) {
            *out = {n, 2.0 * n};
            return object.text.empty() ? -EIO : 0;
        },
        21);
    CHECK(leat_recv(c, &r) && r.err == 0 && r.value.value == 42 && !r.shared);
    leat_chan_free(c);
}

void reductions()
{
    doubled sum = {0, 0};
    int zero = 0;

    CHECK(leat_parallel_reduce(
              0, 1000, 10, &sum,
              [](int64_t from, int64_t to, doubled *v, int *) {
                  for (int64_t i = from; i < to; i++)
                      v->of += static_cast<int>(i);
                  return 0;
              },
              [](doubled *left, const doubled *right) { left->of += right->of; }, &zero) == 0);
    CHECK(sum.of == 499500);
}

} // namespace

void use_flow()
{
    groups_and_patterns();
    errors_and_contexts();
    pipelines();
    topics();
    throttles_and_rates();
    results_by_channel();
    reductions();
    while (!counted::none())
        leat_yield();
}
