// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	syncMutex   sync.Mutex
	syncCounter int
	syncRW      sync.RWMutex
	syncValue   atomic.Int64
	syncWG      sync.WaitGroup
	syncOnce    sync.Once
	onceRuns    int
)

func onceBody() {
	onceRuns++
}

func syncRWMutex() {
	n := count(20000000)
	start := time.Now()
	for i := 0; i < n; i++ {
		syncRW.RLock()
		syncRW.RUnlock()
	}
	reportSince("rwmutex_read", start, n)
	start = time.Now()
	for i := 0; i < n; i++ {
		syncRW.Lock()
		syncRW.Unlock()
	}
	reportSince("rwmutex_write", start, n)
}

func syncAtomic() {
	n, sum := int64(count(50000000)), int64(0)
	start := time.Now()
	for i := int64(0); i < n; i++ {
		sum += syncValue.Load()
	}
	reportSince("atomic_load", start, int(n))
	check(sum == 0, "load")
	start = time.Now()
	for i := int64(0); i < n; i++ {
		syncValue.Store(i)
	}
	reportSince("atomic_store", start, int(n))
	start = time.Now()
	for i := int64(0); i < n; i++ {
		sum += syncValue.Swap(i)
	}
	reportSince("atomic_swap", start, int(n))
	check(sum == (n-1)+(n-1)*(n-2)/2, "swap")
	syncValue.Store(0)
	start = time.Now()
	for i := int64(0); i < n; i++ {
		syncValue.Add(1)
	}
	reportSince("atomic_add", start, int(n))
	start = time.Now()
	for i := int64(0); i < n; i++ {
		if syncValue.CompareAndSwap(n+i, n+i+1) {
			sum++
		}
	}
	reportSince("atomic_cas", start, int(n))
	check(syncValue.Load() == 2*n, "cas")
}

func syncGroup() {
	n := count(20000000)
	start := time.Now()
	for i := 0; i < n; i++ {
		syncMutex.Lock()
		syncCounter++
		syncMutex.Unlock()
	}
	reportSince("mutex", start, n)
	check(syncCounter == n, "mutex")
	syncRWMutex()
	syncAtomic()

	start = time.Now()
	for i := 0; i < n; i++ {
		syncWG.Add(1)
		syncWG.Done()
	}
	syncWG.Wait()
	reportSince("waitgroup", start, n)

	n = count(50000000)
	start = time.Now()
	for i := 0; i < n; i++ {
		syncOnce.Do(onceBody)
	}
	reportSince("once", start, n)
	check(onceRuns == 1, "once")
}

// Go offers no bare entry to its blocking-call bookkeeping: the system call with it is the twin.
func blockingGroup() {
	n, wrong := count(2000000), 0
	pid := syscall.Getpid()
	start := time.Now()
	for i := 0; i < n; i++ {
		got, _, _ := syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0)
		if int(got) != pid {
			wrong++
		}
	}
	reportSince("blocking_getpid", start, n)
	check(wrong == 0, "getpid")
}
