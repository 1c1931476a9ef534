/* SPDX-License-Identifier: MIT */
// expect: incompatible | from incompatible pointer type
// flags: -Werror
#include <leat/pattern.h>

static int turn(const int *in, int *out, void *arg)
{
    (void)arg;
    *out = *in;
    return 0;
}

void f(leat_group *g, leat_int_chan in, leat_double_chan out);

void f(leat_group *g, leat_int_chan in, leat_double_chan out)
{
    leat_stage(g, 1, in, out, turn, NULL);
}
