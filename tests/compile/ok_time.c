/* SPDX-License-Identifier: MIT */
/* The clock. */
#include <leat/time.h>

leat_duration wait_a_little(void);

leat_duration wait_a_little(void)
{
    leat_time_chan tick = leat_after(LEAT_MILLISECOND);
    leat_duration at = leat_now();

    leat_sleep(10 * LEAT_MICROSECOND);
    leat_recv(tick, &at);
    leat_chan_free(tick);
    return leat_now() - at;
}
