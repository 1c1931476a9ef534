/* SPDX-License-Identifier: MIT */
// expect: leat: the operand does not convert to the type of the atomic value
#include <leat.h>

void wrong(long *p);

void wrong(long *p)
{
    static leat_atomic(int *) a;
    (void)leat_atomic_cas(&a, p, NULL);
}
