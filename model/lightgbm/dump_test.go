package lightgbm

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/hostile"
)

const dumps = "../../testdata/lightgbm-dump"

// TestDumps holds each dump to the text that it was made of, cut to the same rounds: all of the forest but its Booster.
func TestDumps(t *testing.T) {
	paths, err := filepath.Glob(dumps + "/*.json")
	if err != nil || len(paths) < 25 {
		t.Fatalf("%d dumps, %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), ".json"), "old_")
		if name == "cases" {
			continue
		}
		got, err := ParseDump(readFile(t, path), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := mustParse(t, readFile(t, flights+"/"+name+".txt"))
		if err := want.Keep(0, got.Rounds); err != nil {
			t.Fatal(err)
		}
		want.Sets = want.Sets[:len(got.Sets)] // Keep leaves them all
		want.Words = want.Words[:len(got.Words)]
		if err := want.Validate(); err != nil {
			t.Fatal(err)
		}
		if want.Average == forest.AverageNone {
			want.Booster = ""
		}
		if strings.HasPrefix(name, "v3_") && got.Version == "v4" { // 4.7 wrote this one
			want.Version = "v4"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// smallDump is a dump of one tree with a categorical and a numeric split.
const smallDump = `{"name":"tree","version":"v4","num_class":1,"num_tree_per_iteration":1,"label_index":0,"max_feature_idx":1,"objective":"binary sigmoid:1","average_output":false,
"feature_names":["a","b"],"monotone_constraints":[],"feature_infos":{"a":{"min_value":0,"max_value":9,"values":[]},"b":{"min_value":-1,"max_value":70,"values":[3,70,-1]}},
"tree_info":[{"tree_index":0,"num_leaves":3,"num_cat":1,"shrinkage":1,"tree_structure":{"split_index":0,"split_feature":1,"split_gain":1,"threshold":"3||70","decision_type":"==","default_left":false,"missing_type":"NaN","internal_value":0,"internal_weight":0,"internal_count":9,
"left_child":{"leaf_index":0,"leaf_value":1.5,"leaf_weight":1,"leaf_count":3},
"right_child":{"split_index":1,"split_feature":0,"split_gain":1,"threshold":1e+300,"decision_type":"<=","default_left":true,"missing_type":"None","internal_value":0,"internal_weight":0,"internal_count":6,"left_child":{"leaf_index":1,"leaf_value":-2,"leaf_count":3},"right_child":{"leaf_index":2,"leaf_value":0.25,"leaf_count":3}}}}],
"feature_importances":{"a":1,"b":1},"pandas_categorical":[]}`

// smallText is the same model as text.
const smallText = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\nobjective=binary sigmoid:1\nfeature_names=a b\nfeature_infos=[0:9] 3:70:-1\n\n" +
	"Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=1 0\nthreshold=0 inf\ndecision_type=9 2\nleft_child=-1 -2\nright_child=1 -3\nleaf_value=1.5 -2 0.25\ncat_boundaries=0 3\ncat_threshold=8 0 64\n\nend of trees\n\npandas_categorical:[]\n"

func TestSmallDump(t *testing.T) {
	want := mustParse(t, []byte(smallText))
	reordered := func() []byte { // keys in another order, as json.dump(sort_keys=True) has them
		var any map[string]any
		d := json.NewDecoder(strings.NewReader(smallDump))
		d.UseNumber()
		if err := d.Decode(&any); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(any)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}()
	for name, data := range map[string][]byte{"as it is": []byte(smallDump), "sorted": reordered, "of later rounds": []byte(strings.Replace(smallDump, `"tree_index":0`, `"tree_index":5`, 1))} {
		if !DetectDump(data) || Detect(data) {
			t.Errorf("%s: not detected", name)
		}
		got, err := ParseDump(data, "dump.json")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, text := range []string{"", "tree\n", "{}", `{"name":"trees"}`, `{"learner":{}}`, `{"features_info":{}}`, "[]"} {
		if DetectDump([]byte(text)) {
			t.Errorf("%q is taken for a dump", text)
		}
	}
}

// TestOldDump: a dump of LightGBM 2 does not say what its margins are.
func TestOldDump(t *testing.T) {
	old := strings.NewReplacer(`"v4"`, `"v2"`, `"objective":"binary sigmoid:1","average_output":false,`, "", `"pandas_categorical":[]`, `"pandas_categorical":null`).Replace(smallDump)
	f, err := ParseDump([]byte(old), "dump.json")
	if err != nil || f.Link.Kind != forest.LinkUnknown {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestDumpRefuses(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`"version":"v4"`, `"version":"v5"`, `version: unknown version "v5"; v2, v3 and v4 are known`},
		{`binary sigmoid:1`, `binary`, `objective: sigmoid is missing in "binary"`},
		{`binary sigmoid:1`, `brand_new`, `objective: unknown objective "brand_new": what its margins mean is not known`},
		{`"shrinkage":1`, `"shrinking":1`, `tree_info[0].shrinking: tree 0: unknown key "shrinking"`},
		{`"label_index"`, `"label"`, `label: unknown key "label"`},
		{`"num_leaves":3`, `"num_leaves":4`, `tree_info[0]: num_leaves is 4, but there are 3`},
		{`"leaf_index":2`, `"leaf_index":1`, `tree_info[0]: leaf_index 2 is missing`},
		{`"split_index":1`, `"split_index":2`, `tree_info[0]: split_index 1 is missing`},
		{`"split_feature":0`, `"split_feature":2`, `split_feature: tree 0: value 1 is "2", not an integer from 0 to 1`},
		{`"missing_type":"NaN"`, `"missing_type":"nan"`, `tree_info[0].tree_structure: tree 0: unknown missing_type "nan"`},
		{`"decision_type":"<="`, `"decision_type":"<"`, `tree_info[0].tree_structure.right_child: tree 0: the question "<" with the threshold "inf"`},
		{`"3||70"`, `"3||x"`, `tree_info[0]: "x" is not a category`},
		{`"3||70"`, `"3||2147483647"`, `tree_info[0]: tree 0: the categories up to 2147483647 make the sets too large`},
		{`"leaf_value":1.5`, `"leaf_value":1e999`, `leaf_value: tree 0: "1e999" is not a number that a float64 can hold`},
		{`"leaf_value":1.5`, `"leaf_value":NaN`, `tree_info: not JSON at byte`},
		{`"leaf_value":1.5,`, ``, `tree_info[0].tree_structure.left_child: neither a leaf nor a split with two children`},
		{`"leaf_value":1.5`, `"leaf_value":1.5,"leaf_const":1,"leaf_features":[0],"leaf_coeff":[]`, `tree_info[0].tree_structure.left_child: a linear leaf with 1 features and 0 coefficients`},
		{`"leaf_value":1.5`, `"leaf_value":1.5,"leaf_const":1,"leaf_features":[0],"leaf_coeff":[2]`, `tree_info[0]: leaf 1 or leaf 0 has no linear model`},
		{`["a","b"]`, `["a","a"]`, `feature_infos: there is no feature "b"`},
		{`["a","b"]`, `["a b","b"]`, `feature_infos: there is no feature "a"`},
		{`"pandas_categorical":[]}`, `"pandas_categorical":[["x"]]}`, `pandas_categorical: list 1 of 1 (1 texts from "x") fits no feature`},
		{`"pandas_categorical":[]}`, `"pandas_categorical":[]`, `pandas_categorical: not JSON at byte`},
		{`"pandas_categorical":[]}`, `"pandas_categorical":[]} 1`, `something follows at byte`},
		{`"num_class":1`, `"num_class":1,"num_class":1`, `num_class: a key is there twice`},
		{`"tree_info"`, `"trees"`, `trees: unknown key "trees"`},
	} {
		if !strings.Contains(smallDump, c.from) {
			t.Fatalf("%s is not in the dump", c.from)
		}
		_, err := ParseDump([]byte(strings.Replace(smallDump, c.from, c.to, 1)), "dump.json")
		var e *fault.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "dump.json: "+c.want) || e.Hint == "" {
			t.Errorf("%s for %s: got %v", c.to, c.from, err)
		}
	}
}

// TestDumpMutants spoils dumps in many ways, and cuts them off.
func TestDumpMutants(t *testing.T) {
	seeds := [][]byte{[]byte(smallDump)}
	for _, name := range []string{"one_leaf", "linear_category", "category_onehot"} {
		var b bytes.Buffer
		if err := json.Compact(&b, readFile(t, dumps+"/"+name+".json")); err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, b.Bytes())
	}
	numbers := []string{"0", "-1", "1", "2", "99999999999", "1e999", "null", "[]", "{}", `""`, `"1||5"`, "true", ""}
	for _, data := range seeds {
		for n := 0; n < len(data); n += 1 + len(data)/300 {
			if _, err := ParseDump(data[:n], "model.txt"); err == nil {
				t.Fatalf("a dump cut at %d is accepted", n)
			} else {
				checkError(t, err)
			}
		}
		for seed := range uint64(1000) {
			r := rand.New(rand.NewPCG(seed, 1))
			s := string(data)
			for range 1 + r.IntN(3) {
				at := r.IntN(len(s))
				end := min(len(s), at+1+r.IntN(60))
				switch r.IntN(4) {
				case 0:
					b := []byte(s)
					b[at] ^= 1 << r.IntN(8)
					s = string(b)
				case 1:
					s = s[:at] + s[end:] + " "
				case 2:
					s = s[:end] + s[at:]
				default:
					const ends = " \n,:[]{}"
					end := at
					for at > 0 && !strings.ContainsRune(ends, rune(s[at-1])) {
						at--
					}
					for end < len(s) && !strings.ContainsRune(ends, rune(s[end])) {
						end++
					}
					s = s[:at] + numbers[r.IntN(len(numbers))] + s[end:] + " "
				}
			}
			parseDumpSafely(t, []byte(s))
		}
	}
}

func parseDumpSafely(t hostile.TB, data []byte) {
	t.Helper()
	f, err := ParseDump(data, "model.txt")
	if err != nil {
		checkError(t, err)
		return
	}
	checkForest(t, f)
}

// TestDumpMemory holds hostile dumps to memory in proportion to their size, but for what sets may always have.
func TestDumpMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short runs are for the race detector, whose own memory counts here")
	}
	const n = 1 << 14
	deep := strings.Repeat(`{"left_child":`, 9000)
	for name, c := range map[string]struct {
		from, to string
		fixed    uint64
	}{
		"deep":       {`"tree_structure":{`, `"tree_structure":` + deep + `{`, 1 << 20},
		"categories": {`"3||70"`, `"` + strconv.Itoa(maxDumpWords*32-64) + `"`, 100 * maxDumpWords},
		"too many":   {`"3||70"`, `"2147483647"`, 1 << 16},
		"codes":      {`"3||70"`, `"` + strings.Repeat("1||", n) + `1"`, 1 << 16},
		"features":   {`"max_feature_idx":1`, `"max_feature_idx":2147483646`, 1 << 16},
		"leaves":     {`"num_leaves":3`, `"num_leaves":2147483647`, 1 << 16},
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(strings.Replace(smallDump, c.from, c.to, 1))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parseDumpSafely(t, data)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(60*len(data))+c.fixed {
				t.Errorf("%d bytes for a file of %d", used, len(data))
			}
		})
	}
}

func FuzzParseDump(f *testing.F) {
	f.Add([]byte(smallDump))
	f.Add(readFile(f, dumps+"/one_leaf.json"))
	f.Fuzz(func(t *testing.T, data []byte) { parseDumpSafely(t, data) })
}

func BenchmarkParseDump(b *testing.B) {
	data := readFile(b, dumps+"/numeric.json")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseDump(data, "dump.json"); err != nil {
			b.Fatal(err)
		}
	}
}
