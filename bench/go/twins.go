// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// So many goroutines run body(n / goroutines).
func parallelIn(goroutines, n int, body func(n int)) {
	var wg sync.WaitGroup
	wg.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go func() {
			body(n / goroutines)
			wg.Done()
		}()
	}
	wg.Wait()
}

// As many goroutines as there are processors.
func parallel(n int, body func(n int)) {
	parallelIn(runtime.GOMAXPROCS(0), n, body)
}

var workSink atomic.Uint64

func localWork(steps int) {
	x := uint64(1)
	for i := 0; i < steps; i++ {
		x = x*6364136223846793005 + 1
	}
	workSink.Store(x)
}

func makeChan[T any](row string, n int) int {
	sum := 0
	start := time.Now()
	for i := 0; i < n; i++ {
		c := make(chan T, 8)
		lastChan = c
		sum += cap(c)
	}
	reportSince("go/MakeChan/"+row, start, n)
	return sum
}

// Keeps the channels on the heap.
var lastChan any

func twinMakeChan() {
	n := count(1000000)
	sum := makeChan[byte]("Byte", n)
	sum += makeChan[int64]("Int", n)
	sum += makeChan[*byte]("Ptr", n)
	sum += makeChan[struct{}]("Struct0", n)
	sum += makeChan[[4]int64]("Struct32", n)
	sum += makeChan[[5]int64]("Struct40", n)
	check(sum == 6*8*n, "MakeChan")
}

func twinHundreds(shared chan int32, n int) {
	c := shared
	if c == nil {
		c = make(chan int32, 100)
	}
	for i := 0; i < n; i++ {
		for j := int32(0); j < 100; j++ {
			c <- j
		}
		for j := 0; j < 100; j++ {
			<-c
		}
	}
}

// What is queued when the channel is closed, received one by one.
func twinReceiveDataFromClosed() {
	n := count(5000000)
	c := make(chan int64, n)
	for i := 0; i < n; i++ {
		c <- int64(i)
	}
	close(c)
	sum := int64(0)
	start := time.Now()
	for v := range c {
		sum += v
	}
	reportSince("go/ReceiveDataFromClosedChan", start, n)
	check(sum == int64(n)*int64(n-1)/2, "what was received")
}

func twinShared() {
	n := count(10000000)
	c := make(chan int32)
	nonblocking := func(n int) {
		for i := 0; i < n; i++ {
			select {
			case _, ok := <-c:
				check(!ok, "nothing received")
			default:
			}
		}
	}
	start := time.Now()
	parallel(n, nonblocking)
	reportSince("go/ChanNonblocking", start, n)
	close(c)
	start = time.Now()
	parallel(n, nonblocking)
	reportSince("go/ChanClosed", start, n)
	twinReceiveDataFromClosed()

	n = count(20000)
	start = time.Now()
	parallel(n, func(n int) { twinHundreds(nil, n) })
	reportSince("go/ChanUncontended", start, n)
	c = make(chan int32, 100*runtime.GOMAXPROCS(0))
	start = time.Now()
	parallel(n, func(n int) { twinHundreds(c, n) })
	reportSince("go/ChanContended", start, n)

	n = count(2000000)
	start = time.Now()
	parallel(n, func(n int) {
		for i := 0; i < n; i++ {
			c := make(chan int32, 1)
			c <- 7
			check(<-c == 7, "ChanCreation")
		}
	})
	reportSince("go/ChanCreation", start, n)
	sem := make(chan struct{}, runtime.GOMAXPROCS(0))
	start = time.Now()
	parallel(n, func(n int) {
		for i := 0; i < n; i++ {
			sem <- struct{}{}
			<-sem
		}
	})
	reportSince("go/ChanSem", start, n)
}

func twinSync(row string, work, n int) {
	c := make(chan int32)
	var wg sync.WaitGroup
	wg.Add(2)
	start := time.Now()
	for _, first := range []bool{true, false} {
		go func() {
			for i := 0; i < n; i++ {
				if first {
					c <- 0
				}
				<-c
				if !first {
					c <- 0
				}
				localWork(work)
			}
			wg.Done()
		}()
	}
	wg.Wait()
	reportSince(row, start, n)
}

