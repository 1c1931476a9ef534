/* SPDX-License-Identifier: MIT */
// expect: leat: an argument is larger than 16 bytes, or a long double or vector
#include <leat.h>

typedef float floats __attribute__((vector_size(16)));

void show(floats v);

void wrong(floats v);

void wrong(floats v)
{
    leat_go(show, v);
}
