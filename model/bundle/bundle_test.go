package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glulam/glulam/fault"
)

const late = "../../testdata/bundle/late"

// manifest reads a manifest beside a few files.
func manifest(text string) (*Bundle, error) {
	return FromFiles([]File{{ManifestName, []byte(text)}, {"m.txt", []byte("tree")}, {"r.csv", []byte("x\n")}, {"e.csv", []byte("margin\n")}, {"r.parquet", nil}}, "b")
}

func TestManifest(t *testing.T) {
	b, err := manifest(`# a bundle
glulam: 1
name: "flights: late"
version: 1.50
model: ./m.txt
features: [hour, "a, b", 1, true]
trees: 0:10
rename:
  hour: Hour
  temp: "temp. °C"
outputs:
  - prediction
  - class
threshold: 3e-1
calibration: {method: platt, a: -1, b: .5}
golden: {rows: r.csv, expected: e.csv, ulps: 0}
provenance:
  trained_at: 2024-05-01
  data: |
    two
    lines
`)
	if err != nil {
		t.Fatal(err)
	}
	threshold, ulps := 0.3, uint64(0)
	want := &Bundle{
		Kind: Glulam, Source: "b", Name: "flights: late", Version: "1.50", ModelFile: "m.txt", Model: []byte("tree"),
		Features: []string{"hour", "a, b", "1", "true"}, Trees: "0:10", Rename: map[string]string{"hour": "Hour", "temp": "temp. °C"},
		Outputs: []string{"prediction", "class"}, Threshold: &threshold, Calibration: &Calibration{Method: "platt", A: -1, B: 0.5},
		Golden:     &Golden{Rows: File{"r.csv", []byte("x\n")}, Expected: File{"e.csv", []byte("margin\n")}, ULPs: &ulps},
		Provenance: []Note{{"trained_at", "2024-05-01"}, {"data", "two\nlines\n"}}, Digest: b.Digest,
	}
	if d := cmp.Diff(want, b, cmpopts.IgnoreUnexported(Bundle{})); d != "" {
		t.Error(d)
	}
	// What is written reads back as the same.
	again, err := FromFiles(b.Files(), "b")
	if err != nil {
		t.Fatalf("%v\n%s", err, b.Files()[0].Data)
	}
	want.Digest = again.Digest
	if d := cmp.Diff(want, again, cmpopts.IgnoreUnexported(Bundle{})); d != "" {
		t.Error(d)
	}
}

