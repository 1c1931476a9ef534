/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer
// flags: -Werror
#include <leat.h>

void wrong(leat_int_chan c);

void wrong(leat_int_chan c)
{
    leat_send_ctx(c, c, 1);
}
