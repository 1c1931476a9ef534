/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void wrong(leat_ticker *t);

void wrong(leat_ticker *t)
{
    leat_timer_stop(t);
}
