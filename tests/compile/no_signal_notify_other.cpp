/* SPDX-License-Identifier: MIT */
// expect: no matching function | could not convert | cannot convert | no known conversion
#include <leat.h>

void wrong(leat_ptr_chan c);

void wrong(leat_ptr_chan c)
{
    leat_signal_notify(c, 2);
}
