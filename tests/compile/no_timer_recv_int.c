/* SPDX-License-Identifier: MIT */
// expect: not a pointer to the element type
#include <leat.h>

void wrong(leat_timer *t);

void wrong(leat_timer *t)
{
    int now;

    leat_recv(leat_timer_chan(t), &now);
}
