/* SPDX-License-Identifier: MIT */
// expect: invalid type argument of '->' | is not a pointer
#include <leat.h>

void wrong(void);

void wrong(void)
{
    leat_scoped_chan(int, c, 1);
    (void)c;
}
