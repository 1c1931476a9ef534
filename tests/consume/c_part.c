/* SPDX-License-Identifier: MIT */
/* The C side of app.cpp: the same channels, made there and used here. */
#include <leat.h>

int c_part(leat_int_chan in, leat_int_chan out);

int c_part(leat_int_chan in, leat_int_chan out)
{
    int v;

    if (leat_recv(in, &v))
        leat_send(out, 2 * v + 1);
    return v;
}
