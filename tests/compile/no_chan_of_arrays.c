/* SPDX-License-Identifier: MIT */
// expect: leat: a channel of arrays is not possible; wrap the array in a struct
#include <leat.h>

typedef leat_chan(int[4]) row_chan;

void wrong(void);

void wrong(void)
{
    leat_chan_free(leat_chan_make(row_chan, 1));
}
