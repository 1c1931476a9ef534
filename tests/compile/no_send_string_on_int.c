/* SPDX-License-Identifier: MIT */
// expect: leat: the value sent does not convert to the element type of the channel
#include <leat.h>

void wrong(leat_int_chan c);

void wrong(leat_int_chan c)
{
    leat_send(c, "one");
}
