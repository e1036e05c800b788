package sklearn

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/model/internal/hostile"
)

// archive is a file of skops taken apart: its members by name.
type archive map[string][]byte

func unpack(t testing.TB, data []byte) archive {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	a := archive{}
	for _, m := range r.File {
		body, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		if a[m.Name], err = io.ReadAll(body); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// pack puts the members together again, in the order of their names: schema.json is the last.
func (a archive) pack(method uint16) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(a)) {
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = m.Write(a[name])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func readSkops(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name+".skops"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var realSkops = []string{"tree_one_leaf", "tree_two_outputs", "hist_one_leaf", "v13_hist_codes", "isolation_one_row", "pipeline_all",
	"pipeline_ordinal_error", "pipeline_one_hot_rare", "gradient_binary", "v13_tree_binary"}

// TestSkopsMutants spoils files of skops in many ways. What comes out is an error or a model that can be evaluated.
func TestSkopsMutants(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range realSkops {
		files[name] = unpack(t, readSkops(t, name)).pack(zip.Store)
	}
	hostile.Mutants(t, files, 200, 2, mutateSkops, func(t *testing.T, data []byte) { parseSkopsSafely(t, data) })
}

// mutateSkops changes the archive as it is, or one of its members, with its checksum.
func mutateSkops(r *rand.Rand, data []byte) []byte {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if r.IntN(4) == 0 || err != nil {
		at := r.IntN(len(data))
		if r.IntN(2) == 0 {
			at = max(0, len(data)-1-r.IntN(min(len(data), 300))) // in the directory
		}
		switch r.IntN(3) {
		case 0:
			return data[:at]
		case 1:
			return slices.Concat(data[:at], data[min(len(data), at+1+r.IntN(40)):])
		}
		data[at] ^= 1 << r.IntN(8)
		return data
	}
	a := archive{}
	for _, m := range z.File {
		body, err := m.Open()
		if err != nil {
			return data
		}
		if a[m.Name], err = io.ReadAll(body); err != nil {
			return data
		}
	}
	names := slices.Sorted(maps.Keys(a))
	if len(names) == 0 {
		return data
	}
	name := names[len(names)-1]
	if r.IntN(3) == 0 {
		name = names[r.IntN(len(names))]
	}
	switch body := a[name]; {
	case len(body) == 0:
	case strings.HasSuffix(name, ".npy"):
		a[name] = mutateArray(r, body)
	default:
		a[name] = mutateSchema(r, body)
	}
	return a.pack(zip.Store)
}

func mutateArray(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := r.IntN(len(b))
	switch r.IntN(5) {
	case 0:
		return b[:at]
	case 1:
		at = r.IntN(min(len(b), 128)) // in the head
		b[at] ^= 1 << r.IntN(8)
	case 2:
		for i := at; i < min(len(b), at+8); i++ {
			b[i] = 0xff
		}
	case 3:
		types := []string{"<f8", "<i8", "<i4", "|b1", "|u1", "<U2", "<U0", "|V8", ">f8", "<f4"}
		return bytes.Replace(b, []byte(types[r.IntN(2)]), []byte(types[r.IntN(len(types))]), 1)
	default:
		b[at] ^= 1 << r.IntN(8)
	}
	return b
}

// member is a member of an object of the schema, on lines of its own.
var member = regexp.MustCompile(`"[^"]*": ("[^"]*"|[^",\[{\s]+)`)

func mutateSchema(r *rand.Rand, b []byte) []byte {
	at := r.IntN(len(b))
	window := min(at, len(b)-min(len(b), 4096)) // somewhere: the whole would take long
	all := member.FindAllIndex(b[window:min(len(b), window+4096)], -1)
	for _, m := range all {
		m[0], m[1] = m[0]+window, m[1]+window
	}
	if len(all) == 0 || r.IntN(5) == 0 {
		return slices.Concat(b[:at], b[min(len(b), at+1+r.IntN(60)):])
	}
	place, other := all[r.IntN(len(all))], all[r.IntN(len(all))]
	old, new := b[place[0]:place[1]], b[other[0]:other[1]]
	cut := bytes.Index(old, []byte(`": `)) + 3
	switch r.IntN(4) {
	case 0: // another value for this one
		values := []string{`"null"`, `"0"`, `"-1"`, `"1"`, `"2"`, `"0.5"`, `"NaN"`, `"Infinity"`, `"true"`, `"\"x\""`, `"99999999999999999999"`,
			`"1000000"`, `"[1]"`, `""`, "null", "7", "[]", "{}", `"1.npy"`, `"ListNode"`, `"DictNode"`, `"JsonNode"`, `"TypeNode"`}
		new = slices.Concat(old[:cut], []byte(values[r.IntN(len(values))]))
	case 1: // another value of the same key
		key := old[:cut]
		for range 20 {
			other = all[r.IntN(len(all))]
			if bytes.HasPrefix(b[other[0]:], key) {
				new = b[other[0]:other[1]]
				break
			}
		}
	case 2: // another key
		new = slices.Concat([]byte(`"x`), old[1:])
	}
	return slices.Concat(b[:place[0]], new, b[place[1]:])
}

// parseSkopsSafely parses anything and checks what must hold of anything.
func parseSkopsSafely(t hostile.TB, data []byte) {
	t.Helper()
	f, g, err := ParseSkops(data, "model.skops")
	if err != nil {
		hostile.Error(t, err, "model.skops")
		return
	}
	hostile.Evaluate(t, f, g, 1<<18)
}

// FuzzSkops reads a schema together with arrays, one after the other, for the files that it names.
func FuzzSkops(f *testing.F) {
	for _, name := range []string{"tree_one_leaf", "tree_two_outputs", "v13_tree_binary", "isolation_one_row"} {
		a := unpack(f, readSkops(f, name))
		schema := compact.ReplaceAll(a["schema.json"], nil)
		var arrays []byte
		for _, file := range files(schema) {
			arrays = append(arrays, a[file]...)
		}
		f.Add(schema, arrays)
	}
	f.Fuzz(func(t *testing.T, schema, arrays []byte) {
		a := archive{"schema.json": schema}
		parts := bytes.SplitAfter(arrays, []byte("\x93NUMPY"))
		for i, file := range files(schema) {
			if i+1 < len(parts) {
				a[file] = append([]byte("\x93NUMPY"), bytes.TrimSuffix(parts[i+1], []byte("\x93NUMPY"))...)
			}
		}
		parseSkopsSafely(t, a.pack(zip.Store))
	})
}

var compact = regexp.MustCompile(`\n *`)

var fileName = regexp.MustCompile(`"file": *"([0-9]+\.npy)"`)

// files are those that a schema names, each once.
func files(schema []byte) []string {
	var names []string
	for _, m := range fileName.FindAllSubmatch(schema, -1) {
		if name := string(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// TestSkopsMemory holds hostile files to memory in proportion to their size.
func TestSkopsMemory(t *testing.T) {
	const n = 1 << 16
	base := unpack(t, readSkops(t, "tree_one_leaf"))
	with := func(method uint16, edit func(archive)) []byte {
		a := maps.Clone(base)
		edit(a)
		return a.pack(method)
	}
	schema := func(old, new string) func(archive) {
		return func(a archive) {
			text := string(a["schema.json"])
			if !strings.Contains(text, old) {
				t.Fatalf("no %s", old)
			}
			a["schema.json"] = []byte(strings.Replace(text, old, new, 1))
		}
	}
	add := func(text string) func(archive) { return schema(`"protocol": 2`, text+`, "protocol": 2`) }
	head := func(shape string) func(archive) {
		return func(a archive) {
			for name := range a {
				if strings.HasSuffix(name, ".npy") {
					a[name] = []byte(strings.NewReplacer("(1,)", shape, "()", shape).Replace(string(a[name])))
				}
			}
		}
	}
	files := map[string][]byte{
		"values":   with(zip.Store, add(`"x": [1`+strings.Repeat(",1", n)+"]")),
		"brackets": with(zip.Store, add(`"x": `+strings.Repeat("[", n))),
		"objects":  with(zip.Store, add(`"x": [{}`+strings.Repeat(",{}", n)+"]")),
		"keys": with(zip.Store, func(a archive) {
			var s strings.Builder
			for i := range n / 4 {
				fmt.Fprintf(&s, `"%d":%d,`, i, i)
			}
			add(s.String() + `"x": 1`)(a)
		}),
		"ids": with(zip.Store, func(a archive) {
			var s strings.Builder
			for i := range n / 4 {
				fmt.Fprintf(&s, `{"__id__":%d},`, i+1e6)
			}
			add(`"x": [` + s.String() + `1]`)(a)
		}),
		"text":  with(zip.Store, add(`"x": "`+strings.Repeat(`\\`, n)+`"`)),
		"shape": with(zip.Store, head("(1000000000000,)")),
		"members": with(zip.Store, func(a archive) {
			for i := range n / 32 {
				a[fmt.Sprint(i, ".npy")] = nil
			}
		}),
		"bomb":     with(zip.Deflate, func(a archive) { a["1.npy"] = make([]byte, 64<<20) }),
		"features": with(zip.Store, schema(`"content": "8"`, `"content": "1000000"`)),
	}
	hostile.Memory(t, files, 40, 1<<20, func(t *testing.T, data []byte) {
		parseSkopsSafely(t, data)
	})
}

func BenchmarkParseSkops(b *testing.B) {
	for _, name := range []string{"gradient_10_classes", "forest_weights"} {
		b.Run(name, func(b *testing.B) {
			data := unpack(b, readSkops(b, name)).pack(zip.Store)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := ParseSkops(data, "model.skops"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
