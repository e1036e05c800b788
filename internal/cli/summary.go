package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/files"
)

// summary is what `glulam batch` says at the end of a run, as JSON with --json. Its keys are stable: later versions may
// add some, and take none away.
type summary struct {
	Glulam string          `json:"glulam"` // version
	Model  files.ModelInfo `json:"model"`  // name, digest, format, objective, engine
	Inputs inputFiles      `json:"inputs"`
	Rows   files.RowCounts `json:"rows"` // in, scored, rejected; rejected_by_code and blank where there are any

	MaxRejected   string       `json:"max_rejected"`   // the limit: a count or a percentage
	OverLimit     bool         `json:"over_limit"`     // more rows were rejected: the exit code is 3
	FirstRejected *firstLetter `json:"first_rejected"` // null when there is none

	Output      outputFiles  `json:"output"`
	DeadLetters *outputFiles `json:"dead_letters"` // null when there are none

	Seconds       float64 `json:"seconds"`           // from the start of the command
	RowsPerSecond float64 `json:"rows_per_second"`   // rows in, over the whole time
	PeakMemory    int64   `json:"peak_memory_bytes"` // resident; 0 where the system does not tell
}

// fileCount counts files.
type fileCount struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// inputFiles counts the files that were read, and names those without a row.
type inputFiles struct {
	fileCount
	Empty []string `json:"empty,omitempty"`
}

// outputFiles counts the files of a directory that the run wrote.
type outputFiles struct {
	Directory string `json:"directory"`
	fileCount
}

// firstLetter is the first dead letter, without its row.
type firstLetter struct {
	Source  string     `json:"source"`
	Row     int64      `json:"row,omitempty"`
	Offset  int64      `json:"offset"`
	Code    fault.Code `json:"code"`
	Field   string     `json:"field,omitempty"`
	Message string     `json:"message"`
}

// newSummary gathers it of the manifest of a run into the directory dir.
func newSummary(m files.Manifest, dir string, took time.Duration, peak int64) *summary {
	s := &summary{
		Glulam: m.Glulam, Model: m.Model, Rows: m.Rows, MaxRejected: "0",
		Output:  outputFiles{Directory: dir, fileCount: countFiles(m.Outputs)},
		Seconds: math.Round(took.Seconds()*1000) / 1000, PeakMemory: peak,
	}
	for _, f := range m.Inputs {
		s.Inputs.Files++
		s.Inputs.Bytes += f.Size
		if f.Rows == 0 {
			s.Inputs.Empty = append(s.Inputs.Empty, f.Name)
		}
	}
	if took > 0 {
		s.RowsPerSecond = math.Round(float64(m.Rows.In) / took.Seconds())
	}
	if len(m.Rejected) > 0 {
		s.DeadLetters = &outputFiles{Directory: filepath.Join(dir, files.RejectedDir), fileCount: countFiles(m.Rejected)}
		s.FirstRejected = readLetter(filepath.Join(dir, filepath.FromSlash(m.Rejected[0].Name)))
	}
	return s
}

func countFiles(fs []files.OutputFile) (c fileCount) {
	for _, f := range fs {
		c.Files++
		c.Bytes += f.Bytes
	}
	return c
}

// readLetter reads the first dead letter of a file; nil if that fails, for it is only told as an example.
func readLetter(path string) *firstLetter {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var l firstLetter
	if err := json.NewDecoder(bufio.NewReader(f)).Decode(&l); err != nil {
		return nil
	}
	return &l
}

// String says where and why: rows.csv row 17: dep_delay: "abc" is not a number. A message is named by its offset.
func (l *firstLetter) String() string {
	var b strings.Builder
	b.WriteString(l.Source)
	if l.Row > 0 {
		fmt.Fprintf(&b, " row %s", count(l.Row))
	} else { // of a stream
		fmt.Fprintf(&b, "@%d", l.Offset)
	}
	b.WriteString(": ")
	if l.Field != "" {
		b.WriteString(l.Field + ": ")
	}
	b.WriteString(l.Message)
	return b.String()
}

// finding is what to say when the run is over its limit.
func (s *summary) finding() *findings { return overLimit(&s.Rows, s.MaxRejected) }

