package pipelines_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/klauspost/compress/zstd"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/files"
	"github.com/glulam/glulam/transforms/score"
)

func TestMain(m *testing.M) {
	beam.Init()
	os.Exit(m.Run())
}

// run runs a batch on prism in two lanes.
func run(t *testing.T, b pipelines.Batch) (files.Manifest, *runners.Result) {
	t.Helper()
	m, r, err := tryRun(t, b, 2)
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

func tryRun(t *testing.T, b pipelines.Batch, lanes int) (files.Manifest, *runners.Result, error) {
	t.Helper()
	ctx := context.Background()
	j, err := b.Prepare(ctx, nil)
	if err != nil {
		return files.Manifest{}, nil, err
	}
	defer j.Cleanup()
	p := beam.NewPipeline()
	j.Build(p.Root(), lanes)
	r, err := runners.Run(ctx, p, runners.Options{})
	if err != nil {
		return files.Manifest{}, nil, err
	}
	m, err := j.Manifest()
	return m, r, err
}

// values reads the named columns of all output files in order, row after row.
func values(t *testing.T, dir string, m files.Manifest, columns ...string) []float64 {
	t.Helper()
	var out []float64
	for _, o := range m.Outputs {
		of, err := files.FormatOf(o.Name)
		if err != nil {
			t.Fatal(err)
		}
		ff, err := of.Open()
		if err != nil {
			t.Fatal(err)
		}
		f, err := format.OpenFile(filepath.Join(dir, o.Name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		ctx := context.Background()
		l, err := ff.Describe(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := ff.Split(ctx, f, l, math.MaxInt64)
		if err != nil {
			t.Fatal(err)
		}
		var cols []format.Column
		for _, c := range columns {
			cols = append(cols, format.Column{Name: c, Kind: format.Number})
		}
		for _, p := range pieces {
			r, err := ff.Open(ctx, f, l, p, cols)
			if err != nil {
				t.Fatal(err)
			}
			for {
				b, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil || len(b.Rejected) > 0 {
					t.Fatal(err, b.Rejected)
				}
				for i := range int(b.Record.NumRows()) {
					for c := range cols {
						out = append(out, b.Record.Column(c).(*array.Float64).Value(i))
					}
				}
			}
			r.Close()
		}
	}
	return out
}

func sameBits(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// inputs makes the same rows in many shapes.
func inputs(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	read := func(name string) []byte {
		data, err := os.ReadFile(golden.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rows, lines := read("rows.csv"), read("rows.jsonl")
	gz := func(data []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(data)
		w.Close()
		return b.Bytes()
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(rows, []byte("\n"))
	records := bytes.SplitAfter(body, []byte("\n"))
	n := len(records) - 1 // behind the last newline there is nothing
	for i := range 8 {
		part := slices.Concat(append([][]byte{head, []byte("\n")}, records[i*n/8:(i+1)*n/8]...)...)
		if i%2 == 1 {
			write(fmt.Sprintf("eight-%d.csv.gz", i), gz(part))
		} else {
			write(fmt.Sprintf("eight-%d.csv", i), part)
		}
	}
	return map[string][]string{
		"csv":             {golden.Path("rows.csv")},
		"csv.gz":          {write("rows.csv.gz", gz(rows))},
		"csv.zst":         {write("rows.csv.zst", enc.EncodeAll(rows, nil))},
		"csv eight files": {filepath.Join(dir, "eight-*")},
		"jsonl":           {golden.Path("rows.jsonl")},
		"jsonl.gz":        {write("rows.jsonl.gz", gz(lines))},
		"parquet":         {golden.Path("rows.parquet")},
	}
}

// TestSameBits runs the same rows from every format, as one file or eight, plain or compressed, into one shard or many, to
// every format: margins are LightGBM's, bit for bit and in order, every time, on every engine.
func TestSameBits(t *testing.T) {
	shapes := inputs(t)
	for _, name := range []string{"lightgbm", "multiclass", "rf", "linear"} {
		m := golden.Find(t, name)
		g := m.Golden(t)
		columns := []string{"margin"}
		if g.Outputs > 1 {
			columns = nil
			for k := range g.Outputs {
				columns = append(columns, "margin_"+strconv.Itoa(k))
			}
		}
		for shape, in := range shapes {
			for i, out := range files.FormatNames {
				shards := []int{1, 5, 0}[i]
				if name != "lightgbm" && (i+len(shape))%3 != 0 {
					continue // every combination for one model, a third of them for the others
				}
				t.Run(fmt.Sprintf("%s from %s to %s in %d", name, shape, out, shards), func(t *testing.T) {
					engine := []string{"reference", "leaves"}[(i+len(shape))%2]
					dir := t.TempDir()
					b := pipelines.Batch{Model: m.Path(), Input: in, Output: dir, OutputFormat: out, Shards: shards,
						Outputs: []string{"margin"}, Columns: []string{"id"}, Rename: m.Rename(), Engine: engine}
					manifest, r := run(t, b)
					if manifest.Rows.In != 5000 || manifest.Rows.Scored != 5000 {
						t.Fatalf("rows: %+v", manifest.Rows)
					}
					sameBits(t, "margins", values(t, dir, manifest, columns...), g.Margins)
					if loads := r.Counter("model_loads"); loads > 1 {
						t.Errorf("the model was loaded %d times", loads)
					}
				})
			}
		}
	}
}

// TestModelLoadedOnce holds that many bundles in many lanes share one load of the model.
func TestModelLoadedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.txt")
	data, err := os.ReadFile(golden.Path("numeric.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	before := score.Loads()
	_, r, err := tryRun(t, pipelines.Batch{Model: path, Input: []string{golden.Path("rows.csv")}, Output: t.TempDir(), Shards: 40}, 8)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Counter("model_loads"); got != 1 {
		t.Errorf("the metric says %d loads", got)
	}
	if got := score.Loads() - before; got != 1 {
		t.Errorf("%d loads", got)
	}
}

// TestRerunIsEqual holds that the same run gives the same files, byte for byte, run.json included.
func TestRerunIsEqual(t *testing.T) {
	for _, out := range files.FormatNames {
		t.Run(out, func(t *testing.T) {
			dir := t.TempDir()
			b := pipelines.Batch{Model: golden.Path("lightgbm.txt"), Input: []string{golden.Path("rows.csv")}, Output: dir, OutputFormat: out, Shards: 7, Overwrite: true}
			run(t, b)
			first := snapshot(t, dir)
			for range 3 {
				run(t, b)
				if got := snapshot(t, dir); got != first {
					t.Fatalf("another run gave\n%s\nnot\n%s", got, first)
				}
			}
		})
	}
}

// snapshot lists the files below a directory with their content's length and a hash of it.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %d %x\n", strings.TrimPrefix(path, dir), len(data), hash(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func hash(data []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range data {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// TestKeptColumns holds that all columns of a CSV come out byte for byte as they came in, in front of the prediction,
// whatever their quoting, and that chosen ones do too.
func TestKeptColumns(t *testing.T) {
	data, err := os.ReadFile(golden.Path("rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lines := strings.SplitAfter(string(data), "\n")[:50]
	head := strings.TrimSuffix(lines[0], "\n")
	in := "\ufeff\"note, quoted\"," + head + "\r\n"
	for i, l := range lines[1:] {
		in += []string{`"a ""b"" c",`, "\"line\nbreak\",", "  spaces  ,", ",", "9007199254740993,"}[i%5] + strings.TrimSuffix(l, "\n") + []string{"\n", "\r\n"}[i%2]
	}
	path := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(path, []byte(in), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	m, _ := run(t, pipelines.Batch{Model: golden.Path("lightgbm.txt"), Input: []string{path}, Output: out})
	got, err := os.ReadFile(filepath.Join(out, m.Outputs[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	// Take the predictions off again: what is left is the input without BOM and with plain line ends.
	recs, err := csv.NewReader(bytes.NewReader(got)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	for _, r := range recs {
		text = strings.Replace(text, ","+r[len(r)-1]+"\n", "\n", 1)
	}
	if want := strings.ReplaceAll(strings.TrimPrefix(in, "\ufeff"), "\r\n", "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text[:min(600, len(text))], want[:600])
	}
	out = filepath.Join(dir, "chosen")
	m, _ = run(t, pipelines.Batch{Model: golden.Path("lightgbm.txt"), Input: []string{path}, Output: out, Columns: []string{"carrier", "note, quoted"}})
	got, err = os.ReadFile(filepath.Join(out, m.Outputs[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	if want := "carrier,\"note, quoted\",prediction\nUS,\"a \"\"b\"\" c\","; !strings.HasPrefix(string(got), want) {
		t.Errorf("got\n%.200s\nwant\n%s...", got, want)
	}
}

// TestTypesSurvive holds that 64-bit ids, float32 and timestamps of a Parquet file go through unchanged.
func TestTypesSurvive(t *testing.T) {
	out := t.TempDir()
	m, _ := run(t, pipelines.Batch{Model: golden.Path("lightgbm.txt"), Input: []string{golden.Path("rows.parquet")}, Output: out, Shards: 1})
	load := func(path string) arrow.Table {
		t.Helper()
		table, err := readParquet(path)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	want, got := load(golden.Path("rows.parquet")), load(filepath.Join(out, m.Outputs[0].Name))
	if int(got.NumCols()) != int(want.NumCols())+1 {
		t.Fatalf("%d columns, want %d and the prediction", got.NumCols(), want.NumCols())
	}
	for i := range int(want.NumCols()) {
		if !arrow.TypeEqual(want.Column(i).DataType(), got.Column(i).DataType()) || !array.ChunkedEqual(want.Column(i).Data(), got.Column(i).Data()) {
			t.Errorf("column %s (%s) came out as %s or with other values", want.Column(i).Name(), want.Column(i).DataType(), got.Column(i).DataType())
		}
	}
}

// TestRefusals holds that what cannot work is refused before anything is written, with a reason.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rows, lgbm := golden.Path("rows.csv"), golden.Path("lightgbm.txt")
	for _, c := range []struct {
		name string
		b    pipelines.Batch
		code fault.Code
		says string
	}{
		{"no model", pipelines.Batch{Input: []string{rows}}, fault.Usage, "no model"},
		{"model that is not there", pipelines.Batch{Model: dir + "/none", Input: []string{rows}}, fault.NotFound, "none"},
		{"empty file", pipelines.Batch{Model: lgbm, Input: []string{write("empty.csv", "")}}, fault.Empty, "empty.csv"},
		{"header only", pipelines.Batch{Model: golden.Path("one_feature.txt"), Input: []string{write("head.csv", "month,distance,hour,dep_time,sched_dep_time\n")}}, fault.Empty, "head.csv"},
		{"missing column", pipelines.Batch{Model: lgbm, Input: []string{write("miss.csv", "month,carrier\n1,AA\n")}}, fault.Schema, `missing column "day"`},
		{"a directory", pipelines.Batch{Model: lgbm, Input: []string{dir}, InputFormat: "csv"}, fault.Unreadable, "directory"},
		{"column to keep that is not there", pipelines.Batch{Model: lgbm, Input: []string{rows}, Columns: []string{"x"}}, fault.Schema, `"x"`},
		{"output named like a column", pipelines.Batch{Model: lgbm, Input: []string{writeRows(t, dir, "clash.csv", "late", "prediction")}}, fault.Schema, "prediction"},
		{"mixed formats", pipelines.Batch{Model: lgbm, Input: []string{rows, golden.Path("rows.jsonl")}}, fault.Usage, "jsonl"},
		{"class of a regression", pipelines.Batch{Model: golden.Path("regression.txt"), Input: []string{rows}, Outputs: []string{"class"}}, fault.Usage, "no class"},
		{"rename of no feature", pipelines.Batch{Model: lgbm, Input: []string{rows}, Rename: map[string]string{"x": "y"}}, fault.Usage, `"x"`},
		{"features for a model with names", pipelines.Batch{Model: lgbm, Input: []string{rows}, Features: []string{"a"}}, fault.Usage, "names its own"},
		{"unknown output", pipelines.Batch{Model: lgbm, Input: []string{rows}, Outputs: []string{"score"}}, fault.Usage, "score"},
		{"cut gzip", pipelines.Batch{Model: lgbm, Input: []string{cutGzip(t, dir)}}, fault.Corrupt, "ends too early"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.b.Output = filepath.Join(t.TempDir(), "out")
			_, _, err := tryRun(t, c.b, 2)
			if fault.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v (%s), want %s and %q", err, fault.CodeOf(err), c.code, c.says)
			}
			if s := snapshotIfThere(t, c.b.Output); s != "" {
				t.Errorf("something was left behind:\n%s", s)
			}
		})
	}
}

func snapshotIfThere(t *testing.T, dir string) string {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return snapshot(t, dir)
}

// writeRows writes the flights with one column renamed.
func writeRows(t *testing.T, dir, name, from, to string) string {
	t.Helper()
	data, err := os.ReadFile(golden.Path("rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(data), "\n")
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(strings.Replace(head, from, to, 1)+"\n"+body), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func cutGzip(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(golden.Path("rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	path := filepath.Join(dir, "cut.csv.gz")
	if err := os.WriteFile(path, b.Bytes()[:b.Len()*2/3], 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// batchOf is a run of the model with one feature, hour, over files of these names and texts.
func batchOf(t *testing.T, texts map[string]string) pipelines.Batch {
	t.Helper()
	dir := t.TempDir()
	b := pipelines.Batch{Model: golden.Path("one_feature.txt"), Output: filepath.Join(dir, "out")}
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		b.Input = append(b.Input, path)
	}
	slices.Sort(b.Input)
	return b
}

// texts gives all files of the output, joined.
func texts(t *testing.T, dir string, files []files.OutputFile) string {
	t.Helper()
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// TestEmptyAmongOthers: files without rows do no harm, are told in the manifest, and cannot be all there is.
func TestEmptyAmongOthers(t *testing.T) {
	m, _ := run(t, batchOf(t, map[string]string{"a.csv": "", "b.csv": "hour\n6\n7\n", "c.csv": "hour\n", "d.csv": "other\n"}))
	var rows []int64
	for _, in := range m.Inputs {
		rows = append(rows, in.Rows)
	}
	if !slices.Equal(rows, []int64{0, 2, 0, 0}) || m.Rows.Scored != 2 {
		t.Errorf("rows %v, %+v", rows, m.Rows)
	}
	m, _ = run(t, batchOf(t, map[string]string{"a.jsonl": "", "b.jsonl": "{\"hour\": 6}\n"}))
	if m.Rows.Scored != 1 {
		t.Errorf("%+v", m.Rows)
	}
	for _, none := range []map[string]string{{"a.csv": "", "b.csv": ""}, {"a.csv": "hour\n", "b.csv": "hour\n"}, {"a.jsonl": "", "b.jsonl": "\n"}} {
		b := batchOf(t, none)
		if _, _, err := tryRun(t, b, 2); fault.CodeOf(err) != fault.Empty {
			t.Errorf("%v: %v", none, err)
		}
		if left, err := os.ReadDir(b.Output); err == nil && len(left) > 0 {
			t.Errorf("%v: left %v", none, left)
		}
	}
}

// TestLongFeature: a feature that is kept in another format, where it is a float64, must not become another number.
func TestLongFeature(t *testing.T) {
	for _, c := range []struct{ name, text, out, want string }{
		{"a.csv", "hour,x\n9007199254740992,a\n9007199254740993,b\n", "jsonl", `{"hour":9007199254740992,"x":"a",`},
		{"a.jsonl", "{\"hour\": 9007199254740993, \"x\": 9007199254740993}\n{\"hour\": 7, \"x\": 9007199254740993}\n", "csv", "hour,x,prediction\n7,9007199254740993,"},
	} {
		b := batchOf(t, map[string]string{c.name: c.text})
		b.OutputFormat = c.out
		m, _ := run(t, b)
		if got := texts(t, b.Output, m.Outputs); m.Rows.Scored != 1 || m.Rows.RejectedByCode[string(fault.NumberRange)] != 1 || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %+v\n%s", c.name, m.Rows, got)
		}
		if got := texts(t, b.Output, m.Rejected); !strings.Contains(got, "9007199254740993") || !strings.Contains(got, `"field":"hour"`) {
			t.Errorf("%s: %s", c.name, got)
		}
		b.OutputFormat = "" // in its own format it is kept as it stands
		b.Output += "2"
		if m, _ := run(t, b); m.Rows.Scored != 2 || !strings.Contains(texts(t, b.Output, m.Outputs), "9007199254740993") {
			t.Errorf("%s: %+v", c.name, m.Rows)
		}
	}
}

// TestTakenMember: an object far behind the first ones that has a member called like an output.
func TestTakenMember(t *testing.T) {
	text := strings.Repeat("{\"hour\": 6}\n", 5000) + "{\"hour\": 6, \"prediction\": 1}\n{\"hour\": 6, \"x\": {\"prediction\": 1}}\n"
	b := batchOf(t, map[string]string{"a.jsonl": text})
	m, _ := run(t, b)
	if m.Rows.Scored != 5001 || m.Rows.RejectedByCode[string(fault.DuplicateName)] != 1 {
		t.Errorf("%+v", m.Rows)
	}
	if got := texts(t, b.Output, m.Rejected); !strings.Contains(got, `"row":5001`) || !strings.Contains(got, "the output adds a member of this name") {
		t.Error(got)
	}
	b = batchOf(t, map[string]string{"a.jsonl": "{\"hour\": 6, \"prediction\": 1}\n"})
	if _, _, err := tryRun(t, b, 1); fault.CodeOf(err) != fault.Schema {
		t.Errorf("in the first rows: %v", err)
	}
}

// TestNamesAndFormat: --input-format overrules what names say, but a .tsv that is called csv still has tabs.
func TestNamesAndFormat(t *testing.T) {
	for name, text := range map[string]string{"a.tsv": "x\thour\n1\t6\n", "a.txt": "x,hour\n1,6\n", "a.jsonl": "x,hour\n1,6\n"} {
		b := batchOf(t, map[string]string{name: text})
		b.InputFormat = "csv"
		if m, _ := run(t, b); m.Rows.Scored != 1 {
			t.Errorf("%s: %+v", name, m.Rows)
		}
	}
}

// TestJSONLinesAreSampled: what the first records do not have others may, and a file of bad lines costs itself only.
func TestJSONLinesAreSampled(t *testing.T) {
	late := strings.Repeat("{\"x\": 1}\n", 1500) + "{\"hour\": 6}\n"
	m, _ := run(t, batchOf(t, map[string]string{"a.jsonl": late}))
	if m.Rows.Scored != 1501 {
		t.Errorf("a feature that the last record has: %+v", m.Rows)
	}
	b := batchOf(t, map[string]string{"a.jsonl": strings.Repeat("{\"x\": 1}\n", 1500)})
	if _, _, err := tryRun(t, b, 1); fault.CodeOf(err) != fault.Schema {
		t.Errorf("a feature that no record has: %v", err)
	}
	m, _ = run(t, batchOf(t, map[string]string{"a.jsonl": "{\"hour\": 6}\n", "b.jsonl": "{\"hour\": 6\n", "c.jsonl": ""}))
	if m.Rows.Scored != 1 || m.Rows.RejectedByCode[string(fault.BadJSON)] != 1 {
		t.Errorf("a file of one bad line among others: %+v", m.Rows)
	}
	b = batchOf(t, map[string]string{"a.jsonl": "{\"hour\": 6\n"})
	if _, _, err := tryRun(t, b, 1); fault.CodeOf(err) != fault.Corrupt {
		t.Errorf("nothing but a bad line: %v", err)
	}
}

// TestOneColumnManyFeatures: a column that is no more than features may hold long numbers, and cannot be text and number.
func TestOneColumnManyFeatures(t *testing.T) {
	data, err := os.ReadFile(golden.Path("rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(string(data), "\n", 3)
	b := batchOf(t, map[string]string{"a.csv": lines[0] + ",big\n" + lines[1] + ",9007199254740993\n"})
	b.Model = golden.Path("lightgbm.txt")
	b.Columns, b.OutputFormat = []string{"id"}, "jsonl"
	b.Rename = map[string]string{"distance": "big", "pressure": "big"}
	if m, _ := run(t, b); m.Rows.Scored != 1 {
		t.Errorf("%+v", m.Rows)
	}
	b.Rename = map[string]string{"carrier": "hour"}
	b.Output += "2"
	if _, _, err := tryRun(t, b, 1); fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), "the number hour and the text carrier") {
		t.Error(err)
	}
}

// TestClashOfKeptFeature: a kept column that is also a feature still must not be called like an output.
func TestClashOfKeptFeature(t *testing.T) {
	b := batchOf(t, map[string]string{"a.csv": "prediction\n6\n"})
	b.Columns, b.Rename = []string{"prediction"}, map[string]string{"hour": "prediction"}
	if _, err := b.Prepare(t.Context(), nil); fault.CodeOf(err) != fault.Schema || !strings.Contains(err.Error(), "a.csv") {
		t.Error(err)
	}
}

// TestFlagsThatDoNothing are refused.
func TestFlagsThatDoNothing(t *testing.T) {
	b := batchOf(t, map[string]string{"a.jsonl": "{\"hour\": 6}\n"})
	b.Delimiter = ";"
	if _, err := b.Prepare(t.Context(), nil); fault.CodeOf(err) != fault.Usage {
		t.Error(err)
	}
	b = batchOf(t, nil)
	b.Input, b.NullNumbers = []string{golden.Path("rows.parquet")}, []string{"-"}
	if _, err := b.Prepare(t.Context(), nil); fault.CodeOf(err) != fault.Usage {
		t.Error(err)
	}
}
