/* SPDX-License-Identifier: MIT */
// expect: the target of a receive is not a pointer to the element type
#include <leat.h>

void wrong(leat_int_chan c);

void wrong(leat_int_chan c)
{
    long v;

    leat_recv_until(c, &v, LEAT_FOREVER);
}
