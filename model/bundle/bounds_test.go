package bundle

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/glulam/glulam/fault"
)

// TestYAMLIsBounded: what makes the lexer or the parser slow, or takes much memory, is refused before they see it. Each
// piece is repeated up to the limit, alone and behind what makes another thing of it.
func TestYAMLIsBounded(t *testing.T) {
	pieces := []string{"[", "{", "- ", "? ", "a: ", "{a: ", "[[a", "!x ", "&a ", "- - ? ", "\"a\\", "'", "a:\n ", "x", "\"x\" ", "|\n", "# c\n",
		"a\n", "a: 'x\n", "%", "1, ", "\n\t", "---\n", "- a\n", "[a, ", "\n -", "*a ", "<<: ", "...\n", "]", "}",
		"\n", "\r", "\r\n", "\n ", "\n  x\n", "\t", "\ta", "\t\n", "<", "<<", ">", ":", ": ", ",", "@", "\\t", "''", "[]", "[],", "é", " ", "\x00", "  a: b\n", "  # c\n"}
	prefixes := []string{"", "name: |\n", "name: |-\n  x\n", "name: |+\n  x\n", "name: >\n  x\n", "name: \"", "name: '", "name: x\n  ", "name:\n  - x\n    - ", "features: [", "rename:\n", "name: <", "# "}
	if testing.Short() {
		prefixes = prefixes[:3]
	}
	for _, prefix := range prefixes {
		for _, piece := range pieces {
			parseBounded(t, 1<<15, prefix, piece, "")
			if strings.HasPrefix(prefix, "name: ") {
				parseBounded(t, 1<<15, prefix, piece, "model: x\n")
			}
		}
	}
	for _, piece := range []string{"[", "]", "''", "'' ", "- ", "@", "# c\n", "a\n", "\n", "a\n\n", "<", "<a", "\"\ta", "x: "} {
		parseBounded(t, maxYAML, "", piece, "")
		parseBounded(t, maxMarks-20, "name: |\n  x\n", piece, "model: x\n")
	}
	deep := ""
	for i := range 300 {
		deep += strings.Repeat(" ", i) + "a:\n"
	}
	for _, bad := range []string{deep, strings.Repeat("#", maxYAML+1), strings.Repeat("[", maxMarks+1), "a: |\n" + strings.Repeat("\n", 10_000) + "b: c",
		strings.Repeat("<", 12_000), "\"" + strings.Repeat("\ta", 10_000)} {
		if _, err := parseYAML("y", []byte(bad)); fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// parseBounded parses a text of n bytes: a prefix, a piece as often as it fits, and a suffix.
func parseBounded(t *testing.T, n int, prefix, piece, suffix string) {
	t.Helper()
	text := "glulam: 1\n" + prefix
	text += strings.Repeat(piece, (n-len(text)-len(suffix))/len(piece)) + suffix
	start := time.Now()
	var err error
	size := allocated(func() { _, err = parseYAML("y", []byte(text)) })
	most := 3 * time.Second
	if n > 1<<15 {
		most = 20 * time.Second // what is refused or in proportion takes some 0.3
	}
	if took := time.Since(start); took > most || size > 300<<20 {
		t.Errorf("%q, then %q, then %q: %v and %d MB in all, %v", prefix, piece, suffix, took, size>>20, err)
	}
	if err != nil && len(err.Error()) > 600 {
		t.Errorf("%q, then %q: an error of %d bytes", prefix, piece, len(err.Error()))
	}
}

// TestLargeYAML: what programs write for large models is read.
func TestLargeYAML(t *testing.T) {
	var names, columns, points []string
	for i := range 10_000 {
		names = append(names, quote(fmt.Sprintf("feature number %d", i)))
		columns = append(columns, fmt.Sprintf(`{"type": "double", "name": "feature number %d", "required": true}`, i))
		points = append(points, number(float64(i)/3))
	}
	list := "[" + strings.Join(points, ", ") + "]"
	b, err := manifest("glulam: 1\nmodel: m.txt\nfeatures: [" + strings.Join(names, ", ") + "]\ncalibration: {method: isotonic, x: " + list + ", y: " + list + "}\nprovenance:\n  notes: |\n" +
		strings.Repeat("    a\tline\n\n\n", 1000))
	if err != nil || len(b.Features) != len(names) || len(b.Calibration.X) != len(points) {
		t.Error(err)
	}
	b, err = mlmodel(flavored + "signature:\n  inputs: '[" + strings.Join(columns, ",\n    ") + "]'\n")
	if err != nil || len(b.Signature.Columns) != len(columns) {
		t.Error(err)
	}
}

// TestErrorsAreShort: errors show no more of a file than it takes to find the place.
func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("7", 100_000)
	const head = "glulam: 1\nmodel: m.txt\n"
	for _, text := range []string{head + "threshold: " + long + "x", head + "threshold: '" + long + "'", head + "threshold: " + long, head + long + ": x",
		head + "golden: {ulps: " + long + "}", head + "outputs: [" + long + "]", head + "features: [" + long + ", " + long + "]", head + "rename: {a" + long + ": [x]}",
		head + "calibration: {method: " + long + "}", head + "provenance: {a" + long + ": x, a" + long + ": y}", "glulam: 1\nmodel: " + long, "glulam: 1\nmodel: /" + long,
		head + "golden: {rows: " + long + "}", head + "name: |" + long + "\n"} {
		if _, err := manifest(text); err == nil || len(err.Error()) > 600 {
			t.Errorf("%.60q: %.600v", text, err)
		}
	}
	for _, text := range []string{"flavors: {a" + long + ": {}}", "flavors: {lightgbm: {data: '" + long + ".pkl'}}", "flavors: {python_function: {loader_module: " + long + "}}",
		flavored + "signature: {inputs: '[{\"name\": " + long + "}]'}", flavored + "signature: {inputs: '[{\"name\": \"" + long + "\"}, {\"name\": \"" + long + "\"}]'}"} {
		if _, err := mlmodel(text); err == nil || len(err.Error()) > 600 {
			t.Errorf("%.60q: %.600v", text, err)
		}
	}
	b, err := mlmodel(flavored + "signature: {inputs: '[{\"name\": \"" + long + "\", \"type\": \"" + long + "\"}]'}")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", long} {
		if err := b.Match([]Input{{name, false}}, false); err == nil || len(err.Error()) > 600 {
			t.Errorf("%.600v", err)
		}
	}
	_, err = mlmodel(flavored+"saved_input_example_info: {type: dataframe, pandas_orient: split, artifact_path: x.json}", File{"x.json", []byte(`{"data":[` + long + `]}`)})
	if err == nil || len(err.Error()) > 600 {
		t.Errorf("%.600v", err)
	}
}

