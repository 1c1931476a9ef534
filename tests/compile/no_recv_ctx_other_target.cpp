/* SPDX-License-Identifier: MIT */
// expect: not a pointer to the element type | no matching function | cannot convert
#include <leat.h>

void wrong(leat_ctx *ctx, leat_int_chan c);

void wrong(leat_ctx *ctx, leat_int_chan c)
{
    long v;

    leat_recv_ctx(ctx, c, &v);
}