func twinProdCons(row string, capacity, work, n int) {
	c := make(chan int32, capacity)
	procs := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	wg.Add(2 * procs)
	start := time.Now()
	for i := 0; i < procs; i++ {
		go func() {
			for i := 0; i < n/procs; i++ {
				localWork(work)
				c <- 1
			}
			wg.Done()
		}()
		go func() {
			for i := 0; i < n/procs; i++ {
				check(<-c == 1, "value received")
				localWork(work)
			}
			wg.Done()
		}()
	}
	wg.Wait()
	reportSince(row, start, n)
}

func twinPopular(n int) {
	const popular = 1000
	var own [popular]chan int32
	shared := make(chan int32)
	var wg sync.WaitGroup
	wg.Add(popular)
	start := time.Now()
	for i := range own {
		c := make(chan int32)
		own[i] = c
		go func() {
			for i := 0; i < n; i++ {
				select {
				case <-shared:
				case <-c:
				}
			}
			wg.Done()
		}()
	}
	for i := 0; i < n; i++ {
		for _, c := range own {
			c <- 1
		}
	}
	wg.Wait()
	reportSince("go/ChanPopular", start, n)
}

func goChanGroup() {
	n := count(1000000)
	twinMakeChan()
	twinShared()
	twinSync("go/ChanSync", 0, n)
	twinSync("go/ChanSyncWork", 1000, n/10)
	twinProdCons("go/ChanProdCons0", 0, 0, n)
	twinProdCons("go/ChanProdCons10", 10, 0, n)
	twinProdCons("go/ChanProdCons100", 100, 0, n)
	twinProdCons("go/ChanProdConsWork0", 0, 100, n)
	twinProdCons("go/ChanProdConsWork10", 10, 100, n)
	twinProdCons("go/ChanProdConsWork100", 100, 100, n)
	twinPopular(n / 2000)
}

func twinBounce(a, b chan int32, n int) {
	a <- 0
	for i := 0; i < n; i++ {
		select {
		case <-a:
			b <- 0
		case <-b:
			a <- 0
		}
	}
}

func twinTake(c *[3]chan int32, n int) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		for {
			select {
			case c[0] <- 0:
			case c[1] <- 0:
			case c[2] <- 0:
			case <-done:
				close(gone)
				return
			}
		}
	}()
	for i := 0; i < n; i++ {
		select {
		case <-c[0]:
		case <-c[1]:
		case <-c[2]:
		}
	}
	close(done)
	<-gone
}

func twinNonblock(c *[4]chan int32, n int) {
	for i := 0; i < n; i++ {
		select {
		case <-c[0]:
		default:
		}
		select {
		case c[1] <- 0:
		default:
		}
		select {
		case <-c[2]:
		default:
		}
		select {
		case c[3] <- 0:
		default:
		}
	}
}

func twinSelectProdCons(n int) {
	data, quit := make(chan int32, 128), make(chan int32)
	never := time.After(time.Hour)
	procs := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	wg.Add(2 * procs)
	start := time.Now()
	for i := 0; i < procs; i++ {
		go func() {
			for i := 0; i < n/procs; i++ {
				localWork(100)
				select {
				case data <- 1:
				case <-never:
					check(false, "never")
				case <-quit:
					check(false, "quit")
				}
			}
			wg.Done()
		}()
		go func() {
			for i := 0; i < n/procs; i++ {
				var v int32
				select {
				case v = <-data:
				case <-never:
				case <-quit:
				}
				check(v == 1, "value received")
				localWork(100)
			}
			wg.Done()
		}()
	}
	wg.Wait()
	reportSince("go/SelectProdCons", start, n)
}

func goSelectGroup() {
	n := count(1000000)
	procs := runtime.GOMAXPROCS(0)

	start := time.Now()
	parallel(n, func(n int) { twinBounce(make(chan int32, 1), make(chan int32, 1), n) })
	reportSince("go/SelectUncontended", start, n)
	a, b := make(chan int32, procs), make(chan int32, procs)
	start = time.Now()
	parallel(n, func(n int) { twinBounce(a, b, n) })
	reportSince("go/SelectAsyncContended", start, n)
	take := [3]chan int32{make(chan int32), make(chan int32), make(chan int32)}
	start = time.Now()
	parallel(n/2, func(n int) { twinTake(&take, n) })
	reportSince("go/SelectSyncContended", start, n/2)
	mixed := [4]chan int32{make(chan int32), make(chan int32), make(chan int32, 1),
		make(chan int32, 1)}
	start = time.Now()
	parallel(n, func(n int) { twinNonblock(&mixed, n) })
	reportSince("go/SelectNonblock", start, n)
	twinSelectProdCons(n / 2)
}

