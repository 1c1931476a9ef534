/* SPDX-License-Identifier: MIT */
// expect: no matching function | cannot convert | no known conversion | invalid initialization
#include <leat.h>

struct point {
    int x, y;
};

void wrong(leat::chan<point> c);

void wrong(leat::chan<point> c)
{
    leat_send_status(c, "text");
}
