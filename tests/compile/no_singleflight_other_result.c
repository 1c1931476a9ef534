/* SPDX-License-Identifier: MIT */
// expect: incompatible | from incompatible pointer type
// flags: -Werror
#include <leat/singleflight.h>

static int load(double *out, const char *key)
{
    *out = key[0];
    return 0;
}

int f(leat_singleflight *g);

int f(leat_singleflight *g)
{
    int v;
    return leat_singleflight_do(g, "key", &v, NULL, load, "key");
}
