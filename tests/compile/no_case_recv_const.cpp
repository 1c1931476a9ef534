/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive is const
#include <leat.h>

void wrong(leat::chan<int> c, const int *p);

void wrong(leat::chan<int> c, const int *p)
{
    leat_select(leat_case_recv(c, p));
}
