// SPDX-License-Identifier: MIT

package main

import (
	"strconv"
	"sync"
	"time"
)

func readersGroup() {
	var rw sync.RWMutex
	n := count(8000000)
	start := time.Now()
	parallelIn(4, n, func(n int) {
		for i := 0; i < n; i++ {
			rw.RLock()
			rw.RUnlock()
		}
	})
	reportSince("rwmutex_readers_4", start, n)
	rw.Lock()
	rw.Unlock()
}

// A round trip: each of two has had its turn.
func handoverGroup() {
	var lock sync.Mutex
	changed := sync.NewCond(&lock)
	turn := 0
	var wg sync.WaitGroup
	wg.Add(2)
	n := count(1000000)
	start := time.Now()
	for mine := 0; mine < 2; mine++ {
		go func() {
			for i := 0; i < n; i++ {
				lock.Lock()
				for turn != mine {
					changed.Wait()
				}
				turn = 1 - mine
				changed.Signal()
				lock.Unlock()
			}
			wg.Done()
		}()
	}
	wg.Wait()
	reportSince("cond_handover", start, n)
	check(turn == 0, "turn")
}

func lockMixedRow(row string, every, work int) {
	var rw sync.RWMutex
	n := count(8000000)
	if work > 0 {
		n = count(2000000)
	}
	start := time.Now()
	parallel(n, func(n int) {
		for i := 1; i <= n; i++ {
			if i%every == 0 {
				rw.Lock()
				rw.Unlock()
			} else {
				rw.RLock()
				if work > 0 {
					localWork(work)
				}
				rw.RUnlock()
			}
		}
	})
	reportSince(row, start, n)
}

func lockCondRow(waiters int) {
	var lock sync.Mutex
	changed := sync.NewCond(&lock)
	waiting := 0
	all := waiters + 1
	n := count(1000000) / all
	start := time.Now()
	parallelIn(all, n*all, func(n int) {
		for i := 0; i < n; i++ {
			lock.Lock()
			waiting++
			if waiting == all {
				waiting = 0
				changed.Broadcast()
			} else {
				changed.Wait()
			}
			lock.Unlock()
		}
	})
	reportSince("go/Cond"+strconv.Itoa(waiters), start, n)
	check(waiting == 0, "all met")
}

func goLockGroup() {
	n := count(5000000)
	start := time.Now()
	parallel(n, func(n int) {
		var own struct {
			sync.RWMutex
			_ [128]byte
		}
		for i := 0; i < n; i++ {
			own.RLock()
			own.RLock()
			own.RUnlock()
			own.RUnlock()
			own.Lock()
			own.Unlock()
		}
	})
	reportSince("go/RWMutexUncontended", start, n)
	lockMixedRow("go/RWMutexWrite100", 100, 0)
	lockMixedRow("go/RWMutexWrite10", 10, 0)
	lockMixedRow("go/RWMutexWorkWrite100", 100, 100)
	lockMixedRow("go/RWMutexWorkWrite10", 10, 100)
	for waiters := 1; waiters <= 32; waiters *= 2 {
		lockCondRow(waiters)
	}
}
