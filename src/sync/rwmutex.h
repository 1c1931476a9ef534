/* SPDX-License-Identifier: MIT */
/* rwmutex.h - the invariants of a reader-writer lock, for tests. */
#ifndef LEAT_SYNC_RWMUTEX_H
#define LEAT_SYNC_RWMUTEX_H

#include <leat/rwmutex.h>

#include "sync/mutex.h"

const char *rwmutex_check(const leat_rwmutex *rw); /* NULL: they hold */

#endif
