/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void work(const char *name, int times);

void wrong(leat_waitgroup *w);

void wrong(leat_waitgroup *w)
{
    leat_waitgroup_fork(w, work, "a");
}
