/* SPDX-License-Identifier: MIT */
/* workers.h - what tests look at. */
#ifndef LEAT_FLOW_WORKERS_H
#define LEAT_FLOW_WORKERS_H

#include <leat/pattern/workers.h>

/* The invariant that is broken, or NULL. */
const char *workers_check(leat_workers *w);

#endif
