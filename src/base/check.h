/* SPDX-License-Identifier: MIT */
/*
 * check.h - builds with LEAT_CHECKS look whether what they rely on is true.
 *
 * A walker is a function that names the invariant that is broken, or NULL: chan_broken,
 * timers_check and so on. Cheap ones run after every change, under the lock that guards it; the
 * others (leat__check_all) are run by sysmon every few milliseconds and once more at exit.
 *
 * PROOF  check_test.c.
 */
#ifndef LEAT_BASE_CHECK_H
#define LEAT_BASE_CHECK_H

#include <leat/base.h>

#include "base/config.h"
#include "base/fatal.h"
#include "base/util.h"

/* Every walker that needs no object; defined by the debug room, which sees all others. */
LEAT_API const char *leat__check_all(void);

/* Die if the walker finds something; it is not called in other builds. */
#define check_holds(walker)                                       \
    do {                                                          \
        const char *broken_ = LEAT__CHECKS ? (walker) : NULL;     \
        if (unlikely(broken_))                                    \
            leat__throw("leat: a broken invariant: %s", broken_); \
    } while (0)

#endif
