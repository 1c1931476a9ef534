/* SPDX-License-Identifier: MIT */
// expect: in something not a structure or union | is not a structure or union
#include <leat.h>

void wrong(int *p, int64_t *n);

void wrong(int *p, int64_t *n)
{
    *n = leat_len(p);
}
