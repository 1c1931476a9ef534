/* SPDX-License-Identifier: MIT */
// expect: leat: the channels are not of the same element type
#include <leat/pattern.h>

void f(leat_group *g, leat_int_chan *in, leat_double_chan out);

void f(leat_group *g, leat_int_chan *in, leat_double_chan out)
{
    leat_fan_in(g, in, 2, out);
}
