/* SPDX-License-Identifier: MIT */
// expect: leat: an atomic value is an integer or a pointer
#include <leat.h>

double wrong();

double wrong()
{
    static leat_atomic(double) a;
    return a.leat__v;
}
