// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	mapMostly  = 1023
	mapEven    = 128
	mapMixKeys = 1024
	mapMix     = 16
)

// Keys below hits are in the map, the others are not.
func mapRow(row string, hits, misses, n int, body func(m *sync.Map, first, n int)) {
	var m sync.Map
	var started atomic.Int64
	part := n / runtime.GOMAXPROCS(0)
	for i := 0; i < hits; i++ {
		m.Store(i, i)
	}
	start := time.Now()
	parallel(n, func(n int) { body(&m, part*int(started.Add(1)-1), n) })
	reportSince(row, start, n)
}

func mapLoadRow(row string, hits, misses, n int) {
	all := hits + misses
	mapRow(row, hits, misses, n, func(m *sync.Map, first, n int) {
		found, wanted := 0, 0
		for i := first; i < first+n; i++ {
			if _, ok := m.Load(i % all); ok {
				found++
			}
			if i%all < hits {
				wanted++
			}
		}
		check(found == wanted, row)
	})
}

// Every other time a key that is there, else a new one.
func mapBalancedKey(i int) int {
	if i%(2*mapEven) < mapEven {
		return i % (2 * mapEven)
	}
	return i + 2*mapEven
}

func goMapGroup() {
	n := count(20000000)
	mapLoadRow("go/MapLoadMostlyHits", mapMostly, 1, n)
	mapLoadRow("go/MapLoadMostlyMisses", 1, mapMostly, n)
	mapRow("go/MapLoadOrStoreBalanced", mapEven, mapEven, n/10,
		func(m *sync.Map, first, n int) {
			for i := first; i < first+n; i++ {
				key := mapBalancedKey(i)
				_, loaded := m.LoadOrStore(key, i)
				check(loaded == (key < mapEven), "LoadOrStore")
			}
		})
	mapRow("go/MapLoadAndDeleteBalanced", mapEven, mapEven, n,
		func(m *sync.Map, first, n int) {
			for i := first; i < first+n; i++ {
				m.LoadAndDelete(mapBalancedKey(i))
			}
		})
	mapRow("go/MapMixed", mapMixKeys, 0, n/2, func(m *sync.Map, first, n int) {
		state := uint64(first + 1)
		for i := 0; i < n; i++ {
			state = state*6364136223846793005 + 1442695040888963407
			key := int(state >> 33 % mapMixKeys)
			switch i % mapMix {
			case 0:
				m.Store(key, key)
			case mapMix / 2:
				m.Delete(key)
			default:
				if value, ok := m.Load(key); ok {
					check(value == key, "Mixed")
				}
			}
		}
	})
}
