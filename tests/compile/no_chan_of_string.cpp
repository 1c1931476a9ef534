/* SPDX-License-Identifier: MIT */
// expect: leat: the element of a channel must be trivially copyable; send a pointer to it
#include <leat.h>

#include <string>

void wrong(void);

void wrong(void)
{
    leat_chan_free(leat_chan_make(leat::chan<std::string>, 1));
}
