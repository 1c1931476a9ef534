/* SPDX-License-Identifier: MIT */
// expect: invalid initialization | no matching function
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

void wrong(leat::chan<job> c, point p);

void wrong(leat::chan<job> c, point p)
{
    leat_send(c, p);
}
