package onnx

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/hostile"
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
	accepted := 0
	hostile.Mutants(t, realModels(t), 150, 3, mutate, func(t *testing.T, data []byte) {
		if parseSafely(t, data) {
			accepted++
		}
	})
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
	hostile.Evaluate(t, f, g, forest.MaxFeatures)
	return true
}

func checkError(t testing.TB, err error) {
	t.Helper()
	if e := hostile.Error(t, err, ".onnx"); e.Field == "" {
		t.Fatalf("an error without a place: %v", err)
	}
	if len(err.Error()) > 1000 {
		t.Fatalf("too long an error: %v", err)
	}
}

// TestMemory holds hostile files to memory in proportion to their size.
func TestMemory(t *testing.T) {
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
	files := map[string][]byte{
		"many trees":        regressor(manyLeaves),
		"sparse ids":        regressor(pairs{"nodes_nodeids": []int{0, 1 << 40, 1 << 50}, "nodes_truenodeids": []int{1 << 40, 0, 0}, "nodes_falsenodeids": []int{1 << 50, 0, 0}, "target_nodeids": []int{1 << 40, 1 << 50}}),
		"many outputs":      regressor(manyLeaves.with(pairs{"n_targets": 65536})),
		"doubling":          before(nil, doubling...),
		"one-hot":           before(nil, nodeBytes("Cast", "", []string{"X"}, []string{"i"}, pairs{"to": 7}), nodeBytes("OneHotEncoder", ml, []string{"i"}, []string{"Z"}, pairs{"cats_int64s": numbers(func(i int) int { return i })})),
		"wide input":        spec{inputs: [][]byte{infoBytes("X", typeFloat, -1, 1<<16)}, nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, []string{"X"}, []string{"Y"}, stump)}}.bytes(),
		"membership values": ensemble5(pairs{"membership_values": tensorBytes("", typeFloat, []int64{int64(len(sets))}, field(4, make([]byte, 4*len(sets))))}),
		"deep":              field(7, field(7, field(7, field(7)))),
	}
	const fixed = 40 << 20 // of wide inputs, whose width is a number
	hostile.Memory(t, files, 200, fixed, func(t *testing.T, data []byte) { parseSafely(t, data) })
}
