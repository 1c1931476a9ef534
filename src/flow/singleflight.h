/* SPDX-License-Identifier: MIT */
/* singleflight.h - what tests look at. */
#ifndef LEAT_FLOW_SINGLEFLIGHT_H
#define LEAT_FLOW_SINGLEFLIGHT_H

#include <leat/singleflight.h>

/* How many goroutines and threads wait for the call with this key. */
int singleflight_waiting(leat_singleflight *g, const char *key);

#endif
