/* SPDX-License-Identifier: MIT */
// expect: invalid type argument of '->' | is not a pointer
#include <leat.h>

void wrong(void);

void wrong(void)
{
    leat_chan_free(leat_chan_make(int, 1));
}
