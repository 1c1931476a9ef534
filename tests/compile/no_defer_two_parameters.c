/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

void done(int *a, int b);

void wrong(int *p);

void wrong(int *p)
{
    leat_defer(done, p);
}
