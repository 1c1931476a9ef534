/* SPDX-License-Identifier: MIT */
// expect: leat: the function must return int
#include <leat/pattern.h>

static void turn(const int *in, double *out, void *arg)
{
    (void)arg;
    *out = *in;
}

void f(leat_group *g, leat_int_chan in, leat_double_chan out);

void f(leat_group *g, leat_int_chan in, leat_double_chan out)
{
    leat_stage(g, 1, in, out, turn, NULL);
}
