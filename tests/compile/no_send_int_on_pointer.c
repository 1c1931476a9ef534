/* SPDX-License-Identifier: MIT */
// expect: leat: the value sent does not convert to the element type of the channel
#include <leat.h>

void wrong(leat_ptr_chan c, int i);

void wrong(leat_ptr_chan c, int i)
{
    leat_send(c, i);
}
