package catboost

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/hostile"
)

// seeds are small models of every shape, in both formats.
func seeds(t testing.TB) map[string][]byte {
	m := map[string][]byte{"small.json": []byte(small)}
	for _, name := range []string{"one_tree", "one_leaf", "one_feature", "depthwise_multiclass", "onehot_gaps", "scaled_multiclass", "dropped"} {
		m[name+".cbm"] = readFile(t, cases+"/"+name+".cbm")
		m[name+".json"] = trimmed(readFile(t, cases+"/"+name+".json"))
	}
	for _, name := range []string{"statistics", "text", "embedding"} {
		m[name+".cbm"] = readFile(t, cases+"/refused/"+name+".cbm")
	}
	return m
}

// trimmed takes the blanks out of a JSON model, which are most of it.
func trimmed(data []byte) []byte { return []byte(strings.Join(strings.Fields(string(data)), "")) }

// TestCut cuts files off. What is left is refused.
func TestCut(t *testing.T) {
	for name, data := range seeds(t) {
		for n := 0; n < len(data); n += 1 + len(data)/500 {
			if _, err := Parse(data[:n], name); err == nil {
				t.Fatalf("%s cut at %d is accepted", name, n)
			} else {
				checkError(t, err)
			}
		}
		if _, err := Parse(append(data[:len(data):len(data)], 'x'), name); err == nil {
			t.Errorf("%s with a byte more is accepted", name)
		}
	}
}

// TestMutants spoils real files in many ways. What comes out is an error or a forest that can be evaluated. GLULAM_MUTANTS
// says how many of each file there are to be.
func TestMutants(t *testing.T) {
	hostile.Mutants(t, seeds(t), 1000, 3, mutate, func(t *testing.T, data []byte) { parseSafely(t, data) })
}

func mutate(r *rand.Rand, b []byte) []byte {
	at := r.IntN(len(b))
	if b[0] == magic[0] { // the tables of a .cbm are at its end
		at = len(b) - 1 - r.IntN(min(len(b), 4000))
	}
	end := min(len(b), at+1+r.IntN(60))
	switch r.IntN(6) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
	case 1: // a piece less
		return append(b[:at:at], b[end:]...)
	case 2: // a piece twice
		return append(b[:end:end], b[at:]...)
	case 3: // a piece from elsewhere
		from := r.IntN(len(b))
		copy(b[at:end], b[from:])
	case 4:
		if at+4 <= len(b) {
			words := []uint32{0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0xffff, 4, uint32(len(b)), uint32(r.Uint32())}
			binary.LittleEndian.PutUint32(b[at:], words[r.IntN(len(words))])
		}
	default:
		return number(r, b, at)
	}
	return b
}

// number replaces the number around a place of a JSON file.
func number(r *rand.Rand, b []byte, at int) []byte {
	const ends = " \n,:[]{}"
	i := at
	for i > 0 && !strings.ContainsRune(ends, rune(b[i-1])) {
		i--
	}
	for at < len(b) && !strings.ContainsRune(ends, rune(b[at])) {
		at++
	}
	numbers := []string{"0", "-1", "1", "2", "3", "0.5", "1e308", "1e999", "2147483647", "2147483648", "-2147483649", "null", "[]", "{}", `""`, "true", ""}
	return []byte(string(b[:i]) + numbers[r.IntN(len(numbers))] + string(b[at:]))
}

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t hostile.TB, data []byte) {
	t.Helper()
	f, err := Parse(data, "model.json")
	if err != nil {
		checkError(t, err)
		return
	}
	hostile.Evaluate(t, f, nil, forest.MaxFeatures)
}

func checkError(t hostile.TB, err error) {
	t.Helper()
	hostile.Error(t, err, "")
}

// TestMemory holds hostile files to memory in proportion to their size.
func TestMemory(t *testing.T) {
	const n = 1 << 16
	model := func(from, to string) []byte {
		if !strings.Contains(small, from) {
			t.Fatalf("%s is not in the model", from)
		}
		return []byte(strings.Replace(small, from, to, 1))
	}
	var values, trees strings.Builder
	for i := range n {
		fmt.Fprintf(&values, "%d,", i+8)
		trees.WriteString(`{"leaf_values":[1]},`)
	}
	split := `{"border":0.10000000149011612,"float_feature_index":0,"split_index":1,"split_type":"FloatFeature"},`
	files := map[string][]byte{
		"flat index":      model(`"flat_feature_index":1`, `"flat_feature_index":2147483647`),
		"one-hot values":  model(`[-5,7]`, "[-5,7,"+strings.TrimSuffix(values.String(), ",")+"]"),
		"many trees":      model(`"oblivious_trees":[`, `"oblivious_trees":[`+trees.String()),
		"many splits":     model(`"splits":[`, `"splits":[`+strings.Repeat(split, 31)),
		"many leaves":     model(`[1,2,4,8]`, `[`+strings.Repeat("1,", 4*n-1)+`1]`),
		"deep":            []byte(strings.Replace(small, `"oblivious_trees":[`, `"trees":[`+strings.Repeat(`{"left":`, n), 1)),
		"deep in what is": model(`"params":{"loss`, `"x":`+strings.Repeat("[", n)+`,"params":{"loss`),
		"bin of nothing":  []byte("CBM1\xff\xff\xff\xff"),
		"bin of zeros":    append([]byte("CBM1\x00\x00\x01\x00"), make([]byte, n)...),
		"bin of ones":     append([]byte("CBM1\x00\x00\x01\x00"), []byte(strings.Repeat("\x01\x00", n/2))...),
		"bin of fours":    append([]byte("CBM1\x00\x00\x01\x00"), []byte(strings.Repeat("\x04\x00\x00\x00", n/4))...),
	}
	hostile.Memory(t, files, 100, 1<<18, func(t *testing.T, data []byte) { parseSafely(t, data) })
}

func FuzzParse(f *testing.F) {
	for _, data := range seeds(f) {
		if len(data) < 1<<14 { // go test spends its time on making large ones smaller
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
