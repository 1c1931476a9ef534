/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive must be a pointer (or NULL)
#include <leat.h>

void wrong(leat_int_chan c, int v, bool *open);

void wrong(leat_int_chan c, int v, bool *open)
{
    leat_try_recv_ok(c, v, open);
}
