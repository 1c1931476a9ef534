/* SPDX-License-Identifier: MIT */
// expect: leat: the target of a receive is not a pointer to the element type of the channel
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

typedef leat_chan(struct job) job_chan;

void wrong(job_chan c, struct point *p);

void wrong(job_chan c, struct point *p)
{
    leat_recv(c, p);
}
