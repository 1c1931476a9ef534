/* SPDX-License-Identifier: MIT */
// expect: leat: the value sent does not convert to the element type of the channel
#include <leat.h>

void wrong(leat_int_chan c, int *p);

void wrong(leat_int_chan c, int *p)
{
    leat_select_ordered(leat_case_send(c, p));
}