// TestArchiveOfZeros: an archive that is far larger unpacked is refused, before anything is read into memory.
func TestArchiveOfZeros(t *testing.T) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := gzip.NewReader(bytes.NewReader(pack(t, file("glulam.yaml", "glulam: 1\nmodel: m.txt\n"), file("m.txt", strings.Repeat("\x00", minArchiveData)))))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(whole)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(plain)
	z.Close()
	size := allocated(func() { _, err = FromArchive(out.Bytes(), "a") })
	if fault.CodeOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "times its own size; if it is meant so, unpack it and give the folder") || size > minArchiveData/2 {
		t.Errorf("%v, %d bytes", err, size)
	}
	// The header alone makes nobody take memory for what it promises.
	out.Reset()
	z.Reset(&out)
	z.Write(plain[:len(plain)/2])
	z.Close()
	if _, err := FromArchive(out.Bytes(), "a"); fault.CodeOf(err) != fault.Corrupt {
		t.Error(err)
	}
}

// TestModelIsHeldOnce: reading a model takes the memory of one, from an archive and from a folder.
func TestModelIsHeldOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, with which short runs are made, takes memory of its own")
	}
	model := strings.Repeat("tree", 4<<20)
	files := []File{{ManifestName, []byte("glulam: 1\nmodel: m.txt\n")}, {"m.txt", []byte(model)}}
	var err error
	archive := pack(t, file("glulam.yaml", string(files[0].Data)), file("m.txt", model))
	size := allocated(func() { _, err = FromArchive(archive, "a") })
	if err != nil || size > uint64(len(model))*5/4 {
		t.Errorf("%d bytes for a model of %d, %v", size, len(model), err)
	}
	dir := t.TempDir() + "/b"
	if err := Write(dir, files); err != nil {
		t.Fatal(err)
	}
	size = allocated(func() { _, err = Open(t.Context(), dir) })
	if err != nil || size > uint64(len(model))*5/4 {
		t.Errorf("a folder: %d bytes for a model of %d, %v", size, len(model), err)
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
