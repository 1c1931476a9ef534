/* SPDX-License-Identifier: MIT */
/* The macros inside static inline functions and statement expressions of a header. */
#include <leat.h>

static void noop(int i)
{
    (void)i;
}

static inline int take(leat_int_chan c)
{
    int v = 0;

    leat_recv(c, &v);
    leat_go(noop, v);
    return v;
}

#define TAKE(c)                \
    __extension__({            \
        int taken_;            \
        leat_recv(c, &taken_); \
        leat_go(noop, taken_); \
        taken_;                \
    })

int both(leat_int_chan c);

int both(leat_int_chan c)
{
    leat_send(c, TAKE(c));
    leat_send(c, take(c));
    leat_go(noop, TAKE(c));
    leat_go(noop, leat_blocking(leat_procs, TAKE(c)));
    leat_select(leat_case_send(c, TAKE(c)));
    return leat_blocking(leat_procs, take(c));
}