// TestManifestRefuses: each error with its place.
func TestManifestRefuses(t *testing.T) {
	const head = "glulam: 1\nmodel: m.txt\n"
	for _, c := range []struct{ text, want string }{
		{"", "b/glulam.yaml: the file is empty"},
		{"- a\n", "b/glulam.yaml:1:1: a list, not lines of `key: value`"},
		{"model: m.txt\n", "b/glulam.yaml:1:1: the key glulam is missing; write glulam: 1, the version of this layout"},
		{"model: m.txt\nglulam: 2\n", "b/glulam.yaml:2:9: glulam: this version of glulam reads version 1 of the layout"},
		{"glulam: 1\nname: x\n", "b/glulam.yaml:1:1: the key model is missing"},
		{head + "nmae: x\n", "b/glulam.yaml:3:1: nmae: there is no such key; keys are glulam, name, "},
		{head + "name: x\nname: y\n", `b/glulam.yaml:4:1: the key "name" stands on line 3 already`},
		{head + "name:\n", "b/glulam.yaml:3:1: name: has no value"},
		{head + "name: [a]\n", "b/glulam.yaml:3:7: name: a list, not a single value"},
		{head + "name: &a x\n", "b/glulam.yaml:3:7: anchors, aliases, tags"},
		{head + "name: !!str x\n", "b/glulam.yaml:3:7: anchors, aliases, tags"},
		{head + "name: x\n---\nname: y\n", "a second document"},
		{head + "\xff", "b/glulam.yaml: the file is not UTF-8"},
		{head + "name: [x\n", "b/glulam.yaml:3:7"},
		{"glulam: 1\nmodel: ../m.txt\n", `b/glulam.yaml:2:8: model: "../m.txt" leads out of the bundle`},
		{"glulam: 1\nmodel: /m.txt\n", `"/m.txt" leads out of the bundle`},
		{"glulam: 1\nmodel: a\\b\n", "no file name that every system can have"},
		{"glulam: 1\nmodel: glulam.yaml\n", "glulam.yaml is not the model file"},
		{"glulam: 1\nmodel: n.txt\n", `b/glulam.yaml:2:8: model: the model file, "n.txt", is not there`},
		{head + "features: a\n", "features: a single value, not a list"},
		{head + "features: [a, b, a]\n", `b/glulam.yaml:3:18: features: "a" stands twice`},
		{head + "rename: [a]\n", "rename: a list, not lines of `key: value`"},
		{head + "rename: {a: {b: c}}\n", "rename.a: a map, not a single value"},
		{head + "outputs: [prediction, score]\n", `b/glulam.yaml:3:23: outputs: "score" is none of prediction, margin`},
		{head + "outputs: [leaf, leaf]\n", `"leaf" stands twice`},
		{head + "threshold: half\n", `b/glulam.yaml:3:12: threshold: "half" is not a finite number`},
		{head + "threshold: '0.5'\n", `threshold: "0.5" is a text, not a number`},
		{head + "threshold: .nan\n", "is not a finite number"},
		{head + "threshold: 1e999\n", "is not a finite number"},
		{head + "threshold: 0x10\n", "is not a finite number"},
		{head + "calibration: {method: beta}\n", `calibration: the method "beta" is neither platt nor isotonic`},
		{head + "calibration: {method: platt, a: 1}\n", "method platt takes a and b, and nothing else"},
		{head + "calibration: {method: platt, a: 1, b: 2, x: [1]}\n", "method platt takes a and b, and nothing else"},
		{head + "calibration: {method: platt, a: 1, b: 2, c: 3}\n", "calibration.c: there is no such key"},
		{head + "calibration: {method: isotonic, x: [1, 2], y: [1]}\n", "1 values of y for 2 of x"},
		{head + "calibration: {method: isotonic, x: [], y: []}\n", "0 values of y for 0 of x"},
		{head + "calibration: {method: isotonic, x: [1, 1], y: [1, 2]}\n", "x has to ascend: 1 is followed by 1"},
		{head + "calibration: {method: isotonic, x: [1, 2], y: [2, 1]}\n", "y must not fall: 2 is followed by 1"},
		{head + "golden: {rows: r.csv}\n", "golden needs two files"},
		{head + "golden: {rows: r.csv, expected: r.csv}\n", "golden needs two files"},
		{head + "golden: {rows: r.parquet, expected: e.csv}\n", `"r.parquet": golden files are .csv, .tsv or .jsonl, not compressed`},
		{head + "golden: {rows: r.csv, expected: e.csv, ulps: -1}\n", `golden.ulps: "-1" is not a whole number`},
		{head + "golden: {rows: r.csv, expected: e.csv, ulps: 65}\n", `golden.ulps: "65" is not a whole number from 0 to 64`},
		{head + "golden: {rows: r.csv, expected: e.csv, seed: 1}\n", "golden.seed: there is no such key"},
		{head + "provenance: {a: [b]}\n", "provenance.a: a list, not a single value"},
		{head + "<<: {a: b}\n", "merge keys"},
		{head + "? a\n: b\n", "complex keys"},
	} {
		_, err := manifest(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.CodeOf(err) == fault.Internal {
			t.Errorf("%q: %v\nnot %s", c.text, err, c.want)
		}
	}
}

// entry is one of an archive.
type entry struct {
	tar.Header
	data string
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		if e.Typeflag == 0 {
			e.Typeflag = tar.TypeReg
		}
		if e.Typeflag == tar.TypeReg {
			e.Size = int64(len(e.data))
		}
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.data)); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

func file(name, data string) entry { return entry{tar.Header{Name: name}, data} }

