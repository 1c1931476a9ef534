// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"time"
)

const selectFill = 256

func selectReady() {
	var c [4]chan int64
	rounds := count(1000000)/(2*selectFill) + 1
	var in, out, v int64
	var spent time.Duration
	for i := range c {
		c[i] = make(chan int64, selectFill)
	}
	for r := 0; r < rounds; r++ {
		for i := 0; i < 4*selectFill; i++ {
			c[i%4] <- int64(i)
			in += int64(i)
		}
		start := time.Now()
		for i := 0; i < 2*selectFill; i++ {
			select {
			case v = <-c[0]:
			case v = <-c[1]:
			case v = <-c[2]:
			case v = <-c[3]:
			}
			out += v
		}
		spent += time.Since(start)
		for i := range c {
			for len(c[i]) > 0 {
				out += <-c[i]
			}
		}
	}
	report("select_ready4", float64(spent.Nanoseconds())/float64(rounds*2*selectFill), "ns")
	check(in == out, "select_ready4")
}

func selectDefault() {
	var c [4]chan int64
	n, defaults := count(4000000), 0
	for i := range c {
		c[i] = make(chan int64)
	}
	start := time.Now()
	for i := 0; i < n; i++ {
		select {
		case <-c[0]:
		case <-c[1]:
		case <-c[2]:
		case <-c[3]:
		default:
			defaults++
		}
	}
	reportSince("select_default4", start, n)
	check(defaults == n, "select_default4")
}

func selectFeed(wg *sync.WaitGroup, c *[4]chan int64, n int) {
	for i := 0; i < n; i++ {
		c[i%4] <- int64(i)
	}
	wg.Done()
}

func selectBlock() {
	var c [4]chan int64
	n := count(1000000)
	var sum, v int64
	for i := range c {
		c[i] = make(chan int64)
	}
	start := time.Now()
	var wg sync.WaitGroup
	wg.Add(1)
	go selectFeed(&wg, &c, n)
	for i := 0; i < n; i++ {
		select {
		case v = <-c[0]:
		case v = <-c[1]:
		case v = <-c[2]:
		case v = <-c[3]:
		}
		sum += v
	}
	wg.Wait()
	reportSince("select_block4", start, n)
	check(sum == int64(n)*int64(n-1)/2, "select_block4")
}

func selectPong(wg *sync.WaitGroup, in, out, quit chan int64, n int) {
	var v int64
	for i := 0; i < n; i++ {
		select {
		case v = <-in:
		case <-quit:
		}
		select {
		case out <- v + 1:
		case <-quit:
		}
	}
	wg.Done()
}

func selectPingpong() {
	out, in, quit := make(chan int64), make(chan int64), make(chan int64)
	n := count(1000000)
	var v int64
	start := time.Now()
	var wg sync.WaitGroup
	wg.Add(1)
	go selectPong(&wg, out, in, quit, n)
	for i := 0; i < n; i++ {
		select {
		case out <- int64(i):
		case <-quit:
		}
		select {
		case v = <-in:
		case <-quit:
		}
		check(v == int64(i+1), "select_pingpong2")
	}
	wg.Wait()
	reportSince("select_pingpong2", start, n)
}

func selectGroup() {
	selectReady()
	selectDefault()
	selectBlock()
	selectPingpong()
}
