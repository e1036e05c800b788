package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Room is how many bytes the heap grows by, beyond what is live, before they are collected. A heap that is larger than that
// doubles, as with Go's default.
const Room = 96 << 20

// most is the largest percentage that is set. A heap so small that this is less than Room grows fast, and then is not.
const most = 1000

var begun atomic.Bool

// Roomy begins to go by Room, for as long as the process runs; another call changes nothing. Where GOGC is set it rules instead.
// GOMEMLIMIT holds in any case. Safe for concurrent use.
func Roomy() {
	if os.Getenv("GOGC") != "" || begun.Swap(true) {
		return
	}
	debug.SetGCPercent(most)
	onCollection(most)
}

// onCollection sets the percentage that a collection suggests after it, and after each later one.
func onCollection(last int) {
	// Nobody holds the sentinel: the next collection finds it.
	runtime.AddCleanup(new([16]byte), func(last int) {
		now := percent(live())
		if now > last+last/8 || now < last-last/8 { // setting it stops the world, for some microseconds
			debug.SetGCPercent(now)
			last = now
		}
		onCollection(last)
	}, last)
}

// percent is what makes the collector wait for Room.
func percent(live uint64) int {
	return int(min(max(Room*100/max(live, 1), 100), most))
}

// live is how many bytes the last collection found in use.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}
