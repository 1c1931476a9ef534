/* SPDX-License-Identifier: MIT */
/* powser.h - power series as networks of goroutines: an operator is a goroutine, a series the
 * channels on which its coefficients are asked for and answered.
 *
 *     struct powser_net *net = powser_net_make(POWSER_QUIT);
 *     struct powser *e = powser_exp(powser_from(net, only_x));
 *     powser_next(e);                  // 1, then 1, 1/2, 1/6, ...
 *     powser_net_end(net, e);          // ends every goroutine behind e and frees it all
 */
#ifndef POWSER_H
#define POWSER_H

#include "golike.h"

/* A rational number in lowest terms, the denominator positive. */
typedef struct powser_rat {
    int64_t n, d;
} powser_rat;

/* How a network is written and taken down: see powser.c. */
enum powser_style { POWSER_QUIT, POWSER_CLOSE };

struct powser_net;
struct powser;

struct powser_net *powser_net_make(enum powser_style style);
void powser_net_end(struct powser_net *net, struct powser *root);

powser_rat powser_next(struct powser *u);

/* Each takes its operands over: nobody else may ask them for anything. */
struct powser *powser_from(struct powser_net *net, powser_rat (*coefficient)(int k));
struct powser *powser_add(struct powser *u, struct powser *v);
struct powser *powser_mul(struct powser *u, struct powser *v);
struct powser *powser_scale(powser_rat c, struct powser *u);
struct powser *powser_shift(powser_rat first, struct powser *u); /* first + x u */
struct powser *powser_derive(struct powser *u);
struct powser *powser_integrate(powser_rat constant, struct powser *u);
struct powser *powser_reciprocal(struct powser *u);                /* u(0) must not be 0 */
struct powser *powser_compose(struct powser *u, struct powser *v); /* u(v), v(0) must be 0 */
struct powser *powser_exp(struct powser *u);                       /* u(0) must be 0 */
struct powser *powser_tan(struct powser *u);                       /* u(0) must be 0 */
void powser_split(struct powser *u, struct powser **a, struct powser **b);

static inline powser_rat powser_int(int64_t n)
{
    return (powser_rat){n, 1};
}

#endif
