// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"syscall"
	"time"
)

var (
	syncMutex   sync.Mutex
	syncCounter int
	syncWG      sync.WaitGroup
	syncOnce    sync.Once
	onceRuns    int
)

func onceBody() {
	onceRuns++
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
