/* SPDX-License-Identifier: MIT */
// expect: the value sent is not of the struct type of the channel
#include <leat.h>

struct point {
    int x, y;
};
typedef leat_chan(struct point) point_chan;

void wrong(point_chan c);

void wrong(point_chan c)
{
    leat_send_status(c, 1);
}
