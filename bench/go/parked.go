// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var parkedStarted atomic.Int64

func parkUntilClosed(wg *sync.WaitGroup, gate chan struct{}) {
	parkedStarted.Add(1)
	<-gate
	wg.Done()
}

// Pages and page tables the kernel gave to the process.
func memoryKB() int64 {
	f, err := os.Open("/proc/self/status")
	check(err == nil, "/proc/self/status")
	defer f.Close()
	var sum int64
	for s := bufio.NewScanner(f); s.Scan(); {
		for _, field := range []string{"VmRSS:", "VmPTE:"} {
			if rest, ok := strings.CutPrefix(s.Text(), field); ok {
				var kb int64
				fmt.Sscan(rest, &kb)
				sum += kb
			}
		}
	}
	return sum
}

func parkRound(n int, create, bytes, release string) {
	gate := make(chan struct{})
	var wg sync.WaitGroup
	before := memoryKB()
	parkedStarted.Store(0)
	start := time.Now()
	wg.Add(n)
	for i := 0; i < n; i++ {
		go parkUntilClosed(&wg, gate)
	}
	for parkedStarted.Load() < int64(n) {
		runtime.Gosched()
	}
	reportSince(create, start, n)
	if bytes != "" {
		report(bytes, float64(memoryKB()-before)*1024/float64(n), "B")
	}
	start = time.Now()
	close(gate)
	wg.Wait()
	reportSince(release, start, n)
	check(parkedStarted.Load() == int64(n), "parked")
}

func parkedGroup() {
	n := count(1000000)
	parkRound(n, "parked_create_cold", "parked_bytes", "parked_release")
	parkRound(n, "parked_create_recycled", "", "parked_release_recycled")
}

func sleepAndNote(wg *sync.WaitGroup, span time.Duration, late *int64) {
	start := time.Now()
	time.Sleep(span)
	*late = (time.Since(start) - span).Nanoseconds()
	wg.Done()
}

func cpuMS() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}

func sleepers(name string, n int) {
	late := make([]int64, n)
	for i := range late {
		late[i] = -1
	}
	seed := uint64(1)
	cpu := cpuMS()
	start := time.Now()
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		seed = seed*6364136223846793005 + 1442695040888963407
		span := time.Duration(seed>>33%1000000) * time.Microsecond
		go sleepAndNote(&wg, span, &late[i])
	}
	wg.Wait()
	report(name+"_wall", float64(time.Since(start).Nanoseconds())/1e6, "ms")
	report(name+"_cpu", cpuMS()-cpu, "ms")
	for _, l := range late {
		check(l >= 0, "every sleeper slept long enough")
	}
	reportLate(name+"_late", late)
}

func sleep5Group() {
	sleepers("sleep_1e5", count(100000))
}

func sleep6Group() {
	sleepers("sleep_1e6", count(1000000))
}
