/* SPDX-License-Identifier: MIT */
/* Channels without their type. */
#include <leat/chan_base.h>

int64_t untyped(void);

int64_t untyped(void)
{
    leat_chan_base *c = leat_chan_base_make(sizeof(double), 1);
    leat_chan_base *d = leat_chan_base_try_make(0, 0);
    double v = 1;
    bool open;

    leat_chan_base_send(c, &v);
    if (leat_chan_base_try_send(c, &v) || leat_chan_base_recv(c, NULL))
        leat_chan_base_try_recv(c, &v, &open);
    leat_chan_base_close(c);
    leat_chan_base_unref(leat_chan_base_ref(c));
    leat_chan_base_free(d);
    return leat_chan_base_len(c) + leat_chan_base_cap(c);
}
