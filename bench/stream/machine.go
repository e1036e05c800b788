package main

import (
	"fmt"
	"io"

	"github.com/glulam/glulam/bench/internal/report"
)

// heading says what was measured, where and when.
func (b *bench) heading(w io.Writer) {
	m := report.ThisMachine()
	fmt.Fprintf(w, "# glulam stream, side by side\n\nPrinted by `go run ./bench/stream`; see the [program](../bench/stream/main.go) for what is compared, and how.\n\n")
	fmt.Fprintf(w, "%s; %s, %d cores, %s, go%s; model %s, %d partitions, %d rounds of %s after %s that do not count.\n", m.Date, m.CPU, m.Cores, m.System, m.Go,
		b.model, b.parts, b.rounds, b.counted, b.warm)
	fmt.Fprintf(w, "Broker, load, consumer and what is measured share these cores: the ratios count.\n")
}

// footing says how much of the machine was somebody else's.
func footing(w io.Writer, stolen string) {
	if stolen != "" {
		fmt.Fprintf(w, "\n%s\n", stolen)
	}
}
