/* SPDX-License-Identifier: MIT */
// expect: leat: the value sent is not of the struct type of the channel
#include <leat.h>

struct job {
    int id;
};

struct point {
    int x;
};

typedef leat_chan(struct job) job_chan;

void wrong(job_chan c);

void wrong(job_chan c)
{
    leat_send(c, 5);
}
