/* SPDX-License-Identifier: MIT */
// expect: the target of a receive is const
#include <leat.h>

void wrong(leat_ctx *ctx, leat_int_chan c);

void wrong(leat_ctx *ctx, leat_int_chan c)
{
    const int v = 0;

    leat_recv_ctx(ctx, c, &v);
}
