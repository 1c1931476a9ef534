/* SPDX-License-Identifier: MIT */
// expect: leat: the function must return int
#include <leat/group.h>

void f(leat_group *g)
{
    leat_group_go(g, [] {});
}
