/* SPDX-License-Identifier: MIT */
// expect: invalid type argument of unary '*' | indirection requires pointer operand
#include <leat.h>

void wrong(int i);

void wrong(int i)
{
    leat_go(i);
}
