// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var yields atomic.Int64

func yieldTimes(wg *sync.WaitGroup, times int) {
	for i := 0; i < times; i++ {
		runtime.Gosched()
	}
	yields.Add(int64(times))
	wg.Done()
}

func yieldAmong(goroutines, times int) {
	var wg sync.WaitGroup
	wg.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go yieldTimes(&wg, times)
	}
	wg.Wait()
}

func yieldGroup() {
	for _, row := range []struct {
		name       string
		goroutines int
	}{{"yield_2", 2}, {"yield_100", 100}, {"yield_10000", 10000}} {
		times := count(4000000) / row.goroutines
		yieldAmong(row.goroutines, 2)
		yields.Store(0)
		start := time.Now()
		yieldAmong(row.goroutines, times)
		reportSince(row.name, start, times*row.goroutines)
		check(yields.Load() == int64(times*row.goroutines), row.name)
	}
}

func pong(wg *sync.WaitGroup, in, out chan int64, times int) {
	for i := 0; i < times; i++ {
		out <- <-in + 1
	}
	wg.Done()
}

func ping(done *sync.WaitGroup, times int) {
	out, in := make(chan int64), make(chan int64)
	var wg sync.WaitGroup
	wg.Add(1)
	go pong(&wg, out, in, times)
	for i := 0; i < times; i++ {
		out <- int64(i)
		check(<-in == int64(i+1), "pong")
	}
	wg.Wait()
	done.Done()
}

func pingPairs(pairs, times int) {
	var wg sync.WaitGroup
	wg.Add(pairs)
	for i := 0; i < pairs; i++ {
		go ping(&wg, times)
	}
	wg.Wait()
}

func pingpongGroup() {
	total := count(1000000)

	pingPairs(1, 10)
	start := time.Now()
	pingPairs(1, total)
	reportSince("pingpong_1", start, total)

	pingPairs(100, 10)
	start = time.Now()
	pingPairs(100, total/100)
	reportSince("pingpong_100", start, total/100*100)
}

var streamSum atomic.Int64

func streamProducer(wg *sync.WaitGroup, c chan int64, first, n int) {
	for i := first; i < first+n; i++ {
		c <- int64(i)
	}
	wg.Done()
}

func streamConsumer(wg *sync.WaitGroup, c chan int64, n int) {
	var sum int64
	for i := 0; i < n; i++ {
		sum += <-c
	}
	streamSum.Add(sum)
	wg.Done()
}

func stream(row string, capacity, pairs, total int) {
	c := make(chan int64, capacity)
	each := total / pairs
	streamSum.Store(0)
	start := time.Now()
	var wg sync.WaitGroup
	wg.Add(2 * pairs)
	for i := 0; i < pairs; i++ {
		go streamProducer(&wg, c, i*each, each)
		go streamConsumer(&wg, c, each)
	}
	wg.Wait()
	if row != "" {
		reportSince(row, start, each*pairs)
	}
	n := int64(each * pairs)
	check(streamSum.Load() == n*(n-1)/2, "stream sum")
}

func bufferedGroup() {
	total := count(4000000)
	stream("", 128, 4, 1000)
	stream("buffered_1x1", 128, 1, total)
	stream("buffered_4x4", 128, 4, total)
	stream("stream_1x1", 0, 1, total/2)
}

func sieveNumbers(out chan int32) {
	for i := int32(2); ; i++ {
		out <- i
	}
}

func sieveFilter(in, out chan int32, prime int32) {
	for {
		if v := <-in; v%prime != 0 {
			out <- v
		}
	}
}

func sieveGroup() {
	primes, last := 2000, int32(17389)
	if scale < 100 {
		primes, last = 200, 1223
	}
	start := time.Now()
	var prime int32
	c := make(chan int32)
	go sieveNumbers(c)
	for i := 0; i < primes; i++ {
		prime = <-c
		next := make(chan int32)
		go sieveFilter(c, next, prime)
		c = next
	}
	report("sieve", float64(time.Since(start).Nanoseconds())/1e6, "ms")
	check(prime == last, "last prime")
}
