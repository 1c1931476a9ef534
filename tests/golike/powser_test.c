/* SPDX-License-Identifier: MIT */
/* powser_test.c - power series computed by goroutines have the coefficients of the textbooks. */
#include "powser.h"

/* Fewer where goroutines are dear: a coefficient of tan(tan(x)) takes hundreds of them. */
static int ps_terms(void)
{
    return t_mode_is("tsan") || t_mode_is("qemu") || t_mode_is("valgrind") ? 6 : 12;
}

static powser_rat ps_ones(int k)
{
    (void)k;
    return powser_int(1);
}

static powser_rat ps_x(int k)
{
    return powser_int(k == 1);
}

static powser_rat ps_one_minus_x(int k)
{
    return powser_int(k == 0 ? 1 : k == 1 ? -1 : 0);
}

static powser_rat ps_x_plus_x2(int k)
{
    return powser_int(k == 1 || k == 2);
}

/* 1 / (1 + x^2) */
static powser_rat ps_atan_slope(int k)
{
    return powser_int(k % 2 ? 0 : k % 4 ? -1 : 1);
}

/* What the results are compared with, each written down in its own way. */

static powser_rat ps_twos(int k)
{
    (void)k;
    return powser_int(2);
}

static powser_rat ps_counting(int k)
{
    return powser_int(k + 1);
}

static powser_rat ps_one_then_twos(int k)
{
    return powser_int(k ? 2 : 1);
}

static powser_rat ps_inverse_factorial(int k)
{
    powser_rat r = powser_int(1);
    while (k > 1)
        r.d *= k--;
    return r;
}

static powser_rat ps_log(int k)
{
    return k ? (powser_rat){1, k} : powser_int(0);
}

static powser_rat ps_atan(int k)
{
    return k % 2 ? (powser_rat){k % 4 == 1 ? 1 : -1, k} : powser_int(0);
}

static powser_rat ps_fibonacci(int k)
{
    int64_t a = 1, b = 1;
    while (k-- > 0) {
        int64_t c = a + b;
        a = b;
        b = c;
    }
    return powser_int(a);
}

static powser_rat ps_tan(int k)
{
    static const powser_rat odd[] = {{1, 1},    {1, 3},     {2, 15},
                                     {17, 315}, {62, 2835}, {1382, 155925}};
    return k % 2 ? odd[k / 2] : powser_int(0);
}

/* One computation: the network to build and what must come out of it. */

static struct powser *ps_build_add(struct powser_net *n)
{
    return powser_add(powser_from(n, ps_ones), powser_from(n, ps_ones));
}

static struct powser *ps_build_scale(struct powser_net *n)
{
    return powser_scale(powser_int(2), powser_from(n, ps_ones));
}

static struct powser *ps_build_mul(struct powser_net *n)
{
    return powser_mul(powser_from(n, ps_ones), powser_from(n, ps_ones));
}

static struct powser *ps_build_shift(struct powser_net *n)
{
    return powser_shift(powser_int(1), powser_from(n, ps_twos));
}

static struct powser *ps_build_reciprocal(struct powser_net *n)
{
    return powser_reciprocal(powser_from(n, ps_one_minus_x));
}

/* (1 + x) / (1 - x), where the 1 is the derivative of x */
static struct powser *ps_build_div(struct powser_net *n)
{
    struct powser *above = powser_add(powser_from(n, ps_x),
                                      powser_derive(powser_from(n, ps_x)));
    return powser_mul(above, powser_reciprocal(powser_from(n, ps_one_minus_x)));
}

static struct powser *ps_build_derive(struct powser_net *n)
{
    return powser_derive(powser_from(n, ps_ones));
}

static struct powser *ps_build_integrate(struct powser_net *n)
{
    return powser_integrate(powser_int(0), powser_from(n, ps_ones));
}

static struct powser *ps_build_atan(struct powser_net *n)
{
    return powser_integrate(powser_int(0), powser_from(n, ps_atan_slope));
}

static struct powser *ps_build_exp(struct powser_net *n)
{
    return powser_exp(powser_from(n, ps_x));
}

/* exp(-log(1 - x)) = 1 / (1 - x) */
static struct powser *ps_build_exp_of_log(struct powser_net *n)
{
    return powser_exp(ps_build_integrate(n));
}

