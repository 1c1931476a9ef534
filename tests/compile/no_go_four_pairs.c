/* SPDX-License-Identifier: MIT */
// expect: leat: more arguments than fit in registers
#include <leat.h>

struct pair {
    long a, b;
};

void four(struct pair a, struct pair b, struct pair c, struct pair d);

void wrong(struct pair p);

void wrong(struct pair p)
{
    leat_go(four, p, p, p, p);
}
