/* SPDX-License-Identifier: MIT */
// expect: leat: the argument of leat_defer must be a pointer
#include <leat.h>

void done(void *arg);

void wrong(int i);

void wrong(int i)
{
    leat_defer(done, i);
}
