package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// soaked runs glulam for a long time at a rate, and tells of its memory, goroutines, files and latency piece by piece.
func (b *bench) soaked(ctx context.Context, rate int) error {
	metrics, err := freeAddr()
	if err != nil {
		return err
	}
	in, out, err := b.fresh(ctx)
	if err != nil {
		return err
	}
	c := &contender{name: "glulam"}
	summary := "jsonl:" + b.dir + "/summaries.jsonl"
	cmd := b.stream(b.model, in, out, "--metrics", metrics, "--window", "10s", "--summary", summary, "--refresh", "5s")
	c.command = func(string, string) *exec.Cmd { return cmd }
	p, err := b.start(c, in, out)
	if err != nil {
		return err
	}
	const pieces = 12
	piece := b.soak / pieces
	fmt.Printf("%s at %d messages a second:\n\n| minutes | p50 | p95 | p99 | max | sent | seen | resident MB | heap MB | goroutines | files |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n", b.soak, rate)
	begin := time.Now()
	d := driver{addr: b.addr, in: in, out: out, parts: b.parts, message: number(b.rows), rate: rate, warm: b.warm, counted: piece, edge: p.edge}
	for range pieces {
		m, derr := d.drive(ctx)
		if derr != nil {
			err = derr
			break
		}
		g, gerr := gauges(ctx, metrics)
		if gerr != nil {
			err = gerr
			break
		}
		q := func(q float64) float64 { return millis(m.latency.Quantile(q)) }
		fmt.Printf("| %.1f | %.2f | %.2f | %.2f | %.1f | %d | %d | %.1f | %.1f | %.0f | %.0f |\n", time.Since(begin).Minutes(), q(.5), q(.95), q(.99), millis(m.latency.Max),
			m.sent, m.latency.Count, g["process_resident_memory_bytes"]/1e6, g["go_memstats_heap_alloc_bytes"]/1e6, g["go_goroutines"], g["process_open_fds"])
	}
	_, err = p.finish(err)
	return err
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// gauges reads the metrics without labels.
func gauges(ctx context.Context, addr string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			out[name] = v
		}
	}
	return out, lines.Err()
}
