package boundary

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

// load gives a case, its model and its rows.
func load(t *testing.T, library, name string) (*model.Model, *Set) {
	t.Helper()
	for _, c := range golden.Cases(t, library) {
		if c.Name != name {
			continue
		}
		m, err := model.Load(context.Background(), c.Path(), model.Options{Features: c.Features, Trees: c.Trees, Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		set, err := Make(m, c.Columns(t), Options{Finite: c.Boundary != nil && c.Boundary.Finite})
		if err != nil {
			t.Fatal(err)
		}
		return m, set
	}
	t.Fatalf("no case %s in %s", name, library)
	return nil, nil
}

// features gives the rows of a set as the trees see them.
func features(s *Set, f *forest.Forest) []float64 {
	width := len(f.Features)
	x := make([]float64, s.Rows*width)
	out := make([]float64, width)
	for r := range s.Rows {
		for i, in := range s.inputs {
			in.forward(s.values[r*len(s.inputs)+i], out)
			for k, feature := range in.features {
				x[r*width+feature] = out[k]
			}
		}
	}
	return x
}

// TestEachThresholdCounts: if a model asked < for <=, or had the next number for a threshold, some row would come to another
// leaf, whichever threshold of the model it is.
func TestEachThresholdCounts(t *testing.T) {
	for _, c := range [][2]string{
		{"xgboost", "binary_logistic"}, {"xgboost", "text_json"}, {"catboost", "binary_cbm"}, {"sklearn", "hist_binary"}, {"sklearn", "tree_binary"},
		{"onnx", "forest_binary"}, {"lightgbm-dump", "linear"}, {"lightgbm-dump", "zero_as_missing"},
	} {
		t.Run(c[0]+"/"+c[1], func(t *testing.T) {
			m, set := load(t, c[0], c[1])
			f := m.Forest()
			x := features(set, f)
			right := leaves(f, x, set.Rows)
			mk := &maker{Set: *set, f: f, paths: newPaths(f)}
			asked := 0
			for i, q := range mk.questions() {
				if q.set >= 0 || !set.turned[i] {
					continue
				}
				for what, change := range changes(f) {
					if math.Abs(q.t) <= f.ZeroBand && what != "higher" {
						continue // all of the band is 0
					}
					other := *f
					other.Nodes = slices.Clone(f.Nodes)
					for _, n := range q.nodes {
						change(&other.Nodes[n])
					}
					if asked++; slices.Equal(leaves(&other, x, set.Rows), right) {
						t.Errorf("feature %d, threshold %v in %d nodes could as well be %s", q.feature, q.t, len(q.nodes), what)
					}
				}
			}
			if asked < 20 {
				t.Errorf("%d changes only", asked)
			}
		})
	}
}

// changes are mistakes in a node that matter: if features are float32, thresholds between two of them are as good as the lower.
func changes(f *forest.Forest) map[string]func(*forest.Node) {
	next := func(n *forest.Node, to float64) float64 {
		if f.Input != forest.Float32 {
			return math.Nextafter(n.Threshold, to)
		}
		t := float32(n.Threshold)
		if n.Op == forest.LessEqual && float64(t) > n.Threshold {
			t = math.Nextafter32(t, float32(math.Inf(-1)))
		}
		return float64(math.Nextafter32(t, float32(to)))
	}
	all := map[string]func(*forest.Node){
		"higher": func(n *forest.Node) { n.Threshold = next(n, math.Inf(1)) },
		"lower":  func(n *forest.Node) { n.Threshold = next(n, math.Inf(-1)) },
	}
	if f.Input == forest.Float64 {
		all["compared otherwise"] = func(n *forest.Node) {
			if n.Op == forest.Less {
				n.Op = forest.LessEqual
			} else {
				n.Op = forest.Less
			}
		}
	}
	return all
}

func leaves(f *forest.Forest, x []float64, rows int) []int32 {
	out := make([]int32, rows*len(f.Trees))
	forest.NewReference(f).LeafIndices(x, rows, out)
	return out
}

// TestWalk: the walk that rows are made with goes where the reference engine goes.
func TestWalk(t *testing.T) {
	for _, c := range [][2]string{
		{"xgboost", "category_partition"}, {"xgboost", "category_onehot"}, {"sklearn", "hist_codes"}, {"lightgbm-dump", "codes"}, {"lightgbm-dump", "no_missing"},
		{"lightgbm-dump", "zero_as_missing"}, {"catboost", "depthwise_onehot_cbm"}, {"onnx", "random_sum"}, {"onnx", "v5_members"},
	} {
		t.Run(c[0]+"/"+c[1], func(t *testing.T) {
			m, set := load(t, c[0], c[1])
			f := m.Forest()
			x, width, trees := features(set, f), len(f.Features), len(f.Trees)
			want := make([]int32, set.Rows*trees)
			forest.NewReference(f).LeafIndices(x, set.Rows, want)
			for r := range set.Rows {
				for i := range f.Trees {
					n := f.Trees[i].Root
					for n >= 0 {
						nd := &f.Nodes[n]
						if goesLeft(f, nd, f.Prepare(x[r*width+int(nd.Feature)])) {
							n = nd.Left
						} else {
							n = nd.Right
						}
					}
					id := ^n
					if f.LeafIDs != nil {
						id = f.LeafIDs[f.Trees[i].FirstLeaf+id]
					}
					if id != want[r*trees+i] {
						t.Fatalf("row %s, tree %d: leaf %d, want %d", set.Row(r), i, id, want[r*trees+i])
					}
				}
			}
		})
	}
}

func TestTurn(t *testing.T) {
	for _, at := range []float64{0, 5e-324, -5e-324, 1, -1, 0.1, 1e300, -1e300, math.MaxFloat64, math.Nextafter(-math.MaxFloat64, 0)} {
		for _, ends := range [][2]float64{{-math.MaxFloat64, math.MaxFloat64}, {math.MaxFloat64, -math.MaxFloat64}} {
			a, b := turn(ends[0], ends[1], func(v float64) bool { return v >= at })
			if ends[0] > ends[1] {
				a, b = b, a
			}
			if b != at || a != math.Nextafter(at, math.Inf(-1)) {
				t.Errorf("between %v and %v, where %v was wanted", a, b, at)
			}
		}
	}
}

// TestDigests holds the digests to those of testdata/gen/boundary.py.
func TestDigests(t *testing.T) {
	values := make([]float64, 0, 130)
	for i := range 65 {
		values = append(values, float64(i)/3, math.Copysign(float64(i), -1))
	}
	values[5] = math.Float64frombits(0xfff8000000000123)
	want := []uint64{0xa94d1b371261dc3d, 0x7f26678ae81111fc} // Python: [int.from_bytes(digest(v[i:i+64]), "little") for i in (0, 64)]
	if got := Digests(values, 65); !slices.Equal(got, want) {
		t.Errorf("%#x, want %#x", got, want)
	}
	if len(Digests(nil, 0)) != 1 {
		t.Error("no digest of nothing")
	}
}

// TestWrite: two sets of a model are one, and are written as they are.
func TestWrite(t *testing.T) {
	_, set := load(t, "sklearn", "hist_texts")
	_, again := load(t, "sklearn", "hist_texts")
	var a, b bytes.Buffer
	if err := set.Write(&a); err != nil {
		t.Fatal(err)
	}
	if err := again.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || set.Digest() != again.Digest() {
		t.Error("two sets of one model differ")
	}
	line, rest, _ := bytes.Cut(a.Bytes(), []byte("\n"))
	if len(rest) != 8*set.Rows*len(set.inputs) || !bytes.Contains(line, []byte(`"texts":[`)) {
		t.Errorf("%d bytes after %.200s", len(rest), line)
	}
	again.values[7]++
	if set.Digest() == again.Digest() {
		t.Error("other rows have the same digest")
	}
}
