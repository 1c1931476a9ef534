/* SPDX-License-Identifier: MIT */
/*
 * config.h - every number the runtime is built with, and its hostile twin.
 *
 * The hostile build (LEAT_HOSTILE) runs the same tests on the smallest legal sizes and takes the
 * rare branch often: queues overflow, caches run dry, a goroutine continues on another thread
 * after every wake-up and leat calls yield at random (sched/hostile.h), every seventh mapping is
 * refused once (os/memory.c). What only works by luck fails there at once.
 */
#ifndef LEAT_BASE_CONFIG_H
#define LEAT_BASE_CONFIG_H

#ifdef LEAT_HOSTILE
#define LEAT__HOSTILE 1
#else
#define LEAT__HOSTILE 0
#endif

/* Structure walkers (base/check.h) and lock ranks (base/spin.h), in debug builds only. */
#if defined(LEAT_CHECKS) || defined(LEAT_HOSTILE)
#define LEAT__CHECKS 1
#else
#define LEAT__CHECKS 0
#endif

enum {
    LEAT__RUNQ_SIZE = LEAT__HOSTILE ? 4 : 256,   /* slots of a local run queue; power of two */
    LEAT__FORKQ_SIZE = LEAT__HOSTILE ? 4 : 1024, /* continuations of forks; power of two */
    LEAT__GLOBAL_TICK = LEAT__HOSTILE ? 2 : 61,  /* picks for one that looks there first */
    LEAT__NEXT_BUDGET = LEAT__HOSTILE ? 2 : 64,  /* picks in a row from the next slot */
    LEAT__G_CACHE = LEAT__HOSTILE ? 2 : 128,     /* free records kept by a proc */
    LEAT__BATCH = 15, /* records a free one can name where its arguments were */
    LEAT__STACK_CACHE = LEAT__HOSTILE ? 1 : 32, /* free stacks kept by a proc */
    LEAT__TIMER_TICK = 64,     /* picks between two looks at the clock while timers exist */
    LEAT__MAX_THREADS = 10000, /* Go's limit, with Go's message */
    LEAT__MAX_BLOCKING = 512,  /* announced blocking calls at once; more queue */
    LEAT__MAX_PROCS = 1024,    /* of leat_procs; Go has no limit, this is a sane one */
    LEAT__POLL_BATCH = LEAT__HOSTILE ? 2 : 128, /* descriptors at one look */
    LEAT__NAME_MAX = 32,
};

#define LEAT__STACK_SLOT  (256u << 10) /* virtual bytes of a default stack, guard included */
#define LEAT__STACK_GUARD (64u << 10)  /* of which the lowest are no memory */
#define LEAT__SLAB_BYTES  (64u << 20)  /* default stacks are mapped in slabs of this size */
#define LEAT__EPOCH_NS    (LEAT__HOSTILE ? 1 : 1000000000) /* pools age as often, at most */

#endif
