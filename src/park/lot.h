/* SPDX-License-Identifier: MIT */
/*
 * lot.h - the parking lot: waiting on an address.
 *
 * A mutex or a wait group is one word; who waits for it stands here, in a hash table of queues
 * keyed by the address. So the objects are small, need no destroy, and may vanish the moment the
 * call that waited has returned: a releaser uses the address as a key and never reads it again.
 * First in, first out per address; `lifo` puts a waiter in front (a mutex waiter that lost to a
 * barger).
 */
#ifndef LEAT_PARK_LOT_H
#define LEAT_PARK_LOT_H

#include <stdbool.h>
#include <stdint.h>

#include "park/limit.h"
#include "sched/sched.h"

/* Semaphore of one count word at `addr`, 0 at first: take one, waiting if it is 0. */
void lot_acquire(uint32_t *addr, bool lifo, enum wait_reason reason, const void *object);
/* The same with a limit: 0, or the error, and then no count is taken. A release that finds nobody
 * to wake leaves its count at `addr`: who has been promised one elsewhere (a mutex counts its
 * waiters) settles that before it returns. */
int lot_acquire_limit(uint32_t *addr, bool lifo, enum wait_reason reason, const void *object,
                      const struct limit *l);
/* Give one; `handoff` yields to the waiter at once. The address may be freed by whom it wakes. */
void lot_release(uint32_t *addr, bool handoff);
/* Give n at once. Of the memory only what a taker still on its way counts on is touched. */
void lot_release_many(uint32_t *addr, uint32_t n);
/* Park on `key` unless `valid(arg)` says, under the lot's lock, that there is no need to. */
void lot_park(const void *key, bool (*valid)(void *), void *arg, enum wait_reason reason);
/* The same with a limit: 0, or the error. `left(arg)`, if given, runs under the lot's lock when
 * an early leaver still stood in the queue: no commit has run, or will, that counts on it. */
int lot_park_limit(const void *key, bool (*valid)(void *), void *arg, enum wait_reason reason,
                   const struct limit *l, void (*left)(void *arg));
/* Wake everybody parked on `key` at the moment of `commit`, which runs under the lot's lock: what
 * it changes there, no later user of the address can mistake for its own. Returns how many woke,
 * -1 when commit says no. */
int lot_wake_all(const void *key, bool (*commit)(void *), void *arg);
/* Wake the first that is parked on `key`, if somebody is. Returns how many woke. */
int lot_wake_one(const void *key);
const char *lot_check(void);

#endif
