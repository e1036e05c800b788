package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

// writeFile makes a CSV file of n rows in dir.
func writeFile(t *testing.T, dir, name string, n int) Input {
	t.Helper()
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,\"x\n%d\"\n", i, i)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return Input{Path: path}
}

// TestPlanCoversInput holds that units and pieces cover every byte behind the header exactly once and in order, that
// their record counts add up, and that the checksum is the file's.
func TestPlanCoversInput(t *testing.T) {
	dir := t.TempDir()
	in := []Input{writeFile(t, dir, "a.csv", 1000), writeFile(t, dir, "b.csv", 1), writeFile(t, dir, "c.csv", 333)}
	for _, shards := range []int{0, 1, 2, 3, 7, 64} {
		units, inputs, err := plan(context.Background(), PlanOptions{Run: t.Name(), Files: in, Format: Format{Name: "csv"}, Shards: shards})
		if err != nil {
			t.Fatal(err)
		}
		if shards > 0 && len(units) > shards {
			t.Errorf("%d shards asked for, %d units", shards, len(units))
		}
		if shards > 1 && shards <= 7 && len(units) < shards-1 {
			t.Errorf("%d shards asked for, only %d units", shards, len(units))
		}
		next := map[string]int64{}
		rows := map[string]int64{}
		var order []string
		for i, u := range units {
			if int(u.Index) != i || len(u.Pieces) == 0 {
				t.Fatalf("unit %d has index %d and %d pieces", i, u.Index, len(u.Pieces))
			}
			for _, p := range u.Pieces {
				name := p.File.Path
				if len(order) == 0 || order[len(order)-1] != name {
					order = append(order, name)
					next[name] = 4 // behind the header
				}
				if p.Piece.Start != next[name] || p.Piece.FirstRow != rows[name] {
					t.Errorf("%s: piece starts at byte %d, row %d; want %d, %d", name, p.Piece.Start, p.Piece.FirstRow, next[name], rows[name])
				}
				next[name] = p.Piece.End
				rows[name] += p.Piece.Rows
			}
		}
		for i, want := range []int64{1000, 1, 333} {
			data, err := os.ReadFile(in[i].Path)
			if err != nil {
				t.Fatal(err)
			}
			if rows[in[i].Path] != want || next[in[i].Path] != int64(len(data)) {
				t.Errorf("%s: %d rows up to byte %d; want %d, %d", in[i].Path, rows[in[i].Path], next[in[i].Path], want, len(data))
			}
			if sum := fmt.Sprintf("xxh64:%016x", xxhash.Sum64(data)); inputs[i].Checksum != sum || inputs[i].Size != int64(len(data)) {
				t.Errorf("%s: %+v, want %s of %d bytes", in[i].Path, inputs[i], sum, len(data))
			}
		}
		if len(order) != 3 {
			t.Errorf("files were interleaved: %v", order)
		}
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"b.csv", "a.csv", "[x].csv"} {
		writeFile(t, dir, n, 1)
	}
	names := func(patterns ...string) []string {
		t.Helper()
		for i, p := range patterns {
			patterns[i] = filepath.Join(dir, p)
		}
		got, err := Expand(patterns)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range got {
			got[i] = filepath.Base(n)
		}
		return got
	}
	if got := names("b.csv", "*.csv"); fmt.Sprint(got) != "[b.csv [x].csv a.csv]" {
		t.Errorf("got %v", got)
	}
	if got := names("[x].csv"); fmt.Sprint(got) != "[[x].csv]" {
		t.Errorf("a file whose name looks like a pattern: got %v", got)
	}
	for pattern, code := range map[string]fault.Code{
		filepath.Join(dir, "*.parquet"): fault.NotFound,
		filepath.Join(dir, "[a"):        fault.Usage,
		"gs://bucket/*.csv":             fault.Unsupported,
	} {
		if _, err := Expand([]string{pattern}); fault.CodeOf(err) != code {
			t.Errorf("%s: %v, want code %s", pattern, err, code)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]string{"a.csv": "csv", "a.csv.gz": "csv", "A.JSONL.zst": "jsonl", "a.ndjson": "jsonl", "x/a.parquet": "parquet", "a.tsv.gz": "csv", "a": "", "a.gz": ""} {
		f, err := FormatOf(name)
		if f.Name != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", name, f.Name, err, want)
		}
	}
}

// TestChangedWhileRead: a file that is touched or grows after it was planned is found, also after its last piece.
func TestChangedWhileRead(t *testing.T) {
	in := writeFile(t, t.TempDir(), "a.csv", 10)
	units, _, err := plan(t.Context(), PlanOptions{Run: t.Name(), Files: []Input{in}, Format: Format{Name: "csv"}})
	if err != nil {
		t.Fatal(err)
	}
	p := &units[0].Pieces[0]
	if err := p.unchanged(); err != nil {
		t.Fatal(err)
	}
	f := &readFn{Options: ReadOptions{Run: t.Name(), Format: Format{Name: "csv"}, Columns: []block.Column{{Column: format.Column{Name: "a", Kind: format.Number}}}}}
	if err := f.Setup(); err != nil {
		t.Fatal(err)
	}
	touched := false
	touch := func(block.Block) { // the file changes after its rows were read
		touched = true
		if err := os.Chtimes(in.Path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	err = f.piece(t.Context(), p, block.Origin{}, &Report{}, touch, func(block.Rejected) {})
	if fault.CodeOf(err) != fault.Changed || !touched {
		t.Errorf("touched: %t, got %v", touched, err)
	}
}
