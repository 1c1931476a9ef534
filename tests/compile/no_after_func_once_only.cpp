/* SPDX-License-Identifier: MIT */
// expect: again and again
#include <leat.h>

#include <memory>

void wrong();

void wrong()
{
    leat_after_func(
        LEAT_SECOND, [](std::unique_ptr<int> p) { (void)p; }, std::make_unique<int>(1));
}
