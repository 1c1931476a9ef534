/* SPDX-License-Identifier: MIT */
// expect: the function of a goroutine may not return a struct
#include <leat.h>

struct big {
    long a, b, c;
};
struct big work(int n);

void wrong(void);

void wrong(void)
{
    leat_after_func(LEAT_SECOND, work, 3);
}
