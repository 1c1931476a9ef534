// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
	"time"
)

const (
	timersBeside = 32768
	timersBatch  = 1000
	timersMany   = 10000
)

func timersNothing() {
}

func timersMakeStop(n int) {
	stopped := 0
	for i := 0; i < n; i++ {
		if time.NewTimer(time.Hour).Stop() {
			stopped++
		}
	}
	check(stopped == n, "stopped")
}

func timersFuncStop(n int) {
	stopped := 0
	for i := 0; i < n; i++ {
		if time.AfterFunc(time.Hour, timersNothing).Stop() {
			stopped++
		}
	}
	check(stopped == n, "stopped")
}

func timersGroup() {
	n := count(4000000)
	start := time.Now()
	timersMakeStop(n)
	reportSince("timer_create_stop", start, n)
	start = time.Now()
	timersFuncStop(n)
	reportSince("timer_func_create_stop", start, n)
}

func timersAfter(n int) {
	for i := 0; i < n; i++ {
		<-time.After(1)
	}
}

// Each link starts the next.
func timersChains(n int) {
	for i := 0; i < n; i++ {
		next := 0
		var links sync.WaitGroup
		links.Add(timersBatch + 1)
		var link func()
		link = func() {
			mine := next
			next++
			if mine < timersBatch {
				time.AfterFunc(0, link)
			}
			links.Done()
		}
		link()
		links.Wait()
	}
}

func timersAtOnce(n int) {
	for i := 0; i < n; i++ {
		var struck sync.WaitGroup
		struck.Add(timersBatch)
		for k := 0; k < timersBatch; k++ {
			time.AfterFunc(0, struck.Done)
		}
		struck.Wait()
	}
}

func timersStartStop(n int) {
	batch := make([]*time.Timer, timersBatch)
	for i := 0; i < n; i++ {
		for k := range batch {
			batch[k] = time.AfterFunc(time.Hour, timersNothing)
		}
		for _, t := range batch {
			t.Stop()
		}
	}
}

func timersReset(t *time.Timer, n int) {
	active := 0
	for i := 0; i < n; i++ {
		if t.Reset(time.Hour) {
			active++
		}
	}
	check(active == n, "reset")
	t.Stop()
}

func timersSleep(n int) {
	for i := 0; i < n; i++ {
		var awake sync.WaitGroup
		awake.Add(timersBatch)
		for k := 0; k < timersBatch; k++ {
			go func() {
				time.Sleep(time.Nanosecond)
				awake.Done()
			}()
		}
		awake.Wait()
	}
}

// The earliest of very many is set last, and all of them are stopped.
func timersAdjust(n int) {
	for i := 0; i < n; i++ {
		many := make([]*time.Timer, timersMany)
		for k := range many {
			many[k] = time.AfterFunc(time.Hour, timersNothing)
		}
		many[timersMany-1].Reset(time.Nanosecond)
		time.Sleep(time.Microsecond)
		for _, t := range many {
			t.Stop()
		}
	}
}

func timersRow(row string, n int, body func(n int)) {
	start := time.Now()
	parallel(n, body)
	reportSince(row, start, n)
}

func goTimeGroup() {
	var lock sync.Mutex
	var beside []*time.Timer
	n := count(1000000)
	parallel(timersBeside*runtime.GOMAXPROCS(0), func(n int) {
		mine := make([]*time.Timer, n)
		for i := range mine {
			mine[i] = time.AfterFunc(time.Hour, timersNothing)
		}
		lock.Lock()
		beside = append(beside, mine...)
		lock.Unlock()
	})
	timersRow("go/AfterFunc1000", count(1000)/5, timersChains)
	timersRow("go/After", n/5, timersAfter)
	timersRow("go/Stop/chan", n, timersMakeStop)
	timersRow("go/Stop/func", n, timersFuncStop)
	timersRow("go/SimultaneousAfterFunc1000", count(1000)/5, timersAtOnce)
	timersRow("go/StartStop1000", count(1000)/2, timersStartStop)
	timersRow("go/Reset/chan", 4*n, func(n int) { timersReset(time.NewTimer(time.Hour), n) })
	timersRow("go/Reset/func", 4*n, func(n int) {
		timersReset(time.AfterFunc(time.Hour, timersNothing), n)
	})
	timersRow("go/Sleep1000", count(1000)/5, timersSleep)
	timersRow("go/AdjustTimers10000", count(100), timersAdjust)
	for _, t := range beside {
		t.Stop()
	}
}
