/* SPDX-License-Identifier: MIT */
// expect: signals are numbers
#include <leat.h>

void wrong(leat_ptr_chan c);

void wrong(leat_ptr_chan c)
{
    leat_signal_notify(c, 2);
}
