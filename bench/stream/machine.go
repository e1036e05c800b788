package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// heading says what was measured, where and when.
func (b *bench) heading(w io.Writer) {
	fmt.Fprintf(w, "# glulam stream, side by side\n\nPrinted by `go run ./bench/stream`; see the [program](../bench/stream/main.go) for what is compared, and how.\n\n")
	fmt.Fprintf(w, "%s; %s, %d cores, %s/%s, %s; model %s, %d partitions, %d rounds of %s after %s that do not count.\n", time.Now().UTC().Format("2 January 2006"), processor(), runtime.NumCPU(),
		runtime.GOOS, runtime.GOARCH, runtime.Version(), b.model, b.parts, b.rounds, b.counted, b.warm)
	fmt.Fprintf(w, "Broker, load, consumer and what is measured share these cores: the ratios count.\n")
}

// processor names the processor, as Linux does.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t: \n")
		}
	}
	return "some processor"
}

// stolen is the CPU time, of all cores, that Linux says the machine's host gave to others, and all there was; in ticks.
func stolen() (steal, all int64) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		n, _ := strconv.ParseInt(f, 10, 64)
		if i >= 1 && i <= 8 {
			all += n
		}
		if i == 8 {
			steal = n
		}
	}
	return steal, all
}

// footing says how much of the machine was somebody else's.
func footing(w io.Writer, steal, all int64) {
	s, a := stolen()
	if a > all {
		fmt.Fprintf(w, "\nOf the cores' time, the host gave %.0f%% to others while this was measured.\n", 100*float64(s-steal)/float64(a-all))
	}
}
