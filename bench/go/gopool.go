// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"time"
)

const (
	poolBurst   = 100
	poolStarved = 67
)

func poolBursts(p *sync.Pool, object any, puts, n int) {
	for i := 0; i < n; i++ {
		for k := 0; k < puts; k++ {
			p.Put(object)
		}
		for k := 0; k < poolBurst; k++ {
			p.Get()
		}
	}
}

func poolRow(row string, n int, body func(p *sync.Pool, n int)) {
	var p sync.Pool
	start := time.Now()
	parallel(n, func(n int) { body(&p, n) })
	reportSince(row, start, n)
}

func goPoolGroup() {
	var object any = new(int)
	poolRow("go/Pool", count(50000000), func(p *sync.Pool, n int) {
		for i := 0; i < n; i++ {
			p.Put(object)
			p.Get()
		}
	})
	poolRow("go/PoolOverflow", count(300000), func(p *sync.Pool, n int) {
		poolBursts(p, object, poolBurst, n)
	})
	poolRow("go/PoolStarvation", count(300000), func(p *sync.Pool, n int) {
		poolBursts(p, object, poolStarved, n)
	})
}
