/* SPDX-License-Identifier: MIT */
/*
 * leat/pattern.h - the shapes that concurrent programs have, ready to use.
 *
 *     workers.h    tasks for a bounded number of goroutines, with a backlog
 *     pipeline.h   sources, stages, sinks, batches between channels
 *     route.h      fan in, fan out, tee, bridge, or-done
 *     parallel.h   loops, reductions and sorting on all processors
 *     throttle.h   admission: so many inside, so many waiting, so long
 *     topic.h      publish to all who subscribe
 *
 *     leat_scoped_group(g, ctx);
 *     leat_source(&g, names, next_name, &list);
 *     leat_stage(&g, 8, names, pages, fetch, &client);
 *     leat_sink(&g, 1, pages, store, &db);
 *     int err = leat_group_wait(&g);
 *
 * What works between channels belongs to a leat_group: an error of one part cancels the others,
 * and the wait of the group is the end of all of it.
 */
#if defined(__cplusplus) && !defined(LEAT_CXX_HPP)
#include <leat/cxx.hpp> /* which includes this header in its turn */
#endif
#ifndef LEAT_PATTERN_H
#define LEAT_PATTERN_H

#include <leat/pattern/parallel.h>
#include <leat/pattern/pipeline.h>
#include <leat/pattern/route.h>
#include <leat/pattern/throttle.h>
#include <leat/pattern/topic.h>
#include <leat/pattern/workers.h>

#endif
