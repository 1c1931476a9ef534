/* SPDX-License-Identifier: MIT */
// expect: leat: the value sent does not convert to the element type of the channel
#include <leat.h>

void wrong(leat_str_chan c, int *p);

void wrong(leat_str_chan c, int *p)
{
    leat_send(c, p);
}
