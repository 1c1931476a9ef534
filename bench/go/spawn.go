// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"sync/atomic"
	"time"
)

var spawned atomic.Int64

func spawnNothing(wg *sync.WaitGroup) {
	wg.Done()
}

func spawnCounted(wg *sync.WaitGroup) {
	spawned.Add(1)
	wg.Done()
}

func spawnGroups(groups, size int, body func(*sync.WaitGroup)) {
	for i := 0; i < groups; i++ {
		var wg sync.WaitGroup
		wg.Add(size)
		for j := 0; j < size; j++ {
			go body(&wg)
		}
		wg.Wait()
	}
}

func spawnRow(row string, total, size int) {
	spawned.Store(0)
	spawnGroups(100, size, spawnCounted)
	check(spawned.Load() == int64(100*size), row)
	start := time.Now()
	spawnGroups(total/size, size, spawnNothing)
	reportSince(row, start, total/size*size)
}

func spawnGroup() {
	spawnRow("spawn_100", count(4000000), 100)
	spawnRow("spawn_1", count(1000000), 1)
}

func millionRow(row string) {
	n := count(1000000)
	spawned.Store(0)
	start := time.Now()
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go spawnCounted(&wg)
	}
	wg.Wait()
	reportSince(row, start, n)
	check(spawned.Load() == int64(n), row)
}

func millionGroup() {
	millionRow("million_cold")
	millionRow("million_warm")
}

func skynetNode(out chan int64, num, size int64) {
	if size == 1 {
		out <- num
		return
	}
	in := make(chan int64)
	for i := int64(0); i < 10; i++ {
		go skynetNode(in, num+i*(size/10), size/10)
	}
	var sum int64
	for i := 0; i < 10; i++ {
		sum += <-in
	}
	out <- sum
}

func skynetRow(row string) {
	size := int64(1000000)
	if scale < 100 {
		size = 10000
	}
	start := time.Now()
	out := make(chan int64)
	go skynetNode(out, 0, size)
	sum := <-out
	report(row, float64(time.Since(start).Nanoseconds())/1e6, "ms")
	check(sum == size*(size-1)/2, row)
}

func skynetGroup() {
	skynetRow("skynet_cold")
	skynetRow("skynet_warm")
}

func fibHalf(wg *sync.WaitGroup, n int, out *int) {
	*out = fibFork(n)
	wg.Done()
}

func fibFork(n int) int {
	if n < 2 {
		return n
	}
	var wg sync.WaitGroup
	var x int
	wg.Add(1)
	go fibHalf(&wg, n-1, &x)
	y := fibFork(n - 2)
	wg.Wait()
	return x + y
}

func fibGroup() {
	n, forks, want := 32, 3524577, 2178309
	if scale < 100 {
		n, forks, want = 20, 10945, 6765
	}
	fibFork(15)
	start := time.Now()
	got := fibFork(n)
	reportSince("fib", start, forks)
	check(got == want, "fib")
}
