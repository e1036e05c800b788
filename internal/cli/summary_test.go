package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/transforms/files"
)

// bigRun is the manifest of a large run with bad rows, and its dead letters on disk.
func bigRun(t *testing.T) (files.Manifest, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, files.RejectedDir), 0o755); err != nil {
		t.Fatal(err)
	}
	letter := `{"source":"rows-7.csv","row":1234567,"offset":98765,"code":"bad_number","field":"dep_delay","message":"\"abc\" is not a number","stage":"read","raw":"a"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, files.RejectedDir, "part-00000.jsonl"), []byte(letter), 0o644); err != nil {
		t.Fatal(err)
	}
	return files.Manifest{
		Glulam: "1.2.3",
		Model:  files.ModelInfo{Name: "flights", Digest: "sha256:" + strings.Repeat("0123456789abcdef", 4), Format: "lightgbm v4", Objective: "binary sigmoid:1", Engine: "reference"},
		Inputs: []files.InputFile{{Name: "rows-7.csv", Size: 1_000_000_000, Rows: 10_000_100}, {Name: "rows-8.csv", Size: 700_000_000}},
		Rows: files.RowCounts{In: 10_000_100, Scored: 10_000_000, Rejected: 100, Blank: 3,
			RejectedByCode: map[string]int64{"bad_number": 60, "field_count": 20, "bad_quote": 20}},
		Rejected: []files.OutputFile{{Name: "rejected/part-00000.jsonl", Rows: 60, Bytes: 9000}, {Name: "rejected/part-00001.jsonl", Rows: 40, Bytes: 8000}},
		Outputs:  []files.OutputFile{{Name: "part-00000.csv", Rows: 6_000_000, Bytes: 1_100_000_000}, {Name: "part-00001.csv", Rows: 4_000_000, Bytes: 800_000_000}},
	}, dir
}

func TestSummaryText(t *testing.T) {
	m, dir := bigRun(t)
	s := newSummary(m, dir, 83_456*time.Millisecond, 312_000_000)
	s.Output.Directory, s.DeadLetters.Directory = "out/./predictions/", "out/predictions/rejected"
	const want = `  rows in        10,000,100
  scored         10,000,000  >99.99%
  rejected              100  <0.01%
    bad_number           60
    bad_quote            20
    field_count          20
    first        rows-7.csv row 1,234,567: dep_delay: "abc" is not a number
  without rows            1  rows-8.csv

  time           1 min 23 s, 119,825 rows/s
  peak memory    312 MB
  model          flights (lightgbm v4, binary sigmoid:1), reference engine
  digest         sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  output         out/predictions/  2 files, 1.90 GB
  dead letters   out/predictions/rejected/  2 files, 17.0 kB
`
	if diff := cmp.Diff(want, s.text()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const finding = "all other rows were scored; --max-rejected 100 or 0.001% would let this pass"
	if got := s.finding().hint; got != finding {
		t.Errorf("%q, not %q", got, finding)
	}
}

// The keys of the JSON are a promise.
func TestSummaryKeys(t *testing.T) {
	m, dir := bigRun(t)
	data, err := json.Marshal(newSummary(m, dir, time.Second, 1))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	var got []string
	var walk func(prefix string, v map[string]any)
	walk = func(prefix string, v map[string]any) {
		for k, e := range v {
			got = append(got, prefix+k)
			if m, ok := e.(map[string]any); ok {
				walk(prefix+k+".", m)
			}
		}
	}
	walk("", v)
	for _, want := range []string{
		"glulam", "model.name", "model.digest", "model.format", "model.objective", "model.engine",
		"inputs.files", "inputs.bytes", "rows.in", "rows.scored", "rows.rejected", "rows.rejected_by_code.bad_number", "rows.blank",
		"max_rejected", "over_limit", "first_rejected.source", "first_rejected.row", "first_rejected.offset", "first_rejected.code",
		"first_rejected.field", "first_rejected.message", "output.directory", "output.files", "output.bytes",
		"dead_letters.directory", "dead_letters.files", "dead_letters.bytes", "seconds", "rows_per_second", "peak_memory_bytes",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no key %s", want)
		}
	}
}

func TestPeakMemory(t *testing.T) {
	if p := peakMemory(); p != 0 && (p < 1<<20 || p > 1<<40) {
		t.Errorf("a peak of %d bytes", p)
	}
}
