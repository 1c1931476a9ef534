/* SPDX-License-Identifier: MIT */
/* mutex.h - what the other files of the room may do to a mutex. */
#ifndef LEAT_SYNC_MUTEX_H
#define LEAT_SYNC_MUTEX_H

#include <leat/sync.h>

#include "park/limit.h"

/* 0: locked; else the error, and it is not. */
int mutex_lock_limit(leat_mutex *m, const struct limit *l);

#endif
