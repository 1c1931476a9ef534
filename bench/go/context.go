// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"runtime"
	"strconv"
	"time"
)

const (
	ctxWork  = 100
	ctxBatch = 10
)

type ctxKey int

// Keeps contexts on the heap.
var lastCtx context.Context

func ctxCommonParent() {
	n := count(2000000)
	root, cancelRoot := context.WithCancel(context.Background())
	shared := context.WithValue(root, ctxKey(1), &scale)
	start := time.Now()
	parallel(n, func(n int) {
		for i := 0; i < n; i++ {
			ctx, cancel := context.WithCancel(shared)
			check(ctx.Value(ctxKey(1)) == &scale, "value")
			localWork(ctxWork)
			cancel()
		}
	})
	reportSince("go/CommonParentCancel", start, n)
	cancelRoot()
}

// With so many timers alive beside them.
func ctxWithTimeout(alive int) {
	n := count(200000)
	beside := make([]context.CancelFunc, alive)
	for i := range beside {
		_, beside[i] = context.WithTimeout(context.Background(), time.Hour+time.Duration(i))
	}
	runtime.GC()
	start := time.Now()
	parallel(n, func(n int) {
		var batch [ctxBatch]context.CancelFunc
		for i := 0; i < n; i++ {
			for k := range batch {
				_, batch[k] = context.WithTimeout(context.Background(), time.Hour)
			}
			for _, cancel := range batch {
				cancel()
			}
		}
	})
	reportSince("go/WithTimeout/"+strconv.Itoa(alive), start, n)
	for _, cancel := range beside {
		cancel()
	}
}

func ctxTree(depth int) {
	n, over := count(4000000)/depth, 0
	start := time.Now()
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		for d := 1; d < depth; d++ {
			ctx, _ = context.WithCancel(ctx)
		}
		cancel()
		if ctx.Err() == context.Canceled {
			over++
		}
		lastCtx = ctx
	}
	reportSince("go/CancelTree/"+strconv.Itoa(depth), start, n)
	check(over == n, "cancel tree")
}

func ctxCheck() {
	ctx, cancel := context.WithCancel(context.Background())
	n, seen := count(50000000), 0
	ctx.Done()
	cancel()
	start := time.Now()
	for i := 0; i < n; i++ {
		if ctx.Err() != nil {
			seen++
		}
	}
	reportSince("go/CheckCanceled/Err", start, n)
	start = time.Now()
	for i := 0; i < n; i++ {
		select {
		case <-ctx.Done():
			seen++
		default:
		}
	}
	reportSince("go/CheckCanceled/Done", start, n)
	check(seen == 2*n, "check canceled")
}

func ctxCancelDone() {
	n := count(50000000)
	ctx, cancel := context.WithCancel(context.Background())
	start := time.Now()
	parallel(n, func(n int) {
		over := 0
		for i := 0; i < n; i++ {
			select {
			case <-ctx.Done():
				over++
			default:
			}
		}
		check(over == 0, "cancel done")
	})
	reportSince("go/ContextCancelDone", start, n)
	cancel()
}

func ctxDeepValue(depth int) {
	n, found := count(20000000)/depth, 0
	ctx := context.Background()
	for d := 0; d < depth; d++ {
		ctx = context.WithValue(ctx, ctxKey(1), &scale)
	}
	start := time.Now()
	for i := 0; i < n; i++ {
		if ctx.Value(ctxKey(2)) != nil {
			found++
		}
	}
	reportSince("go/DeepValue/"+strconv.Itoa(depth), start, n)
	check(found == 0, "deep value")
}

func goContextGroup() {
	ctxCommonParent()
	for _, alive := range []int{40, 4000, 400000} {
		ctxWithTimeout(alive)
	}
	for _, depth := range []int{1, 10, 100, 1000} {
		ctxTree(depth)
	}
	ctxCheck()
	ctxCancelDone()
	for _, depth := range []int{10, 100} {
		ctxDeepValue(depth)
	}
}
