/* SPDX-License-Identifier: MIT */
// expect: incompatible type
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

typedef leat_chan(struct job) job_chan;

void work(const char *name, int times);

void wrong(struct job j);

void wrong(struct job j)
{
    leat_go(work, "a", j);
}
