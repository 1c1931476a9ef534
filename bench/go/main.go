// SPDX-License-Identifier: MIT

// Leatbench is the Go twin of leat-bench: the same groups, shapes and counts.
//
//	leatbench-go [--scale PERCENT] GROUP...   runs groups, prints `name value unit` lines
//	leatbench-go                              lists its groups
package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

var scale = 100

var groups = []struct {
	name string
	run  func()
}{
	{"yield", yieldGroup},
	{"pingpong", pingpongGroup},
	{"buffered", bufferedGroup},
	{"sieve", sieveGroup},
	{"spawn", spawnGroup},
	{"million", millionGroup},
	{"skynet", skynetGroup},
	{"fib", fibGroup},
	{"select", selectGroup},
	{"parked", parkedGroup},
	{"sleep5", sleep5Group},
	{"sleep6", sleep6Group},
	{"wake_timer", wakeTimerGroup},
	{"wake_foreign", wakeForeignGroup},
	{"idle", idleGroup},
	{"idle_worker", idleWorkerGroup},
	{"sync", syncGroup},
	{"contended", contendedGroup},
	{"readers", readersGroup},
	{"handover", handoverGroup},
	{"timers", timersGroup},
	{"parallel", parallelGroup},
	{"blocking", blockingGroup},
	{"go_chan", goChanGroup},
	{"go_select", goSelectGroup},
	{"go_sched", goSchedGroup},
	{"go_context", goContextGroup},
	{"go_sync", goSyncGroup},
	{"go_lock", goLockGroup},
	{"go_time", goTimeGroup},
	{"go_pool", goPoolGroup},
	{"go_map", goMapGroup},
}

func check(ok bool, what string) {
	if !ok {
		fmt.Fprintln(os.Stderr, "wrong result:", what)
		os.Exit(1)
	}
}

func count(full int) int {
	return max(full/100*scale, 100)
}

func report(name string, value float64, unit string) {
	fmt.Printf("%s %.6g %s\n", name, value, unit)
}

func reportSince(name string, start time.Time, ops int) {
	report(name, float64(time.Since(start).Nanoseconds())/float64(ops), "ns")
}

func reportLate(name string, late []int64) {
	slices.Sort(late)
	n := len(late)
	report(name+"_p50", float64(late[n/2])/1e3, "us")
	report(name+"_p99", float64(late[n-1-n/100])/1e3, "us")
}

func main() {
	if len(os.Args) < 2 {
		for _, g := range groups {
			fmt.Println(g.name)
		}
		return
	}
	for i := 1; i < len(os.Args); i++ {
		if os.Args[i] == "--scale" && i+1 < len(os.Args) {
			i++
			scale, _ = strconv.Atoi(os.Args[i])
			continue
		}
		found := false
		for _, g := range groups {
			if g.name == os.Args[i] {
				g.run()
				found = true
			}
		}
		if !found {
			fmt.Fprintln(os.Stderr, "no group", os.Args[i])
			os.Exit(2)
		}
	}
}
