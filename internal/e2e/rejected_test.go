package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glulam/glulam/internal/golden"
)

// breakage is a way for a row to be bad, and the reason that its dead letter must give.
type breakage struct {
	code  string
	field string
	spoil func(cells []string) string
}

// cell gives a breakage that puts text into a column.
func cell(code, column, text string) breakage {
	return breakage{code, column, func(cells []string) string {
		cells[at[column]] = text
		return strings.Join(cells, ",")
	}}
}

var at = map[string]int{} // column -> position, filled in by the test

var breakages = []breakage{
	cell("bad_number", "temp", "warm"),
	cell("bad_number", "distance", `"1,234"`),
	cell("bad_number", "dewp", "0x1p3"),
	cell("bad_number", "hour", "1_0"),
	cell("number_range", "pressure", "1e999"),
	{"field_count", "", func(c []string) string { return strings.Join(c[:len(c)-3], ",") }},
	{"field_count", "", func(c []string) string { return strings.Join(c, ",") + ",1,2" }},
	cell("bad_quote", "tailnum", `N"12`),
	cell("bad_quote", "tailnum", `"N12"x`),
	cell("bad_quote", "time_hour", `"never closed`),
	cell("bad_text", "carrier", "\xff\xfe"),
}

// TestRejected scores 100,000 good rows with 110 bad ones of eleven kinds among them: every bad one becomes a dead letter
// with the right reason and place, every good one gets its prediction, and the exit code says so.
func TestRejected(t *testing.T) {
	dir := t.TempDir()
	head, lines := rows(t)
	for i, name := range strings.Split(strings.TrimSpace(head), ",") {
		at[name] = i
	}
	type letter struct {
		Row                               int64
		Offset                            int64
		Code, Field, Raw, Message, Source string
		RawBase64                         string `json:"raw_base64"`
	}
	var in strings.Builder
	in.WriteString(head)
	want := map[int64]letter{}
	var good []string
	row := int64(0)
	for i := range 100_000 {
		line := lines[i%len(lines)]
		if i%909 == 500 && i/909 < 110 {
			row++
			b := breakages[(i/909)%len(breakages)]
			bad := b.spoil(strings.Split(strings.TrimSuffix(lines[(i+7)%len(lines)], "\n"), ","))
			want[row] = letter{Row: row, Offset: int64(in.Len()), Code: b.code, Field: b.field, Raw: bad}
			in.WriteString(bad + "\n")
		}
		row++
		in.WriteString(line)
		good = append(good, line)
	}
	path := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(path, []byte(in.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if len(want) != 110 {
		t.Fatalf("the test makes %d bad rows", len(want))
	}
	out := filepath.Join(dir, "out")
	run := func(limit ...string) result {
		return glulam(t, append([]string{"batch", "--model", golden.Path("lightgbm.txt"), "--input", path, "--output", out, "--overwrite", "--shards", "5"}, limit...)...)
	}
	for _, c := range []struct {
		limit []string
		code  int
	}{{nil, 3}, {[]string{"--max-rejected", "1%"}, 0}, {[]string{"--max-rejected", "109"}, 3}, {[]string{"--max-rejected", "110"}, 0}} {
		if r := run(c.limit...); r.code != c.code {
			t.Errorf("with %v: exit code %d, want %d\n%s", c.limit, r.code, c.code, r.stderr)
		}
	}
	clean := filepath.Join(dir, "clean.csv")
	if err := os.WriteFile(clean, []byte(head+strings.Join(good, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	cleanOut := filepath.Join(dir, "cleanout")
	if r := glulam(t, "batch", "--model", golden.Path("lightgbm.txt"), "--input", clean, "--output", cleanOut); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if got, want := joined(t, out), joined(t, cleanOut); got != want {
		t.Errorf("the good rows' output differs from what they give alone: %d and %d bytes", len(got), len(want))
	}

	found := 0
	files, _ := filepath.Glob(filepath.Join(out, "rejected", "part-*.jsonl"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			var l letter
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			found++
			w, ok := want[l.Row]
			if !ok || l.Code != w.Code || l.Offset != w.Offset || w.Field != "" && l.Field != w.Field || l.Source != path || l.Message == "" || l.RawBase64 == "" && l.Raw != w.Raw {
				t.Errorf("letter %s\nwant %+v", line, w)
			}
		}
	}
	if found != len(want) {
		t.Errorf("%d letters, want %d", found, len(want))
	}
}

// joined is all output rows, headers left out.
func joined(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for i := 0; ; i++ {
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("part-%05d.csv", i)))
		if err != nil {
			return b.String()
		}
		_, body, _ := strings.Cut(string(data), "\n")
		b.WriteString(body)
	}
}
