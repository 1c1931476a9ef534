// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	parallelRounds = 3
	parallelMatrix = 512
	parallelRow    = parallelMatrix + 8
	parallelPieces = 16 // for each processor
	parallelGrain  = 2048
)

func parallelReport(name string, serial, parallel time.Duration) {
	report(name+"_serial", float64(serial.Nanoseconds())/1e6/parallelRounds, "ms")
	report(name+"_parallel", float64(parallel.Nanoseconds())/1e6/parallelRounds, "ms")
	report(name+"_share", 100*float64(parallel)/float64(serial), "%")
}

type parallelProduct struct {
	size    int
	a, b, c [parallelMatrix][parallelRow]float64
}

func (p *parallelProduct) rows(from, to int) {
	for i := from; i < to; i++ {
		c := p.c[i][:p.size]
		clear(c)
		for k := 0; k < p.size; k++ {
			a, b := p.a[i][k], p.b[k][:p.size]
			for j := range c {
				c[j] += a * b[j]
			}
		}
	}
}

// As many pieces as leat makes, taken in turn by a goroutine for each processor.
func (p *parallelProduct) parallelRows() {
	procs := runtime.GOMAXPROCS(0)
	grain := max(p.size/(procs*parallelPieces), 1)
	pieces := make(chan int, p.size)
	for from := 0; from < p.size; from += grain {
		pieces <- from
	}
	close(pieces)
	parallel(procs, func(int) {
		for from := range pieces {
			p.rows(from, min(from+grain, p.size))
		}
	})
}

func (p *parallelProduct) check() {
	want := 0.0
	for k := 0; k < p.size; k++ {
		want += (3 + float64(k)) * (float64(k) - 5)
	}
	check(p.c[3][5] == want, "matmul")
}

func parallelMatmul() {
	p := &parallelProduct{size: parallelMatrix}
	if scale < 100 {
		p.size /= 8
	}
	for i := 0; i < p.size; i++ {
		for j := 0; j < p.size; j++ {
			p.a[i][j] = float64(i + j)
			p.b[i][j] = float64(i - j)
		}
	}
	var serial, parallel time.Duration
	for round := 0; round < parallelRounds; round++ {
		start := time.Now()
		p.rows(0, p.size)
		serial += time.Since(start)
		p.check()
		start = time.Now()
		p.parallelRows()
		parallel += time.Since(start)
		p.check()
	}
	parallelReport("matmul", serial, parallel)
}

func parallelFill(v []int64) {
	seed := uint64(1)
	for i := range v {
		seed = seed*6364136223846793005 + 1442695040888963407
		v[i] = int64(seed >> 33)
	}
}

func medianOfThree(a, b, c int64) int64 {
	return max(min(a, b), min(max(a, b), c))
}

// Quicksort whose smaller halves are goroutines, and what is small is sorted by the library.
func parallelSort(v []int64, wg *sync.WaitGroup) {
	for len(v) > parallelGrain {
		pivot := medianOfThree(v[0], v[len(v)/2], v[len(v)-1])
		i, j := 0, len(v)-1
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		small, large := v[:j+1], v[i:]
		if len(small) > len(large) {
			small, large = large, small
		}
		wg.Add(1)
		go func() {
			parallelSort(small, wg)
			wg.Done()
		}()
		v = large
	}
	slices.Sort(v)
}

func parallelSorts() {
	v := make([]int64, count(4000000))
	var serial, parallel time.Duration
	for round := 0; round < parallelRounds; round++ {
		parallelFill(v)
		start := time.Now()
		slices.Sort(v)
		serial += time.Since(start)
		parallelFill(v)
		start = time.Now()
		var wg sync.WaitGroup
		parallelSort(v, &wg)
		wg.Wait()
		parallel += time.Since(start)
		check(slices.IsSorted(v), "sorted")
	}
	parallelReport("sort", serial, parallel)
}

func parallelGroup() {
	parallelMatmul()
	parallelSorts()
}
