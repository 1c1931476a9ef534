/* SPDX-License-Identifier: MIT */
// expect: receive_target<int> | no matching function
#include <leat.h>

void wrong(leat::chan<int> c, int v);

void wrong(leat::chan<int> c, int v)
{
    leat_recv(c, v);
}