func TestArchive(t *testing.T) {
	small := file("b/glulam.yaml", "glulam: 1\nmodel: m.txt\n")
	top := file("glulam.yaml", "glulam: 1\nmodel: m.txt\n")
	for name, c := range map[string]struct {
		entries []entry
		want    string // "": it is read
	}{
		"plain":         {[]entry{top, file("m.txt", "tree")}, ""},
		"dot":           {[]entry{file("./glulam.yaml", top.data), file("./m.txt", "tree")}, ""},
		"folder":        {[]entry{file("b/m.txt", "tree"), {tar.Header{Name: "b/", Typeflag: tar.TypeDir}, ""}, small}, ""},
		"others":        {[]entry{file("._b", "x"), small, file("b/m.txt", "tree"), file("b/.DS_Store", "x")}, ""},
		"deep":          {[]entry{file("a/b/glulam.yaml", top.data), file("a/b/m.txt", "tree")}, "an archive, not a model file; a bundle has glulam.yaml in it, an MLflow model MLmodel; there is neither"},
		"two":           {[]entry{small, file("b/m.txt", ""), file("c/glulam.yaml", "")}, "an archive, not a model file; a bundle has glulam.yaml in it, an MLflow model MLmodel; there is neither"},
		"no model":      {[]entry{top}, `the model file, "m.txt", is not there`},
		"outside":       {[]entry{small, file("m.txt", "tree")}, `the model file, "m.txt", is not there`},
		"parent":        {[]entry{top, file("../m.txt", "tree")}, "leads out of the bundle"},
		"absolute":      {[]entry{top, file("/m.txt", "tree")}, "leads out of the bundle"},
		"backslash":     {[]entry{top, file(`..\m.txt`, "tree")}, "no file name that every system can have"},
		"symlink":       {[]entry{top, {tar.Header{Name: "m.txt", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""}}, `"m.txt" is a link or another thing that is no file`},
		"hard link":     {[]entry{top, {tar.Header{Name: "m.txt", Typeflag: tar.TypeLink, Linkname: "glulam.yaml"}, ""}}, "is a link or another thing"},
		"device":        {[]entry{top, {tar.Header{Name: "m.txt", Typeflag: tar.TypeChar}, ""}}, "is a link or another thing"},
		"twice":         {[]entry{top, file("m.txt", "tree"), file("m.txt", "other")}, `"m.txt" stands twice`},
		"twice dotted":  {[]entry{top, file("m.txt", "tree"), file("./m.txt", "other")}, `"m.txt" stands twice`},
		"large yaml":    {[]entry{file("glulam.yaml", strings.Repeat("#", maxYAML+1))}, "the manifest is larger than"},
		"nothing":       {nil, "an archive, not a model file; a bundle has glulam.yaml in it, an MLflow model MLmodel; there is neither"},
		"not a bundle":  {[]entry{file("a", "b")}, "an archive, not a model file; a bundle has glulam.yaml in it, an MLflow model MLmodel; there is neither"},
		"empty name ok": {[]entry{top, file("m.txt", ""), {tar.Header{Name: "x/", Typeflag: tar.TypeDir}, ""}}, ""},
	} {
		b, err := FromArchive(pack(t, c.entries...), "a.tar.gz")
		if c.want == "" && (err != nil || b.ModelFile != "m.txt") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, not %s", name, err, c.want)
		}
	}
	many := []entry{top, file("m.txt", "")}
	for i := range maxEntries {
		many = append(many, file(fmt.Sprint(i), ""))
	}
	if _, err := FromArchive(pack(t, many...), "a"); fault.CodeOf(err) != fault.TooLarge {
		t.Error(err)
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	fmt.Fprint(w, "tree\nversion=v4\n")
	w.Close()
	_, err := FromArchive(z.Bytes(), "m.txt.gz")
	if err == nil || !strings.Contains(err.Error(), "a compressed model file, which has to be unpacked first") {
		t.Error(err)
	}
}

// TestArchiveDamaged: no panic, whatever happens to an archive, and the same bundle or an error.
func TestArchiveDamaged(t *testing.T) {
	good, err := os.ReadFile(late + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	want, err := FromArchive(good, "a")
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(good)/200)
	for i := 0; i < len(good); i += step {
		if b, err := FromArchive(good[:i], "a"); err == nil && b.Digest != want.Digest {
			t.Errorf("cut at %d: %s", i, b.Digest)
		}
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, err := FromArchive(bad, "a"); fault.CodeOf(err) == fault.Internal {
			t.Errorf("flipped at %d: %v", i, err)
		}
	}
}

// TestFolderLinks: links within a folder are followed, as those that Kubernetes mounts; others are not.
func TestFolderLinks(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"data/glulam.yaml": "glulam: 1\nmodel: m.txt\n", "data/m.txt": "tree", "../outside.txt": "tree"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		path := filepath.Join(dir, name)
		os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	link("data/glulam.yaml", "glulam.yaml")
	link("data/m.txt", "m.txt")
	if b, err := Open(context.Background(), dir); err != nil || string(b.Model) != "tree" {
		t.Error(err)
	}
	for _, to := range []string{"../outside.txt", filepath.Join(dir, "data/m.txt"), "/etc/passwd", "m.txt", "data"} {
		link(to, "m.txt")
		if _, err := Open(context.Background(), dir); err == nil {
			t.Errorf("a link to %s was followed", to)
		}
	}
}

func TestWrite(t *testing.T) {
	b, err := Open(context.Background(), late)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var sums []string
	for _, name := range []string{"a.tar.gz", "b.tgz", "sub.tar.gz/c.tar.gz", "folder"} {
		path := filepath.Join(dir, name)
		if strings.Contains(name, "/") {
			if err := Write(path, b.Files()); fault.CodeOf(err) != fault.Unwritable {
				t.Error(err)
			}
			continue
		}
		if err := Write(path, b.Files()); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, b.Files()); fault.CodeOf(err) != fault.Conflict {
			t.Error(err)
		}
		again, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Name != "late" || !bytes.Equal(again.Model, b.Model) {
			t.Errorf("%s: %s", name, again.Name)
		}
		sums = append(sums, again.Digest)
	}
	if sums[0] != sums[1] || sums[0] != sums[2] {
		t.Error(sums)
	}
	var one, two bytes.Buffer
	if err := Archive(&one, b.Files()); err != nil {
		t.Fatal(err)
	}
	if err := Archive(&two, b.Files()); err != nil || sha256.Sum256(one.Bytes()) != sha256.Sum256(two.Bytes()) {
		t.Error("other bytes", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if left != nil {
		t.Errorf("left behind: %q", left)
	}
}

func TestIsotonic(t *testing.T) {
	c := &Calibration{X: []float64{0, 1, 3}, Y: []float64{0.25, 0.25, 1}}
	for p, want := range map[float64]float64{-1: 0.25, 0: 0.25, 0.5: 0.25, 1: 0.25, 2: 0.625, 3: 1, 4: 1, math.Inf(1): 1, math.Inf(-1): 0.25} {
		if got := c.Isotonic(p); got != want {
			t.Errorf("%v: %v, not %v", p, got, want)
		}
	}
	if got := c.Isotonic(math.NaN()); got == got {
		t.Error(got)
	}
	one := &Calibration{X: []float64{0.5}, Y: []float64{0.1}}
	if one.Isotonic(0) != 0.1 || one.Isotonic(1) != 0.1 {
		t.Error("one point")
	}
}

func TestQuote(t *testing.T) {
	for _, s := range []string{"", "a", "a b", "1", "1.5", "true", "Null", "~", "- a", "a: b", "#x", "a #b", "\"", "'", "\\", "é", "\x01", "\u2028", "😀", "\t", "[a]", "*a", "<<", "=", "2024-01-01", "0x1", "\u00a0"} {
		n, err := parseYAML("y", []byte("k: "+quote(s)+"\n"))
		if err != nil {
			t.Errorf("%q as %s: %v", s, quote(s), err)
			continue
		}
		m, err := n.entries()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m["k"].text(); err != nil || got != s {
			t.Errorf("%q as %s is read as %q, %v", s, quote(s), got, err)
		}
	}
}
