/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive is not a pointer to the element type of the channel
#include <leat.h>

void wrong(leat::chan<int> c, char *p);

void wrong(leat::chan<int> c, char *p)
{
    leat_try_recv(c, p);
}
