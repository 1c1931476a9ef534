/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void wrong(leat_int_chan c, int *v, int *open);

void wrong(leat_int_chan c, int *v, int *open)
{
    leat_try_recv_ok(c, v, open);
}
