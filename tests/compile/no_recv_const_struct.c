/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive is const
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

typedef leat_chan(struct job) job_chan;

void wrong(job_chan c, const struct job *p);

void wrong(job_chan c, const struct job *p)
{
    leat_recv(c, p);
}
