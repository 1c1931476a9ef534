/* SPDX-License-Identifier: MIT */
// expect: leat: more arguments than fit in registers
#include <leat.h>

void nine(double a, double b, double c, double d, double e, double f, double g, double h,
          double i);

void wrong(double d);

void wrong(double d)
{
    leat_go(nine, d, d, d, d, d, d, d, d, d);
}
