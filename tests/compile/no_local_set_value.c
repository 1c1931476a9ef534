/* SPDX-License-Identifier: MIT */
// expect: makes pointer from integer | incompatible integer to pointer
// flags: -Werror
#include <leat.h>

void wrong(const leat_local *key);

void wrong(const leat_local *key)
{
    leat_local_set(key, 3);
}
