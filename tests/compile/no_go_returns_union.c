/* SPDX-License-Identifier: MIT */
// expect: leat: the function of a goroutine may not return a struct, union, complex or
#include <leat.h>

union number {
    int i;
    double d;
};

union number make_number(void);

void wrong(void);

void wrong(void)
{
    leat_go(make_number);
}
