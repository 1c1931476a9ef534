/* SPDX-License-Identifier: MIT */
// expect: leat: the function cannot be called with copies of these arguments
#include <leat.h>

void wrong(void);

void wrong(void)
{
    leat_go([](int) {});
}
