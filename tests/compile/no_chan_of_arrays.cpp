/* SPDX-License-Identifier: MIT */
// expect: leat: a channel of arrays is not possible; wrap the array in a struct
#include <leat.h>

void wrong(void);

void wrong(void)
{
    leat_chan_free(leat_chan_make(leat::chan<int[4]>, 1));
}
