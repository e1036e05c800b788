package xgboost

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glulam/glulam/model/internal/hostile"
)

const goldens = "../../testdata/xgboost/"

// smallModels are files of each kind, small enough to be spoiled in many ways.
func smallModels(t hostile.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, pattern := range []string{"one_*", "v17_one_*", "no_trees*", "linear*", "vector_one_leaf*", "v21_vector_one_leaf*", "v17_category_onehot.ubj", "v10_linear.json", "v12_labels_two.json", "v15_labels.json", "expectiles.ubj", "text_json.json", "text_ubj.ubj", "v21_dart.json", "vector_dart.ubj"} {
		paths, err := filepath.Glob(goldens + pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no model %s: %v", pattern, err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, ".json") && !strings.HasSuffix(path, ".ubj") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v", err)
			}
			all[filepath.Base(path)] = data
		}
	}
	return all
}

// TestCut cuts files off after each of their bytes, or after every 7th of larger ones. Nothing is left that could be a model.
func TestCut(t *testing.T) {
	for name, data := range smallModels(t) {
		if _, _, err := Parse(data, name); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + len(data)/4000*7 {
			if _, _, err := Parse(data[:n], "model"); err == nil {
				t.Fatalf("%s cut at %d is accepted", name, n)
			} else {
				checkError(t, err)
			}
		}
		if _, _, err := Parse(append(bytes.Clone(data), 'x'), "model"); err == nil {
			t.Errorf("%s: bytes after its end are accepted", name)
		}
	}
}

// TestMutants spoils real files in many ways. What comes out is an error or a forest that can be evaluated. GLULAM_MUTANTS
// says how many of each file there are to be.
func TestMutants(t *testing.T) {
	mutants := uint64(1000)
	if testing.Short() {
		mutants = 100
	}
	hostile.Mutants(t, smallModels(t), mutants, 3, mutate, func(t *testing.T, data []byte) { parseSafely(t, data) })
}

// mutate flips a bit, drops, doubles or moves a piece, or puts another number or byte in.
func mutate(r *rand.Rand, b []byte) []byte {
	at := r.IntN(len(b))
	end := min(len(b), at+1+r.IntN(60))
	other := r.IntN(len(b))
	numbers := []string{"0", "-0", "1", "-1", "2", "3", "1E300", "NaN", "-Infinity", "2147483647", "2147483648", "16777215", "99999999999999999999", "null", "[]", "{}", `"5"`}
	switch r.IntN(7) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
		return b
	case 1:
		return append(b[:at], b[end:]...)
	case 2:
		return append(bytes.Clone(b[:end]), b[at:]...)
	case 3:
		return append(append(bytes.Clone(b[:other]), b[at:end]...), b[other:]...)
	case 4:
		b[at] = [...]byte{0, 1, 0x7f, 0x80, 0xff, '[', ']', '{', '}', '#', '$', 'L', '"', ','}[r.IntN(14)]
		return b
	}
	const digits = "0123456789.-+Ee"
	for at < len(b)-1 && !strings.ContainsRune(digits, rune(b[at])) {
		at++
	}
	for end = at; end < len(b) && strings.ContainsRune(digits, rune(b[end])); end++ {
	}
	return append(append(bytes.Clone(b[:at]), numbers[r.IntN(len(numbers))]...), b[end:]...)
}

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t hostile.TB, data []byte) {
	t.Helper()
	Detect(data)
	f, g, err := Parse(data, "model")
	if err != nil {
		checkError(t, err)
		return
	}
	hostile.Evaluate(t, f, g, 1<<12)
}

func checkError(t hostile.TB, err error) {
	t.Helper()
	if e := hostile.Error(t, err, "model"); e.Source != "model" {
		t.Fatalf("source %q", e.Source)
	}
}

// TestMemory holds hostile files to memory in proportion to their size, and a constant for features without names and
// large categories.
func TestMemory(t *testing.T) {
	base := string(smallModels(t)["one_tree.ubj"])
	length := func(n byte) string { return "\x00\x00\x00\x00\x00\x00\x00" + string(n) }
	const n = 1 << 16
	files := map[string]string{
		"many elements":  strings.Replace(base, "[$d#L"+length(0), "[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff", 1),
		"long key":       "{L" + length(7) + "learner{L\x00\x00\x00\x00\x7f\xff\xff\xff",
		"deep lists":     `{"learner":{"objective":{"ti+":` + strings.Repeat("[", n),
		"deep objects":   `{"learner":{"objective":{"ti+":` + strings.Repeat(`{"a":`, n),
		"deep ubjson":    "{L" + length(7) + "learner{L" + length(9) + "objective{L" + length(3) + "ti+" + strings.Repeat("[", n),
		"many num_nodes": `{"learner":{"gradient_booster":{"model":{"trees":[` + strings.Repeat(`"num_nodes":"99999999",`, n),
		"many empty":     `{"learner":{"gradient_booster":{"model":{"trees":[` + strings.Repeat(`{},`, n),
		"many weights":   `{"learner":{"gradient_booster":{"model":{"weights":[` + strings.Repeat(`1,`, n),
		"many texts":     `{"learner":{"feature_names":[` + strings.Repeat(`"",`, n),
		"many keys":      `{"learner":{"attributes":{` + strings.Repeat(`"":"",`, n),
	}
	hostile.Memory(t, files, 40, 1<<17, func(t *testing.T, data []byte) { parseSafely(t, data) })
}

func FuzzParse(f *testing.F) {
	for _, data := range smallModels(f) {
		if len(data) < 6000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
