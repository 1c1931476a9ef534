/* SPDX-License-Identifier: MIT */
// expect: too few arguments
#include <leat.h>

int wrong(int (*f)(int));

int wrong(int (*f)(int))
{
    static leat_once_value(int) o;
    return leat_once_get(&o, f);
}
