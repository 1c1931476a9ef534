/* SPDX-License-Identifier: MIT */
// expect: the value sent does not convert to the element type of the channel
#include <leat.h>

void wrong(leat_ctx *ctx, leat_int_chan c, int *p);

void wrong(leat_ctx *ctx, leat_int_chan c, int *p)
{
    leat_send_ctx(ctx, c, p);
}
