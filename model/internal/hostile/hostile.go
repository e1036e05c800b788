package hostile

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// TB is what is needed of a test.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Mutants tries n mutants of each file, each after 1 to steps mutations; GLULAM_MUTANTS says another n. mutate may change its
// argument, which is not empty. A failure is told with the mutant's seed.
func Mutants(t *testing.T, files map[string][]byte, n uint64, steps int, mutate func(*rand.Rand, []byte) []byte, try func(t *testing.T, data []byte)) {
	t.Helper()
	if s := os.Getenv("GLULAM_MUTANTS"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			var seed uint64
			defer func() {
				if r := recover(); r != nil || t.Failed() {
					t.Errorf("seed %d: %v", seed, r)
				}
			}()
			for ; seed < n; seed++ {
				r := rand.New(rand.NewPCG(seed, 0))
				mutant := bytes.Clone(data)
				for range 1 + r.IntN(steps) {
					if len(mutant) > 0 {
						mutant = mutate(r, mutant)
					}
				}
				try(t, mutant)
			}
		})
	}
}

// Memory holds parse to perByte bytes a byte of each file, and a constant.
func Memory[T string | []byte](t *testing.T, files map[string]T, perByte, constant int, parse func(t *testing.T, data []byte)) {
	t.Helper()
	if testing.Short() {
		t.Skip("short runs are for the race detector, whose own memory counts here")
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			data := []byte(file)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parse(t, data)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(perByte*len(data)+constant) {
				t.Errorf("%d bytes for a file of %d", used, len(data))
			}
		})
	}
}

// Error holds an error to what a refusal has to say: a code that fits, a source that ends in this, a hint, not a page long.
func Error(t TB, err error, source string) *fault.Error {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Source == "" || !strings.HasSuffix(e.Source, source) || e.Hint == "" ||
		e.Code != fault.Corrupt && e.Code != fault.Unsupported && e.Code != fault.TooLarge {
		t.Fatalf("not an error that helps: %#v", err)
	}
	if len(err.Error()) > 2000 {
		t.Fatalf("too long an error: %v", err)
	}
	return e
}

// Evaluate holds an accepted model, g being nil or its steps, to being valid, and evaluates it in every way. One of more than
// widest features or outputs is not evaluated: it would only take long.
func Evaluate(t TB, f *forest.Forest, g *prep.Graph, widest int) {
	t.Helper()
	if err := f.Validate(); err != nil {
		t.Fatalf("an accepted forest is not valid: %v", err)
	}
	if g != nil {
		if err := g.Validate(len(f.Features)); err != nil {
			t.Fatalf("accepted steps are not valid: %v", err)
		}
	}
	if len(f.Features) > widest || f.Outputs > widest {
		return
	}
	const rows = 4
	x := odd(rows * len(f.Features))
	if g != nil && g.Columns() < 1<<16 {
		g.Run(odd(rows*len(g.Inputs)), rows, x, new(prep.Scratch))
	}
	reference := forest.NewReference(f)
	margins := make([]float64, rows*f.Outputs)
	reference.Margins(x, rows, margins)
	reference.LeafIndices(x, rows, make([]int32, rows*len(f.Trees)))
	predictions := make([]float64, rows*f.PredictionWidth())
	f.Predictions(predictions, margins)
	if f.HasClass() {
		f.Class(predictions[:f.PredictionWidth()])
	}
}

// odd gives numbers that are likely to be forgotten.
func odd(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = [...]float64{0, math.NaN(), math.Inf(1), -1, 2, 1e300}[i%6]
	}
	return x
}
