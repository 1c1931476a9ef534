/* SPDX-License-Identifier: MIT */
// expect: incompatible pointer | incompatible integer to pointer | makes pointer from integer
// flags: -Werror
#include <leat.h>

void work(const char *name);

void wrong(void);

void wrong(void)
{
    leat_after_func(LEAT_SECOND, work, 3);
}
