package onnx

import (
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
	"github.com/glulam/glulam/model/prep"
)

// realModels are the smaller ones of the converters' and ours.
func realModels(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("../../testdata/onnx/*.onnx")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no models: %v", err)
	}
	models := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		if len(data) < 30_000 {
			models[filepath.Base(path)] = data
		}
	}
	return models
}

// TestCut cuts real files off. The graph is followed by the operators' versions, without which nothing is understood, in all
// but onnxmltools' XGBoost models, where they are not the last but the file still ends in the middle of a field.
func TestCut(t *testing.T) {
	for name, data := range realModels(t) {
		step := 1 + len(data)/300
		for n := 0; n < len(data); n += step {
			if _, _, err := Parse(data[:n], name); err == nil {
				t.Errorf("%s cut at %d of %d is accepted", name, n, len(data))
			} else {
				checkError(t, err)
			}
		}
		if _, _, err := Parse(data[:len(data)-1], name); err == nil {
			t.Errorf("%s without its last byte is accepted", name)
		}
	}
}

// TestMutants spoils real files in many ways. What comes out is an error or a model that can be evaluated. GLULAM_MUTANTS
// says how many of each file there are to be.
func TestMutants(t *testing.T) {
	mutants := uint64(150)
	if s := os.Getenv("GLULAM_MUTANTS"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		mutants = n
	}
	accepted := 0
	for name, data := range realModels(t) {
		t.Run(name, func(t *testing.T) {
			var seed uint64
			defer func() {
				if r := recover(); r != nil || t.Failed() {
					t.Errorf("seed %d: %v", seed, r)
				}
			}()
			for ; seed < mutants; seed++ {
				r := rand.New(rand.NewPCG(seed, 0))
				spoiled := data
				for range 1 + r.IntN(3) {
					spoiled = mutate(r, spoiled)
				}
				if parseSafely(t, spoiled) {
					accepted++
				}
			}
		})
	}
	t.Logf("%d mutants are accepted", accepted)
}

// mutate spoils bytes, or a field of the message in a way that keeps the lengths around it right.
func mutate(r *rand.Rand, data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	at := r.IntN(len(data))
	out := append([]byte(nil), data...)
	switch r.IntN(5) {
	case 0:
		out[at] ^= 1 << r.IntN(8)
		return out
	case 1:
		end := min(len(data), at+1+r.IntN(60))
		return append(out[:at], data[end:]...)
	}
	if spoiled, ok := mutateField(r, data, 5); ok {
		return spoiled
	}
	out[at] = byte(r.Uint32())
	return out
}

// mutateField goes down into a field that is a message and drops, doubles, moves or changes one of its fields.
func mutateField(r *rand.Rand, data []byte, depth int) ([]byte, bool) {
	var starts []int
	var kinds []message
	m := message{rest: data}
	for {
		start := m.at
		if !m.next() {
			break
		}
		starts, kinds = append(starts, start), append(kinds, m)
	}
	if m.err != nil || len(starts) == 0 {
		return nil, false
	}
	starts = append(starts, len(data))
	i := r.IntN(len(kinds))
	if depth == 5 { // mostly the graph
		for j := range kinds {
			if kinds[j].num == 7 {
				i = j
			}
		}
	}
	piece := data[starts[i]:starts[i+1]]
	join := func(parts ...[]byte) []byte {
		out := append([]byte(nil), data[:starts[i]]...)
		for _, p := range parts {
			out = append(out, p...)
		}
		return append(out, data[starts[i+1]:]...)
	}
	if kinds[i].wire == wireBytes && depth > 0 && r.IntN(8) > 0 {
		if inner, ok := mutateField(r, kinds[i].data, depth-1); ok {
			return join(field(int(kinds[i].num), inner)), true
		}
	}
	switch r.IntN(4) {
	case 0:
		return join(), true
	case 1:
		return join(piece, piece), true
	case 2:
		j := r.IntN(len(kinds))
		return join(data[starts[j]:starts[j+1]]), true
	}
	switch k := kinds[i]; k.wire {
	case wireVarint:
		numbers := []int64{0, 1, -1, 2, 3, 5, 7, 100, 1 << 20, 1 << 31, math.MaxInt64, math.MinInt64}
		return join(number(int(k.num), numbers[r.IntN(len(numbers))])), true
	case wire32:
		numbers := []float32{0, 1, -1, 1e38, float32(math.NaN()), float32(math.Inf(-1))}
		return join(single(int(k.num), numbers[r.IntN(len(numbers))])), true
	case wireBytes:
		texts := []string{"", "X", "BRANCH_EQ", "BRANCH_GT", "LEAF", "SOFTMAX", "Identity", "Concat", "Exp"}
		return join(text(int(k.num), texts[r.IntN(len(texts))])), true
	}
	return nil, false
}

