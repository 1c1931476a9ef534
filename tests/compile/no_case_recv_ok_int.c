/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void wrong(leat_int_chan c, int *v, int *ok);

void wrong(leat_int_chan c, int *v, int *ok)
{
    leat_select(leat_case_recv_ok(c, v, ok));
}
