package xgboost

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

const goldens = "../../testdata/xgboost/"

// smallModels are files of each kind, small enough to be spoiled in many ways.
func smallModels(t tester) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, pattern := range []string{"one_*", "v17_one_*", "no_trees*", "linear*", "vector_one_leaf*", "v21_vector_one_leaf*", "v17_category_onehot.ubj", "text_json.json", "text_ubj.ubj", "v21_dart.json", "vector_dart.ubj"} {
		paths, err := filepath.Glob(goldens + pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no model %s: %v", pattern, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".csv") {
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
	if s := os.Getenv("GLULAM_MUTANTS"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		mutants = n
	}
	for name, data := range smallModels(t) {
		t.Run(name, func(t *testing.T) {
			var seed uint64
			defer func() {
				if r := recover(); r != nil || t.Failed() {
					t.Errorf("seed %d: %v", seed, r)
				}
			}()
			for ; seed < mutants; seed++ {
				r := rand.New(rand.NewPCG(seed, 0))
				b := bytes.Clone(data)
				for range 1 + r.IntN(3) {
					b = mutate(r, b)
				}
				parseSafely(t, b)
			}
		})
	}
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

type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t tester, data []byte) {
	t.Helper()
	Detect(data)
	f, g, err := Parse(data, "model")
	if err != nil {
		checkError(t, err)
		return
	}
	if err := f.Validate(); err != nil {
		t.Fatalf("an accepted forest is not valid: %v", err)
	}
	if g != nil {
		if err := g.Validate(len(f.Features)); err != nil {
			t.Fatalf("accepted steps are not valid: %v", err)
		}
	}
	const rows = 3
	if len(f.Features) > 1<<12 || f.Outputs > 1<<10 {
		return // would only take long
	}
	x := make([]float64, rows*len(f.Features))
	for i := range x {
		x[i] = [...]float64{0, math.NaN(), math.Inf(1), -1, 2, 1e300}[i%6]
	}
	reference := forest.NewReference(f)
	margins := make([]float64, rows*f.Outputs)
	reference.Margins(x, rows, margins)
	f.Predictions(margins, margins)
	reference.LeafIndices(x, rows, make([]int32, rows*len(f.Trees)))
}

func checkError(t tester, err error) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Source != "model" || e.Hint == "" ||
		e.Code != fault.Corrupt && e.Code != fault.Unsupported && e.Code != fault.TooLarge {
		t.Fatalf("not an error that helps: %#v", err)
	}
	if len(err.Error()) > 2000 {
		t.Fatalf("too long an error: %v", err)
	}
}

// TestMemory holds hostile files to memory in proportion to their size, and a constant for features without names and
// large categories.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short runs are for the race detector, whose own memory counts here")
	}
	base := string(smallModels(t)["one_tree.ubj"])
	length := func(n byte) string { return "\x00\x00\x00\x00\x00\x00\x00" + string(n) }
	const n = 1 << 16
	for name, text := range map[string]string{
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
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parseSafely(t, data)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(40*len(data)+1<<17) {
				t.Errorf("%d bytes for a file of %d", used, len(data))
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, data := range smallModels(f) {
		if len(data) < 6000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