// parseSafely parses anything and checks what must hold of anything. It says whether it was accepted.
func parseSafely(t testing.TB, data []byte) bool {
	t.Helper()
	f, g, err := Parse(data, "m.onnx")
	if err != nil {
		checkError(t, err)
		return false
	}
	if err := f.Validate(); err != nil {
		t.Fatalf("an accepted forest is not valid: %v", err)
	}
	const rows = 4
	odd := func(n int) []float64 {
		x := make([]float64, rows*n)
		for i := range x {
			x[i] = [...]float64{0, math.NaN(), math.Inf(1), -1, 2, 1e300}[i%6]
		}
		return x
	}
	x := odd(len(f.Features))
	if g != nil {
		if err := g.Validate(len(f.Features)); err != nil {
			t.Fatalf("accepted steps are not valid: %v", err)
		}
		if g.Columns() < 1<<16 {
			g.Run(odd(len(g.Inputs)), rows, x, &prep.Scratch{})
		}
	}
	reference := forest.NewReference(f)
	margins := make([]float64, rows*f.Outputs)
	reference.Margins(x, rows, margins)
	predictions := make([]float64, rows*f.PredictionWidth())
	f.Predictions(predictions, margins)
	if f.HasClass() {
		f.Class(predictions[:f.PredictionWidth()])
	}
	return true
}

func checkError(t testing.TB, err error) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Source != "m.onnx" && !strings.HasSuffix(e.Source, ".onnx") || e.Hint == "" || e.Field == "" ||
		e.Code != fault.Corrupt && e.Code != fault.Unsupported && e.Code != fault.TooLarge {
		t.Fatalf("not an error that helps: %#v", err)
	}
	if len(err.Error()) > 1000 {
		t.Fatalf("too long an error: %v", err)
	}
}

// TestMemory holds hostile files to memory in proportion to their size.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short runs are for the race detector, whose own memory counts here")
	}
	const n = 1 << 14
	numbers := func(f func(i int) int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	zero := numbers(func(int) int { return 0 })
	leaves := make([]string, n)
	for i := range leaves {
		leaves[i] = "LEAF"
	}
	manyLeaves := pairs{"nodes_treeids": numbers(func(i int) int { return i }), "nodes_nodeids": zero, "nodes_modes": leaves, "nodes_featureids": zero, "nodes_truenodeids": zero,
		"nodes_falsenodeids": zero, "nodes_values": make([]float64, n), "target_treeids": numbers(func(i int) int { return i }), "target_nodeids": zero, "target_ids": zero, "target_weights": make([]float64, n)}
	doubling := [][]byte{nodeBytes("Identity", "", []string{"X"}, []string{"c0"}, nil)}
	for i := range 40 {
		name := func(i int) string { return "c" + strconv.Itoa(i) }
		doubling = append(doubling, nodeBytes("Concat", "", []string{name(i), name(i)}, []string{name(i + 1)}, pairs{"axis": 1}))
	}
	sets := make([]float64, 0, 2*n)
	for i := range n {
		sets = append(sets, float64(i*100), math.NaN())
	}
	for name, data := range map[string][]byte{
		"many trees":        regressor(manyLeaves),
		"sparse ids":        regressor(pairs{"nodes_nodeids": []int{0, 1 << 40, 1 << 50}, "nodes_truenodeids": []int{1 << 40, 0, 0}, "nodes_falsenodeids": []int{1 << 50, 0, 0}, "target_nodeids": []int{1 << 40, 1 << 50}}),
		"many outputs":      regressor(manyLeaves.with(pairs{"n_targets": 65536})),
		"doubling":          before(nil, doubling...),
		"one-hot":           before(nil, nodeBytes("Cast", "", []string{"X"}, []string{"i"}, pairs{"to": 7}), nodeBytes("OneHotEncoder", ml, []string{"i"}, []string{"Z"}, pairs{"cats_int64s": numbers(func(i int) int { return i })})),
		"wide input":        spec{inputs: [][]byte{infoBytes("X", typeFloat, -1, 1<<16)}, nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, []string{"X"}, []string{"Y"}, stump)}}.bytes(),
		"membership values": ensemble5(pairs{"membership_values": tensorBytes("", typeFloat, []int64{int64(len(sets))}, field(4, make([]byte, 4*len(sets))))}),
		"deep":              field(7, field(7, field(7, field(7)))),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parseSafely(t, data)
			runtime.ReadMemStats(&after)
			const fixed = 40 << 20 // of wide inputs, whose width is a number
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(200*len(data)+fixed) {
				t.Errorf("%d bytes for a file of %d", used, len(data))
			}
		})
	}
}
