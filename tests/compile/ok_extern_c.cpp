/* SPDX-License-Identifier: MIT */
/* C++ that includes leat as it includes C headers that do not know C++. */
extern "C" {
#include <leat.h>
}

void start(leat::chan<int> c);

void start(leat::chan<int> c)
{
    leat_go([c] { leat_send(c, 1); });
}
