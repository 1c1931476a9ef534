/* SPDX-License-Identifier: MIT */
/* Programs that are built without exceptions and type information. */
// flags: -fno-exceptions -fno-rtti
#include <leat.h>

int without(leat::chan<int> c, int i);

int without(leat::chan<int> c, int i)
{
    leat_defer([&] { i++; });
    leat_go([c](int v) { leat_send(c, v); }, i);
    return leat_blocking([&] { return i; });
}
