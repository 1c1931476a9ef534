/* SPDX-License-Identifier: MIT */
// expect: incompatible type for argument | incompatible type
#include <leat.h>

void wrong(leat_map *m, leat_mutex key);

void wrong(leat_map *m, leat_mutex key)
{
    leat_map_delete(m, key);
}
