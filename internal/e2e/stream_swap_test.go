package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/internal/services/kafka"
)

// swapUnderLoad swaps models while 5000 messages a second come: every output is stamped with the digest of the model that made
// its bits, none is missing, and models that are corrupt or do not fit are refused.
func swapUnderLoad(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 3)
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".new", data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	first, err := os.ReadFile(x.model)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := os.ReadFile(golden.Path("lightgbm.txt"))
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.Replace(first, []byte("leaf_value=-1.1"), []byte("leaf_value=-1.4"), 1)
	write("one.txt", first)
	write("other.txt", second)
	write("corrupt.txt", first[:len(first)/2])
	write("wide.txt", wide)
	x.knows(filepath.Join(dir, "other.txt"))
	if len(x.predictions) != 2 {
		t.Fatal("the models do not differ")
	}
	alias := func(name string) { write("champion", []byte(name+"\n")) }
	alias("one.txt")
	addr := freeAddr(t)
	p := x.start("--model", filepath.Join(dir, "champion"), "--refresh", "300ms", "--metrics", addr)
	stop := x.produceEvery(10*time.Millisecond, 50)
	swaps, refused := 0.0, 0.0
	for _, name := range []string{"other.txt", "corrupt.txt", "one.txt", "wide.txt", "other.txt", "one.txt"} {
		begun := metric(addr, "glulam_stream_rows_scored_total")
		p.until("messages flow", func() bool { return metric(addr, "glulam_stream_rows_scored_total") > begun+1000 })
		if name == "corrupt.txt" || name == "wide.txt" {
			refused++
		} else {
			swaps++
		}
		alias(name)
		p.until(name+" is taken or refused", func() bool {
			return metric(addr, "glulam_model_swaps_total") >= swaps && metric(addr, "glulam_model_swaps_refused_total") >= refused
		})
		if got, no := metric(addr, "glulam_model_swaps_total"), metric(addr, "glulam_model_swaps_refused_total"); got != swaps || no != refused {
			t.Errorf("with %s there are %v swaps and %v refusals, want %v and %v", name, got, no, swaps, refused)
		}
	}
	stop()
	x.settled(p)
	p.stop()
	by := map[string]int{}
	for _, r := range x.read(len(x.sent), nil, x.out) {
		by[headerOf(r, "glulam-model")]++
	}
	if len(by) != 2 {
		t.Errorf("outputs by model: %v", by)
	}
	t.Logf("%d messages, by model %v", len(x.sent), by)
}
