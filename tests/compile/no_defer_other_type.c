/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer type
// flags: -Werror
#include <leat.h>

void done(int *arg);

void wrong(double *d);

void wrong(double *d)
{
    leat_defer(done, d);
}
