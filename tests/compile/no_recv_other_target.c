/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive is not a pointer to the element type of the channel
#include <leat.h>

void wrong(leat_int_chan c, char *p);

void wrong(leat_int_chan c, char *p)
{
    leat_recv(c, p);
}