// overLimit is what to say of a run over its limit.
func overLimit(rows *files.RowCounts, limit string) *findings {
	scored := "all other rows were scored"
	if rows.Scored == 0 {
		scored = "no row could be scored"
	}
	return &findings{
		text: fmt.Sprintf("%s rejected, more than the limit of %s", plural(rows.Rejected, "row"), limit),
		hint: fmt.Sprintf("%s; --max-rejected %d or %s would let this pass", scored, rows.Rejected, leastShare(rows)),
	}
}

// leastShare is the share of rejected rows, rounded up to two digits.
func leastShare(rows *files.RowCounts) string {
	p := 100 * float64(rows.Rejected) / float64(rows.In)
	unit := math.Pow(10, math.Floor(math.Log10(p))-1)
	for n := math.Floor(p / unit); ; n++ {
		text := strconv.FormatFloat(min(100, n*unit), 'f', max(0, -int(math.Round(math.Log10(unit)))), 64)
		if v, _ := strconv.ParseFloat(text, 64); v*float64(rows.In) >= 100*float64(rows.Rejected) || v >= 100 {
			if strings.Contains(text, ".") {
				text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
			}
			return text + "%"
		}
	}
}

// text renders the summary for people.
func (s *summary) text() string {
	var t table
	t.counts(&s.Rows)
	if s.FirstRejected != nil {
		t.row("  first", s.FirstRejected.String())
	}
	if n := len(s.Inputs.Empty); n > 0 {
		what := s.Inputs.Empty[0]
		if n > 1 {
			what += fmt.Sprintf(" and %d more", n-1)
		}
		t.row("without rows", fmt.Sprintf("%*s  %s", len(count(s.Rows.In)), count(int64(n)), what))
	}
	t.gap()
	took := time.Duration(s.Seconds * float64(time.Second))
	t.row("time", fmt.Sprintf("%s, %s rows/s", span(took), count(int64(s.RowsPerSecond))))
	if s.PeakMemory > 0 {
		t.row("peak memory", size(s.PeakMemory))
	}
	t.row("model", fmt.Sprintf("%s (%s, %s), %s engine", s.Model.Name, s.Model.Format, s.Model.Objective, s.Model.Engine))
	t.row("digest", s.Model.Digest)
	t.row("output", s.Output.String())
	if s.DeadLetters != nil {
		t.row("dead letters", s.DeadLetters.String())
	}
	return t.String()
}

// String says where the files are: predictions/ (3 files, 1.2 MB).
func (o *outputFiles) String() string {
	dir := filepath.Clean(o.Directory) + string(filepath.Separator)
	return fmt.Sprintf("%s  %s, %s", dir, plural(o.Files, "file"), size(o.Bytes))
}

func share(part, whole int64) string {
	if part == whole {
		return ""
	}
	return percent(part, whole)
}

// codeCount is how many rows were rejected for a reason.
type codeCount struct {
	code string
	n    int64
}

// byCount sorts the reasons, the most frequent first.
func byCount(codes map[string]int64) []codeCount {
	var out []codeCount
	for code, n := range codes {
		out = append(out, codeCount{code, n})
	}
	slices.SortFunc(out, func(a, b codeCount) int {
		if a.n != b.n {
			return int(b.n - a.n)
		}
		return strings.Compare(a.code, b.code)
	})
	return out
}

// table is labels with texts, one a line, aligned.
type table struct{ rows [][2]string }

func (t *table) row(label, text string) { t.rows = append(t.rows, [2]string{label, text}) }

// counts adds how many rows there were, and what became of them.
func (t *table) counts(rows *files.RowCounts) {
	num := len(count(rows.In))
	numbers := func(label string, n int64, note string) {
		text := fmt.Sprintf("%*s", num, count(n))
		if note != "" {
			text += "  " + note
		}
		t.row(label, text)
	}
	numbers("rows in", rows.In, "")
	numbers("scored", rows.Scored, share(rows.Scored, rows.In))
	if rows.Rejected > 0 {
		numbers("rejected", rows.Rejected, share(rows.Rejected, rows.In))
		for _, r := range byCount(rows.RejectedByCode) {
			numbers("  "+r.code, r.n, "")
		}
	}
}

// gap is an empty line.
func (t *table) gap() { t.rows = append(t.rows, [2]string{}) }

// String renders the table.
func (t *table) String() string {
	width := 0
	for _, r := range t.rows {
		width = max(width, len(r[0]))
	}
	var b strings.Builder
	for _, r := range t.rows {
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, r[0], r[1]), " ") + "\n")
	}
	return b.String()
}

// writeJSON writes one indented object.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeJSONLine writes one object in a line.
func writeJSONLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
