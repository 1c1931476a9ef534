/* SPDX-License-Identifier: MIT */
// expect: cannot convert | no matching function | invalid conversion | invalid user-defined
#include <leat/pattern.h>

void f(leat_group *g, leat_int_chan in, leat_double_chan out, int *arg)
{
    leat_stage(
        g, 1, in, out, [](const int *, int *, int *) { return 0; }, arg);
}
