/* SPDX-License-Identifier: MIT */
// expect: has no member named 'elem' | incomplete
#include <leat.h>

void wrong(leat_chan_base *c);

void wrong(leat_chan_base *c)
{
    leat_send(c, 5);
}
