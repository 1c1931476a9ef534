/* SPDX-License-Identifier: MIT */
// expect: cannot convert | no known conversion | no matching function
#include <leat.h>

void wrong(leat_ticker *t);

void wrong(leat_ticker *t)
{
    leat_timer_stop(t);
}
