/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void wrong(leat_double_chan *d, leat_int_chan c);

void wrong(leat_double_chan *d, leat_int_chan c)
{
    *d = c;
}
