/* SPDX-License-Identifier: MIT */
/*
 * event.h - what happened, as fixed-size records: the seam for trace and profiles.
 *
 * Every layer emits through leat__event. Off, an event costs one load and one predicted branch.
 * On, it is handed to the sink that the reader installed; the ring, its format and its file are
 * the reader's business (the debug room's, or a test's), so this header stays at the bottom.
 * A sink runs in the middle of the scheduler: it must not block, allocate or call leat.
 */
#ifndef LEAT_BASE_EVENT_H
#define LEAT_BASE_EVENT_H

#include "base/util.h"

enum leat__event_kind {
    LEAT__EV_SPAWN,      /* id: the new goroutine, arg: its parent */
    LEAT__EV_START,      /* id: first run, arg: proc */
    LEAT__EV_PARK,       /* id, arg: reason */
    LEAT__EV_READY,      /* id, arg: who readied it (0: a thread) */
    LEAT__EV_YIELD,      /* id */
    LEAT__EV_EXIT,       /* id */
    LEAT__EV_STEAL,      /* id: number stolen, arg: victim proc */
    LEAT__EV_COMPENSATE, /* id: proc that is stuck, arg: 1 blocked, 2 burning */
    LEAT__EV_RETIRE,     /* id: proc */
};

typedef void leat__event_sink(enum leat__event_kind kind, uint64_t id, uint64_t arg);
extern leat__event_sink *leat__event_sink_now LEAT__OURS; /* NULL: off */

static inline void leat__event(enum leat__event_kind kind, uint64_t id, uint64_t arg)
{
    leat__event_sink *sink = load_relaxed(&leat__event_sink_now);

    if (unlikely(sink != NULL))
        sink(kind, id, arg);
}

#endif
