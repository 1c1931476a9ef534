/* SPDX-License-Identifier: MIT */
// expect: too few arguments | requires 3 arguments | undeclared | undefined
#include <leat.h>

void wrong(leat_int_chan c);

void wrong(leat_int_chan c)
{
    leat_send_until(c, 1);
}
