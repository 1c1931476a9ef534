/* SPDX-License-Identifier: MIT */
// expect: leat: with more than six words of arguments each must be of exactly
#include <leat.h>

void many(double a, double b, double c, double d, double e, double f, double g, double h,
          double i);

void wrong(double d);

void wrong(double d)
{
    leat_go(many, d, d, d, d, d, d, d, d, 9);
}