func twinChain(wg *sync.WaitGroup, left int) {
	if left == 0 {
		wg.Done()
	} else {
		go twinChain(wg, left-1)
	}
}

func twinChains(row string, chains, n int) {
	var wg sync.WaitGroup
	wg.Add(chains)
	start := time.Now()
	for i := 0; i < chains; i++ {
		go twinChain(&wg, n/chains)
	}
	wg.Wait()
	reportSince(row, start, n)
}

func twinCapture(n int) {
	a, b := 1, 2
	var sum atomic.Int64
	start := time.Now()
	for i := 0; i < n; i++ {
		var wg sync.WaitGroup
		wg.Add(4)
		for j := 0; j < 4; j++ {
			go func() {
				sum.Add(int64(a + b))
				wg.Done()
			}()
		}
		wg.Wait()
	}
	reportSince("go/CreateGoroutinesCapture", start, n)
	check(sum.Load() == int64(12*n), "captured values")
}

func twinSingle(n int) {
	var wg sync.WaitGroup
	wg.Add(n)
	start := time.Now()
	for i := 0; i < n; i++ {
		go spawnNothing(&wg)
	}
	wg.Wait()
	reportSince("go/CreateGoroutinesSingle", start, n)
}

func twinPingPongHog(n int) {
	procs := runtime.GOMAXPROCS(1)
	stop, out, in := make(chan struct{}), make(chan int32), make(chan int32)
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		for running := true; running; {
			select {
			case <-stop:
				running = false
			default:
				runtime.Gosched()
			}
		}
		wg.Done()
	}()
	go func() {
		for i := 0; i < n; i++ {
			<-out
			in <- 1
		}
		wg.Done()
	}()
	start := time.Now()
	for i := 0; i < n; i++ {
		out <- 0
		<-in
	}
	reportSince("go/PingPongHog", start, n)
	stop <- struct{}{}
	wg.Wait()
	runtime.GOMAXPROCS(procs)
}

const (
	matrixSize = 128
	matrixLeaf = 8
)

type matrixBlock struct {
	lo, hi [3]int // rows, columns, depth of a product
}

var matrixA, matrixB, matrixC [matrixSize][matrixSize]float64

func matmultLeaf(t *matrixBlock) {
	for i := t.lo[0]; i < t.hi[0]; i++ {
		for j := t.lo[1]; j < t.hi[1]; j++ {
			for k := t.lo[2]; k < t.hi[2]; k++ {
				matrixC[i][j] += matrixA[i][k] * matrixB[k][j]
			}
		}
	}
}

func matmult(t *matrixBlock, done chan struct{}) {
	longest := 0
	for d := 1; d < 3; d++ {
		if t.hi[d]-t.lo[d] > t.hi[longest]-t.lo[longest] {
			longest = d
		}
	}
	if t.hi[longest]-t.lo[longest] < matrixLeaf {
		matmultLeaf(t)
	} else {
		low, high := *t, *t
		middle := (t.lo[longest] + t.hi[longest]) / 2
		low.hi[longest], high.lo[longest] = middle, middle
		if longest == 2 {
			matmult(&low, nil)
			matmult(&high, nil)
		} else {
			half := make(chan struct{}, 1)
			go matmult(&low, half)
			matmult(&high, nil)
			<-half
		}
	}
	if done != nil {
		done <- struct{}{}
	}
}

func twinMatrices(rounds int) {
	all := matrixBlock{hi: [3]int{matrixSize, matrixSize, matrixSize}}
	for i := range matrixA {
		for j := range matrixA[i] {
			matrixA[i][j] = float64(i + j)
			matrixB[i][j] = float64(i - j)
		}
	}
	start := time.Now()
	for i := 0; i < rounds; i++ {
		matmult(&all, nil)
	}
	report("go/Matmult", float64(time.Since(start).Nanoseconds())/1e6/float64(rounds), "ms")
	want := 0.0
	for k := 0; k < matrixSize; k++ {
		want += (3 + float64(k)) * (float64(k) - 5)
	}
	check(matrixC[3][5] == want*float64(rounds), "Matmult")
}

func goSchedGroup() {
	n := count(1000000)
	twinChains("go/CreateGoroutines", 1, n)
	twinChains("go/CreateGoroutinesParallel", runtime.GOMAXPROCS(0), n)
	twinCapture(n / 4)
	twinSingle(n)
	twinPingPongHog(n / 4)
	twinMatrices(10)
}
