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
    int err = leat_chan_base_send_status(c, &v) + leat_chan_base_try_send_status(c, &v);
    err += leat_chan_base_send_ctx(NULL, c, &v) + leat_chan_base_send_until(c, &v, 1);
    err += leat_chan_base_recv_ctx(NULL, c, &v) + leat_chan_base_recv_until(c, NULL, 1);
    leat_chan_base_close(c);
    leat_chan_base_unref(leat_chan_base_ref(c));
    leat_chan_base_free(d);
    return err + leat_chan_base_len(c) + leat_chan_base_cap(c);
}
