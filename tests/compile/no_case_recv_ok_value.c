/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive must be a pointer (or NULL)
#include <leat.h>

void wrong(leat_int_chan c, int v, bool *ok);

void wrong(leat_int_chan c, int v, bool *ok)
{
    leat_select(leat_case_recv_ok(c, v, ok));
}
