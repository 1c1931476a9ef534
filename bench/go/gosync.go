// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
	"time"
)

func contendedRow(row string, goroutines int) {
	var lock sync.Mutex
	value := 0
	n := count(8000000) / goroutines * goroutines
	start := time.Now()
	parallelIn(goroutines, n, func(n int) {
		for i := 0; i < n; i++ {
			lock.Lock()
			value++
			lock.Unlock()
		}
	})
	reportSince(row, start, n)
	check(value == n, row)
}

func contendedGroup() {
	contendedRow("mutex_contended_2", 2)
	contendedRow("mutex_contended_4", 4)
	contendedRow("mutex_contended_16", 16)
}

const (
	syncSlack     = 10
	syncHoppers   = 4
	syncHopWords  = 4096
	syncWalkWords = 16384
)

func syncLockRow(row string, slack, work int) {
	var lock sync.Mutex
	n := count(8000000)
	if work > 0 {
		n = count(2000000)
	}
	start := time.Now()
	parallelIn(runtime.GOMAXPROCS(0)*slack, n, func(n int) {
		for i := 0; i < n; i++ {
			lock.Lock()
			lock.Unlock()
			if work > 0 {
				localWork(work)
			}
		}
	})
	reportSince(row, start, n)
}

func syncWalk(data []uint64) {
	for i := 0; i < len(data); i += 4 {
		data[i]++
	}
}

// Where spinning for the lock does not pay, and where it does.
func syncSpinRows() {
	var lock sync.Mutex
	var less, more uint64
	change := func() {
		lock.Lock()
		less -= 100
		more += 100
		lock.Unlock()
	}
	n := count(400000)
	start := time.Now()
	parallelIn(runtime.GOMAXPROCS(0)*syncHoppers, n, func(n int) {
		data := make([]uint64, syncHopWords)
		c := make(chan struct{})
		for i := 0; i < n; i++ {
			if i%4 == 0 {
				change()
			} else {
				syncWalk(data)
				go func() { c <- struct{}{} }()
				<-c
			}
		}
	})
	reportSince("go/MutexNoSpin", start, n)
	n = count(100000)
	start = time.Now()
	parallel(n, func(n int) {
		data := make([]uint64, syncWalkWords)
		for i := 0; i < n; i++ {
			change()
			syncWalk(data)
		}
	})
	reportSince("go/MutexSpin", start, n)
	check(less+more == 0 && more > 0, "changes")
}

func syncGroupRow(row string, n int, body func(wg *sync.WaitGroup)) {
	var shared sync.WaitGroup
	start := time.Now()
	parallel(n, func(n int) {
		for i := 0; i < n; i++ {
			body(&shared)
		}
	})
	reportSince(row, start, n)
	shared.Wait()
}

func syncWaitGroups() {
	n := count(8000000)
	start := time.Now()
	parallel(n, func(n int) {
		var own struct {
			sync.WaitGroup
			_ [128]byte
		}
		for i := 0; i < n; i++ {
			own.Add(1)
			own.Done()
			own.Wait()
		}
	})
	reportSince("go/WaitGroupUncontended", start, n)
	syncGroupRow("go/WaitGroupAddDone", n, func(wg *sync.WaitGroup) {
		wg.Add(1)
		wg.Done()
	})
	syncGroupRow("go/WaitGroupAddDoneWork", n/4, func(wg *sync.WaitGroup) {
		wg.Add(1)
		localWork(100)
		wg.Done()
	})
	syncGroupRow("go/WaitGroupWait", 4*n, func(wg *sync.WaitGroup) { wg.Wait() })
	syncGroupRow("go/WaitGroupWaitWork", n/4, func(wg *sync.WaitGroup) {
		wg.Wait()
		localWork(100)
	})
	n = count(1000000)
	syncGroupRow("go/WaitGroupActuallyWait", n, func(*sync.WaitGroup) {
		var wg sync.WaitGroup
		wg.Add(1)
		go wg.Done()
		wg.Wait()
	})
}

func goSyncGroup() {
	n := count(20000000)
	start := time.Now()
	parallel(n, func(n int) {
		var own struct {
			sync.Mutex
			_ [128]byte
		}
		for i := 0; i < n; i++ {
			own.Lock()
			own.Unlock()
		}
	})
	reportSince("go/MutexUncontended", start, n)
	syncLockRow("go/Mutex", 1, 0)
	syncLockRow("go/MutexSlack", syncSlack, 0)
	syncLockRow("go/MutexWork", 1, 100)
	syncLockRow("go/MutexWorkSlack", syncSlack, 100)
	syncSpinRows()
	syncWaitGroups()

	var once sync.Once
	value := 0
	set := func() { value = 7 }
	n = count(100000000)
	start = time.Now()
	parallel(n, func(n int) {
		for i := 0; i < n; i++ {
			once.Do(set)
		}
	})
	reportSince("go/Once", start, n)

	get := sync.OnceValue(func() int { return 7 })
	start = time.Now()
	parallel(n, func(n int) {
		sum := 0
		for i := 0; i < n; i++ {
			sum += get()
		}
		check(sum == 7*n, "once value")
	})
	reportSince("go/OnceValue", start, n)
	check(value == 7, "once")
}
