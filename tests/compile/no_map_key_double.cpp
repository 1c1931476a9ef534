/* SPDX-License-Identifier: MIT */
// expect: no matching function
#include <leat.h>

void wrong(leat_map *m, double key);

void wrong(leat_map *m, double key)
{
    leat_map_delete(m, key);
}
