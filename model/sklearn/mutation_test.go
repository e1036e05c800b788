package sklearn

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/glulam/glulam/model/internal/hostile"
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
	hostile.Mutants(t, realModels(t), 1500, 3, mutateText, func(t *testing.T, data []byte) { parseSafely(t, data) })
}

func mutateText(r *rand.Rand, b []byte) []byte { return []byte(mutate(r, string(b))) }

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

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t hostile.TB, data []byte) {
	t.Helper()
	f, g, err := Parse(data, "model.json")
	if err != nil {
		checkError(t, err)
		return
	}
	hostile.Evaluate(t, f, g, 1<<18)
}

func checkError(t hostile.TB, err error) {
	t.Helper()
	if e := hostile.Error(t, err, "model.json"); e.Source != "model.json" {
		t.Fatalf("source %q", e.Source)
	}
}

// TestMemory holds hostile documents to memory in proportion to their size.
func TestMemory(t *testing.T) {
	const n = 1 << 16
	with := func(old, new string) string { return strings.Replace(small, old, new, 1) }
	files := map[string]string{
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
	}
	hostile.Memory(t, files, 40, 1<<16, func(t *testing.T, data []byte) {
		if _, _, err := Parse(data, "model.json"); err != nil {
			checkError(t, err)
		}
	})
}
