/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive must be a pointer (or NULL)
#include <leat.h>

void wrong(leat_int_chan c, int v);

void wrong(leat_int_chan c, int v)
{
    leat_recv(c, v);
}