static struct powser *ps_build_tan(struct powser_net *n)
{
    return powser_tan(powser_from(n, ps_x));
}

static struct powser *ps_build_tan_of_atan(struct powser_net *n)
{
    return powser_tan(ps_build_atan(n));
}

/* 1 / (1 - x - x^2), by composition */
static struct powser *ps_build_compose(struct powser_net *n)
{
    return powser_compose(powser_from(n, ps_ones), powser_from(n, ps_x_plus_x2));
}

static struct powser *ps_build_compose_tan_atan(struct powser_net *n)
{
    return powser_compose(ps_build_tan(n), ps_build_atan(n));
}

/* exp(x) exp(-x) = 1 is x's derivative: two consumers of one series. */
static struct powser *ps_build_split(struct powser_net *n)
{
    struct powser *a, *b;
    powser_split(powser_from(n, ps_x), &a, &b);
    return powser_integrate(powser_int(0),
                            powser_mul(powser_exp(a),
                                       powser_exp(powser_scale(powser_int(-1), b))));
}

static const struct ps_case {
    const char *name;
    struct powser *(*build)(struct powser_net *net);
    powser_rat (*expected)(int k);
} ps_cases[] = {
    {"add", ps_build_add, ps_twos},
    {"scale", ps_build_scale, ps_twos},
    {"mul", ps_build_mul, ps_counting},
    {"shift", ps_build_shift, ps_one_then_twos},
    {"reciprocal", ps_build_reciprocal, ps_ones},
    {"div", ps_build_div, ps_one_then_twos},
    {"derive", ps_build_derive, ps_counting},
    {"integrate", ps_build_integrate, ps_log},
    {"atan", ps_build_atan, ps_atan},
    {"exp", ps_build_exp, ps_inverse_factorial},
    {"exp of log", ps_build_exp_of_log, ps_ones},
    {"tan", ps_build_tan, ps_tan},
    {"tan of atan", ps_build_tan_of_atan, ps_x},
    {"compose", ps_build_compose, ps_fibonacci},
    {"compose tan and atan", ps_build_compose_tan_atan, ps_x},
    {"split", ps_build_split, ps_x},
};
enum { PS_CASES = sizeof ps_cases / sizeof *ps_cases };

static void ps_check(const struct ps_case *c, enum powser_style style, int terms)
{
    struct powser_net *net = powser_net_make(style);
    struct powser *u = c->build(net);

    for (int k = 0; k < terms; k++) {
        powser_rat got = powser_next(u), expected = c->expected(k);
        if (got.n != expected.n || got.d != expected.d)
            T_FAIL("%s, coefficient %d: %lld/%lld, expected %lld/%lld", c->name, k,
                   (long long)got.n, (long long)got.d, (long long)expected.n,
                   (long long)expected.d);
    }
    powser_net_end(net, u);
}

T_TEST(power_series_by_select_beside_quit_are_right, .timeout_ms = 60000)
{
    for (int i = 0; i < PS_CASES; i++)
        ps_check(&ps_cases[i], POWSER_QUIT, ps_terms());
}

T_TEST(power_series_ended_by_closing_backwards_are_right, .timeout_ms = 60000)
{
    for (int i = 0; i < PS_CASES; i++)
        ps_check(&ps_cases[i], POWSER_CLOSE, ps_terms());
}

T_TEST(all_power_series_at_once_are_right, .timeout_ms = 60000)
{
    leat_waitgroup wg = {0};

    for (int i = 0; i < PS_CASES; i++) {
        leat_waitgroup_go(&wg, ps_check, &ps_cases[i], POWSER_QUIT, ps_terms() / 2);
        leat_waitgroup_go(&wg, ps_check, &ps_cases[i], POWSER_CLOSE, ps_terms() / 2);
    }
    leat_waitgroup_wait(&wg);
}

/* A network none of whose coefficients was ever asked for, or just one. */
T_TEST(power_series_can_be_ended_early)
{
    for (int terms = 0; terms < 3; terms++)
        for (int i = 0; i < PS_CASES; i++) {
            ps_check(&ps_cases[i], POWSER_QUIT, terms);
            ps_check(&ps_cases[i], POWSER_CLOSE, terms);
        }
}
