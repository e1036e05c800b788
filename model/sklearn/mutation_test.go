package sklearn

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// realModels are small golden models that say all there is to say, by name.
func realModels(t testing.TB) map[string][]byte {
	models := map[string][]byte{"small": []byte(small)}
	for _, name := range []string{"hist_pandas", "hist_one_tree", "pipeline_all", "v13_hist_codes", "isolation_features", "forest_two_outputs", "tree_one_leaf", "gradient_exponential"} {
		data := readModel(t, name)
		models[name] = shorten(string(data))
	}
	return models
}

// shorten leaves the first three trees of a model, and says so.
func shorten(text string) []byte {
	head, rest, _ := strings.Cut(text, `"trees":[`)
	trees := strings.Split(strings.TrimSuffix(rest, "\n]}\n"), ",\n")
	perRound := 1
	if strings.Contains(head, `"task":"multiclass"`) && !strings.Contains(head, `"vector":true`) {
		perRound = 4
	}
	n := min(len(trees), 3*perRound)
	before, after, _ := strings.Cut(head, `"rounds":`)
	after = strings.TrimLeft(after, "0123456789")
	return []byte(before + `"rounds":` + string(rune('0'+n/perRound)) + after + `"trees":[` + strings.Join(trees[:n], ",\n") + "\n]}\n")
}

// TestCut cuts real documents off after each of their bytes.
func TestCut(t *testing.T) {
	for name, data := range realModels(t) {
		if _, _, err := Parse(data, "model.json"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := 0; n < len(data)-1; n += 1 + len(data)/3000 {
			_, _, err := Parse(data[:n], "model.json")
			if err == nil {
				t.Fatalf("%s cut at %d is accepted", name, n)
			}
			checkError(t, err)
		}
	}
}

// TestMutants spoils real documents in many ways. What comes out is an error or a model that can be evaluated.
func TestMutants(t *testing.T) {
	for name, data := range realModels(t) {
		t.Run(name, func(t *testing.T) {
			var seed uint64
			defer func() {
				if r := recover(); r != nil || t.Failed() {
					t.Errorf("seed %d: %v", seed, r)
				}
			}()
			for ; seed < 1500; seed++ {
				r := rand.New(rand.NewPCG(seed, 0))
				text := string(data)
				for range 1 + r.IntN(3) {
					text = mutate(r, text)
				}
				parseSafely(t, []byte(text))
			}
		})
	}
}

func mutate(r *rand.Rand, s string) string {
	at := r.IntN(len(s))
	end := min(len(s), at+1+r.IntN(60))
	switch r.IntN(6) {
	case 0: // flip a bit
		b := []byte(s)
		b[at] ^= 1 << r.IntN(8)
		return string(b)
	case 1: // drop a piece
		return s[:at] + s[end:] + "\n"
	case 2: // double a piece
		return s[:end] + s[at:]
	case 3: // another element for an element
		parts := strings.SplitAfter(s, ",")
		parts[r.IntN(len(parts))] = parts[r.IntN(len(parts))]
		return strings.Join(parts, "")
	}
	numbers := []string{"0", "-0", "1", "-1", "2", "3", "0.5", `"inf"`, `"-inf"`, `"nan"`, "1e308", "1e999", "255", "65536",
		"2147483647", "2147483648", "4294967296", "99999999999999999999", "", "null", "[]", "{}", "true"}
	begin := strings.LastIndexAny(s[:at], ",[:") + 1
	stop := at + strings.IndexAny(s[at:]+",", ",]}")
	return s[:begin] + numbers[r.IntN(len(numbers))] + s[min(stop, len(s)):]
}

type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t tester, data []byte) {
	t.Helper()
	f, g, err := Parse(data, "model.json")
	if err != nil {
		checkError(t, err)
		return
	}
	if err := f.Validate(); err != nil {
		t.Fatalf("an accepted forest is not valid: %v", err)
	}
	const rows = 4
	if int64(f.Outputs)*rows > 1<<20 || int64(len(f.Features))*rows > 1<<20 {
		return
	}
	x := make([]float64, rows*len(f.Features))
	fill(x)
	if g != nil {
		if err := g.Validate(len(f.Features)); err != nil {
			t.Fatalf("an accepted graph is not valid: %v", err)
		}
		in := make([]float64, rows*len(g.Inputs))
		fill(in)
		g.Run(in, rows, x, new(prep.Scratch))
	}
	reference := forest.NewReference(f)
	margins := make([]float64, rows*f.Outputs)
	reference.Margins(x, rows, margins)
	reference.LeafIndices(x, rows, make([]int32, rows*len(f.Trees)))
	f.Predictions(margins, margins)
}

func fill(x []float64) {
	for i := range x {
		x[i] = [...]float64{0, math.NaN(), math.Inf(1), -1, 2, 1e300}[i%6]
	}
}

func checkError(t tester, err error) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Source != "model.json" || e.Hint == "" ||
		e.Code != fault.Corrupt && e.Code != fault.Unsupported && e.Code != fault.TooLarge {
		t.Fatalf("not an error that helps: %#v", err)
	}
	if len(err.Error()) > 2000 {
		t.Fatalf("too long an error: %v", err)
	}
}

// TestMemory holds hostile documents to memory in proportion to their size.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short runs are for the race detector, whose own memory counts here")
	}
	const n = 1 << 16
	with := func(old, new string) string { return strings.Replace(small, old, new, 1) }
	for name, text := range map[string]string{
		"outputs":   with(`"outputs":1`, `"outputs":65536`),
		"rounds":    with(`"rounds":2`, `"rounds":4000000`),
		"child":     with(`"right":[1,4]`, `"right":[1,2147483647]`),
		"features":  with(`"features":[0,1]`, `"features":[0`+strings.Repeat(",1", n)+"]"),
		"known":     with(`"known":[[],`, `"known":[[]`+strings.Repeat(",[]", n)+","),
		"steps":     with(`"steps":[]`, `"steps":[`+strings.Repeat(`{"op":"is_nan","from":0},`, n/4)+`{"op":"is_nan","from":0}]`),
		"trees":     with("\n]}", strings.Repeat(`,{"left":[0],"value":[1]}`, n/4)+"\n]}"),
		"nodes":     with(`"left":[0]`, `"left":[0`+strings.Repeat(",0", n)+"]"),
		"sets":      with(`[2,0,0,0,0,0,0,0]`, "[]"+strings.Repeat(",[]", n)),
		"texts":     with(`"b"}`, `"b","texts":["`+strings.Repeat("x", n)+`"]}`),
		"brackets":  with(`"base":[`, `"base":`+strings.Repeat("[", n)),
		"spaces":    with(`"base":[`, `"base":[`+strings.Repeat(" ", n)),
		"backslash": with(`"a"`, `"`+strings.Repeat(`\\`, n)+`"`),
		"repeated":  with(`"version":1`, strings.Repeat(`"version":1,`, n/8)+`"version":1`),
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := Parse(data, "model.json")
			runtime.ReadMemStats(&after)
			if err != nil {
				checkError(t, err)
			}
			const fixed = 1 << 16
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(40*len(data)+fixed) {
				t.Errorf("%d bytes for a file of %d", used, len(data))
			}
		})
	}
}
