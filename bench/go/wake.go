// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func wakeTimes() int {
	if scale < 100 {
		return 50
	}
	return 500
}

func wakeTimerGroup() {
	late := make([]int64, wakeTimes())
	for i := range late {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late[i] = (time.Since(start) - time.Millisecond).Nanoseconds()
		check(late[i] >= 0, "slept long enough")
	}
	reportLate("wake_timer", late)
}

// The nearest Go has to a foreign thread: a goroutine that has a thread of its own.
func wakeForeignGroup() {
	c := make(chan time.Time, 128)
	late := make([]int64, wakeTimes())
	go func() {
		runtime.LockOSThread()
		for range late {
			syscall.Nanosleep(&syscall.Timespec{Nsec: 1000000}, nil)
			c <- time.Now()
		}
	}()
	for i := range late {
		late[i] = time.Since(<-c).Nanoseconds()
	}
	reportLate("wake_foreign", late)
}

func idleWorkerGroup() {
	c := make(chan int, 10)
	for i := 0; i < 10000; i++ {
		go func() { c <- i }()
	}
	for i := 0; i < 10000; i++ {
		<-c
	}
	time.Sleep(time.Millisecond)
	fmt.Println("idle")
	time.Sleep(60 * time.Second)
}

func switches(pid int) int {
	sum := 0
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		for _, line := range strings.Split(string(text), "\n") {
			if _, n, ok := strings.Cut(line, "voluntary_ctxt_switches:"); ok {
				v, _ := strconv.Atoi(strings.TrimSpace(n))
				sum += v
			}
		}
	}
	return sum
}

func idleGroup() {
	cmd := exec.Command("/proc/self/exe", "idle_worker")
	out, err := cmd.StdoutPipe()
	check(err == nil && cmd.Start() == nil, "start of the idle worker")
	_, err = bufio.NewReader(out).ReadString('\n')
	check(err == nil, "line of the idle worker")
	span := 5 * time.Second
	if scale < 100 {
		span = time.Second
	}
	time.Sleep(time.Second)
	before := switches(cmd.Process.Pid)
	time.Sleep(span)
	report("idle_switches", float64(switches(cmd.Process.Pid)-before), "n")
	cmd.Process.Kill()
	cmd.Wait()
}
