/* SPDX-License-Identifier: MIT */
// expect: leat: the function of a goroutine may not return a struct, union, complex or
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

typedef leat_chan(struct job) job_chan;

struct job make_job(int id);

void wrong(void);

void wrong(void)
{
    leat_blocking(make_job, 1);
}
