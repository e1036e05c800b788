package replay

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// put writes a file of a test's folder.
func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func line(t *testing.T, l fault.Letter) string {
	t.Helper()
	text, err := l.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// send replays a path to an endpoint.
func send(t *testing.T, path, to string, o Options) (Report, error) {
	t.Helper()
	letters, err := OpenLetters(t.Context(), stream.Endpoint{URL: path})
	if err != nil {
		return Report{}, err
	}
	defer letters.Close()
	target, err := OpenTarget(t.Context(), stream.Endpoint{URL: to}, TargetOptions{Looking: o.DryRun})
	if err != nil {
		return Report{}, err
	}
	defer target.Close()
	return Run(t.Context(), letters, target, o)
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// empty holds that a folder has no other files than these.
func empty(t *testing.T, dir string, but ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if fmt.Sprint(names) != fmt.Sprint(but) {
		t.Errorf("the folder has %v, want %v", names, but)
	}
}

// TestLinesAndRows holds which letters become lines of JSON, and which rows of CSV.
func TestLinesAndRows(t *testing.T) {
	dir, in := t.TempDir(), t.TempDir()
	rows := put(t, in, "rows.csv", "\ufeffid,\"a\nb\"\r\n1,2\r\n")
	other := put(t, in, "other.csv", "id,c\n1,2\n")
	letters := put(t, in, "letters/part-0.jsonl", ""+
		line(t, fault.Letter{Source: rows, Row: 1, Offset: 10, Code: fault.BadNumber, Stage: "read", Raw: []byte("1,\"x\ny\"")})+
		line(t, fault.Letter{Source: rows, Row: 2, Offset: 20, Code: fault.BadQuote, Stage: "read", Raw: []byte(`2,"`)})+
		line(t, fault.Letter{Source: other, Row: 1, Offset: 5, Code: fault.BadNumber, Stage: "read", Raw: []byte("1,z")})+
		line(t, fault.Letter{Source: filepath.Join(in, "gone.csv"), Row: 1, Offset: 5, Code: fault.BadNumber, Stage: "read", Raw: []byte("1,z")})+
		line(t, fault.Letter{Source: "-", Row: 1, Offset: 5, Code: fault.BadNumber, Stage: "read", Raw: []byte("1,z")})+
		line(t, fault.Letter{Source: "rows.jsonl", Offset: 5, Code: fault.WrongType, Stage: "read", Raw: []byte("{\"a\":\n 1e400}")})+
		line(t, fault.Letter{Source: "rows.jsonl", Offset: 50, Code: fault.BadJSON, Stage: "read", Raw: []byte("a\nb")})+
		line(t, fault.Letter{Source: "rows.jsonl", Row: 3, Offset: 70, Code: fault.BadText, Stage: "score", Raw: []byte("{\"a\":\"\xff\"}")}))
	csv, jsonl := filepath.Join(dir, "fixed.csv"), filepath.Join(dir, "fixed.jsonl")

	r, err := send(t, filepath.Dir(letters), "csv:"+csv, Options{Chunk: 1})
	if err != nil || r.Sent != 1 || r.Refused != 7 || r.Reasons[Untakable] != 7 {
		t.Errorf("%+v, %v", r, err)
	}
	if got, want := content(t, csv), "\ufeffid,\"a\nb\"\n1,\"x\ny\"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for i, why := range []string{"quotes", "another header", "no such file", "standard input", "no row of a CSV", "no row of a CSV", "no row of a CSV"} {
		if !strings.Contains(r.Cannot[i].Why, why) {
			t.Errorf("%+v does not say %q", r.Cannot[i], why)
		}
	}
	r, err = send(t, letters, "jsonl:"+jsonl, Options{})
	if err != nil || r.Sent != 2 || r.Refused != 6 {
		t.Errorf("%+v, %v", r, err)
	}
	if got, want := content(t, jsonl), "{\"a\":1e400}\n{\"a\":\"\xff\"}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	empty(t, dir, "fixed.csv", "fixed.jsonl")
	if _, err := send(t, letters, "jsonl:"+jsonl, Options{}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("over a file that is there: %v", err)
	}
	if r, err := send(t, letters, "jsonl:"+filepath.Join(dir, "dry"), Options{DryRun: true}); err != nil || r.Sent != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := send(t, letters, "jsonl:"+filepath.Join(dir, "none"), Options{Codes: []fault.Code{fault.FieldCount}}); err != nil || r.Filtered != 8 {
		t.Errorf("%+v, %v", r, err)
	}
	empty(t, dir, "fixed.csv", "fixed.jsonl")
}

// TestNothingHalf holds that a file which a failure cuts short does not appear.
func TestNothingHalf(t *testing.T) {
	dir, in := t.TempDir(), t.TempDir()
	good := line(t, fault.Letter{Source: "rows.jsonl", Code: fault.BadJSON, Stage: "read", Raw: []byte("{}")})
	put(t, in, "a.jsonl", good)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	io.WriteString(w, strings.Repeat("x", 1000))
	w.Close()
	put(t, in, "b.jsonl.gz", z.String()[:20])
	r, err := send(t, in, "jsonl:"+filepath.Join(dir, "out.jsonl"), Options{Chunk: 1})
	if fault.CodeOf(err) != fault.Corrupt || r.Sent != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	empty(t, dir)
}

// TestStdout holds that rows go to standard output.
func TestStdout(t *testing.T) {
	var out bytes.Buffer
	defer func(w io.Writer) { Stdout = w }(Stdout)
	Stdout = &out
	letters := put(t, t.TempDir(), "l.jsonl", line(t, fault.Letter{Source: "rows.jsonl", Code: fault.BadJSON, Stage: "read", Raw: []byte("{}")}))
	if r, err := send(t, letters, "jsonl:-", Options{}); err != nil || r.Sent != 1 || out.String() != "{}\n" {
		t.Errorf("%+v, %v, %q", r, err, out.String())
	}
}

// TestOpening holds what is refused before anything is read.
func TestOpening(t *testing.T) {
	dir := t.TempDir()
	letters := put(t, dir, "l/l.jsonl", "")
	for _, c := range []struct {
		from, to string
		code     fault.Code
	}{
		{filepath.Join(dir, "none"), "jsonl:-", fault.NotFound},
		{dir, "jsonl:-", fault.NotFound}, // no file in it
		{letters, "jsonl:", fault.Usage},
		{letters, "jsonl:" + dir + "/", fault.Usage},
		{letters, "ftp://a/b", fault.Usage},
		{"ftp://a/b", "jsonl:-", fault.Usage},
		{letters, "jsonl:" + filepath.Join(letters, "x"), fault.Unwritable},
	} {
		if _, err := send(t, c.from, c.to, Options{}); fault.CodeOf(err) != c.code {
			t.Errorf("%s to %s: %v, want %s", c.from, c.to, err, c.code)
		}
	}
	if _, err := OpenTarget(t.Context(), stream.Endpoint{URL: "jsonl:x"}, TargetOptions{Back: true}); fault.CodeOf(err) != fault.Usage {
		t.Errorf("back into a file: %v", err)
	}
	put(t, dir, "two/a.jsonl", "{}\n")
	put(t, dir, "two/b.jsonl", "{}\n")
	if _, err := send(t, filepath.Join(dir, "two"), "jsonl:-", Options{}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("copies: %v", err)
	}
	weird := put(t, dir, "we[i]rd*/a.jsonl", "")
	if r, err := send(t, filepath.Dir(weird), "jsonl:-", Options{}); err != nil || r.Letters != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestGarbage holds that whatever stands in a file is counted, and that nothing of it ends a replay.
func TestGarbage(t *testing.T) {
	text := "\n  \n{}\nnull\n[1]\n\xff\xfe\n{\"code\":\"x\"}\n{\"code\":\"bad_json\",\"stage\":\"read\",\"raw_base64\":\"!\"}\n" +
		`{"code":"bad_json","stage":"read","raw":"{}","source":"a` + strings.Repeat("a", 2000) + `"}` + "\n" +
		`{"code":"bad_json","stage":"read","raw":"{}","source":"a","offset":-5}` + "\n" +
		`{"code":"bad_json","stage":"read","raw":"{}","source":"a","replay":"x\ny"}` + "\n" +
		strings.Repeat("y", maxLetter+10) + "\n" + `{"code":"bad_json","st`
	letters := put(t, t.TempDir(), "l.jsonl", text)
	var out bytes.Buffer
	defer func(w io.Writer) { Stdout = w }(Stdout)
	Stdout = &out
	r, err := send(t, letters, "jsonl:-", Options{})
	if err != nil || r.Letters != 11 || r.Sent != 1 || r.Refused != 10 || r.Reasons[NoLetter] != 8 || r.Reasons[NoPlace] != 2 || out.String() != "{}\n" {
		t.Errorf("%+v, %v, %q", r, err, out.String())
	}
}

// TestManyCannot holds that a report names some and counts all.
func TestManyCannot(t *testing.T) {
	var text strings.Builder
	for i := range 50 {
		text.WriteString(line(t, fault.Letter{Source: "kafka://a/0", Offset: int64(i), Code: fault.Tombstone, Stage: "read"}))
	}
	r, err := send(t, put(t, t.TempDir(), "l.jsonl", text.String()), "jsonl:-", Options{})
	if err != nil || r.Refused != 50 || len(r.Cannot) != MostNamed || r.Cannot[3].From != "kafka://a/0@3" || !strings.HasSuffix(r.Cannot[3].Where, "l.jsonl line 4") {
		t.Errorf("%+v, %v", r, err)
	}
}
