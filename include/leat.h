/* SPDX-License-Identifier: MIT */
/*
 * leat.h - Go's concurrency for C: goroutines, channels, select, sync, context, time.
 *
 *     #include <leat.h>
 *     #include <stdio.h>
 *
 *     static void greet(leat_int_chan out, int n)
 *     {
 *         leat_send(out, n * n);
 *     }
 *
 *     int main(void)
 *     {
 *         leat_int_chan squares = leat_chan_make(leat_int_chan, 0);
 *         for (int i = 1; i <= 3; i++)
 *             leat_go(greet, squares, i);
 *         int sum = 0;
 *         for (int i = 1, v; i <= 3 && leat_recv(squares, &v); i++)
 *             sum += v;
 *         printf("%d\n", sum);
 *         leat_chan_free(squares);
 *     }
 *
 * There is nothing to start and nothing to stop: the first call starts the runtime, and the
 * program ends when main returns.
 */
#ifndef LEAT_H
#define LEAT_H

#include <leat/atomic.h>
#include <leat/base.h>
#include <leat/chan.h>
#include <leat/context.h>
#include <leat/exec.h>
#include <leat/go.h>
#include <leat/group.h>
#include <leat/io.h>
#include <leat/local.h>
#include <leat/net.h>
#include <leat/pattern.h>
#include <leat/rate.h>
#include <leat/select.h>
#include <leat/semaphore.h>
#include <leat/signal.h>
#include <leat/singleflight.h>
#include <leat/sync.h>
#include <leat/time.h>

#endif
