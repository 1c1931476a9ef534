/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive must be a pointer (or NULL)
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

typedef leat_chan(struct job) job_chan;

void wrong(job_chan c, struct job j);

void wrong(job_chan c, struct job j)
{
    leat_recv(c, j);
}
