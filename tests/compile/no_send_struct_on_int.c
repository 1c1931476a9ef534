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

void wrong(leat_int_chan c, struct job j);

void wrong(leat_int_chan c, struct job j)
{
    leat_send(c, j);
}
