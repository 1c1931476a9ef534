/* SPDX-License-Identifier: MIT */
// expect: leat: the function must return int
#include <leat/group.h>

static void work(int i)
{
    (void)i;
}

void f(leat_group *g);

void f(leat_group *g)
{
    leat_group_go(g, work, 1);
}
