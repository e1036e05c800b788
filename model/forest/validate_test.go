package forest_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

func TestValidateRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(f *forest.Forest)
		code  fault.Code // "": Corrupt
		want  string     // the error
	}{
		// The forest as a whole.
		{"no outputs", func(f *forest.Forest) { f.Outputs = 0 }, fault.TooLarge, "outputs: 0 outputs; from 1 to 65536 are possible"},
		{"outputs", func(f *forest.Forest) { f.Outputs = forest.MaxOutputs + 1 }, fault.TooLarge, "outputs: 65537 outputs; from 1 to 65536 are possible"},
		{"no features", func(f *forest.Forest) { f.Features = nil }, fault.TooLarge, "features: 0 features; from 1 to 1048576 are possible"},
		{"features", func(f *forest.Forest) { f.Features = make([]forest.Feature, forest.MaxFeatures+1) }, fault.TooLarge, "features: 1048577 features; from 1 to 1048576 are possible"},
		{"trees", func(f *forest.Forest) { f.Trees = make([]forest.Tree, forest.MaxTrees+1) }, fault.TooLarge, "trees: 4194305 trees with 4 nodes are more than this build can index"},
		{"leaf width", func(f *forest.Forest) { f.LeafWidth = 2 }, "", "leaves: 2 values a leaf for 1 outputs"},
		{"no leaf width", func(f *forest.Forest) { f.LeafWidth = 0 }, "", "leaves: 0 values a leaf for 1 outputs"},
		{"base", func(f *forest.Forest) { f.Base = []float64{1, 2} }, "", "base score: 2 values for 1 outputs"},
		{"base is NaN", func(f *forest.Forest) { f.Base[0] = nan }, "", "base score: NaN is not a finite number"},
		{"base is no float32", func(f *forest.Forest) { f.Sum, f.Base[0] = forest.Float32, 0.1 }, "", "base score: 0.1 is no float32, but sums are"},
		{"bias", func(f *forest.Forest) { f.Bias = []float64{1, 2} }, "", "bias: 2 values for 1 outputs"},
		{"bias is NaN", func(f *forest.Forest) { f.Bias = []float64{nan} }, "", "bias: NaN is not a finite number of the sums' precision"},
		{"bias is no float32", func(f *forest.Forest) { f.Sum, f.Base, f.Bias = forest.Float32, nil, []float64{0.1} }, "", "bias: 0.1 is not a finite number of the sums' precision"},
		{"scale is infinite", func(f *forest.Forest) { f.Scale = inf }, "", "scale: +Inf is not a finite number of the sums' precision"},
		{"scale is no float32", func(f *forest.Forest) { f.Sum, f.Base, f.Scale = forest.Float32, nil, 0.1 }, "", "scale: 0.1 is not a finite number of the sums' precision"},
		{"leaf is infinite", func(f *forest.Forest) { f.Leaves[3] = -inf }, "", "leaves: leaf value 3 is -Inf, not a finite number"},
		{"leaf ids", func(f *forest.Forest) { f.LeafIDs = f.LeafIDs[1:] }, "", "leaf ids: 6 ids for 7 leaves"},
		{"average", func(f *forest.Forest) { f.Average, f.Rounds = forest.AverageMargin, 0 }, "", "average: an average over 0 rounds"},
		{"unknown average", func(f *forest.Forest) { f.Average = 3 }, "", "average: an average over 3 rounds"},
		{"precision", func(f *forest.Forest) { f.Input = 2 }, "", "precision: unknown precision"},
		{"precision of sums", func(f *forest.Forest) { f.Sum = 2 }, "", "precision: unknown precision"},
		{"zero band", func(f *forest.Forest) { f.ZeroBand = -1 }, "", "zero band: -1"},
		{"zero band is NaN", func(f *forest.Forest) { f.ZeroBand = nan }, "", "zero band: NaN"},
		{"zero band is infinite", func(f *forest.Forest) { f.ZeroBand = inf }, "", "zero band: +Inf"},
		{"link", func(f *forest.Forest) { f.Link.Kind = forest.LinkUnknown + 1 }, "", "link: unknown link 27 or task 0"},
		{"task", func(f *forest.Forest) { f.Task = 4 }, "", "link: unknown link 0 or task 4"},
		{"sigmoid", func(f *forest.Forest) { f.Link.Kind = forest.Sigmoid }, "", "link: a sigmoid of scale 0"},
		{"sigmoid is infinite", func(f *forest.Forest) { f.Link = forest.Link{Kind: forest.Sigmoid, Param: inf} }, "", "link: a sigmoid of scale +Inf"},
		{"mean and variance", func(f *forest.Forest) { f.Link.Kind = forest.MeanVariance }, "", "link: a mean and a variance of 1 outputs"},
		{"classes", func(f *forest.Forest) { f.Task = forest.TaskMulticlass }, "", "task: 1 outputs do not fit the objective"},

		// Trees.
		{"first node", func(f *forest.Forest) { f.Trees[1].FirstNode = 1 }, "", "tree 1: has 2 nodes from 1 and 3 leaves from 3, which does not follow on the tree before it"},
		{"first leaf", func(f *forest.Forest) { f.Trees[1].FirstLeaf = 4 }, "", "tree 1: has 2 nodes from 2 and 3 leaves from 4, which does not follow on the tree before it"},
		{"negative nodes", func(f *forest.Forest) { f.Trees[0].NumNodes, f.Trees[0].NumLeaves = -1, 0 }, "", "tree 0: has -1 nodes from 0 and 0 leaves from 0, which does not follow on the tree before it"},
		{"too many nodes", func(f *forest.Forest) { f.Trees[1].NumNodes, f.Trees[1].NumLeaves = 3, 4 }, "", "tree 1: has 3 nodes from 2 and 4 leaves from 3, which does not follow on the tree before it"},
		{"overflow", func(f *forest.Forest) { f.Trees[0].NumNodes, f.Trees[0].NumLeaves = math.MaxInt32, math.MinInt32 }, "", "tree 0: has 2147483647 nodes from 0 and -2147483648 leaves from 0, which does not follow on the tree before it"},
		{"leaves", func(f *forest.Forest) { f.Trees[1].NumLeaves = 2 }, "", "tree 1: has 2 nodes from 2 and 2 leaves from 3, which does not follow on the tree before it"},
		{"output", func(f *forest.Forest) { f.Trees[0].Output = 1 }, "", "tree 0: adds to output 1 of 1"},
		{"negative output", func(f *forest.Forest) { f.Trees[2].Output = -1 }, "", "tree 2: adds to output -1 of 1"},
		{"output of vector leaves", vector, "", "tree 0: adds to output 1 of 7"},
		{"nodes left over", func(f *forest.Forest) { f.Nodes = append(f.Nodes, f.Nodes[0]) }, "", "forest: 1 nodes and 0 leaf values belong to no tree"},
		{"leaves left over", func(f *forest.Forest) { f.Trees = f.Trees[:2] }, "", "forest: 0 nodes and 1 leaf values belong to no tree"},

		// The shape of a tree.
		{"root", func(f *forest.Forest) { f.Trees[1].Root = 1 }, "", "tree 1: refers to node -1; it has 2"},
		{"root beyond", func(f *forest.Forest) { f.Trees[1].Root = 4 }, "", "tree 1: refers to node 2; it has 2"},
		{"root is a leaf", func(f *forest.Forest) { f.Trees[0].Root = ^2 }, "", "tree 0: is not a tree: only 1 of its 5 nodes and leaves hang on the root"},
		{"root is a leaf too far", func(f *forest.Forest) { f.Trees[2].Root = ^1 }, "", "tree 2: refers to leaf 1; it has 1"},
		{"child of another tree", func(f *forest.Forest) { f.Nodes[0].Left = 2 }, "", "tree 0: refers to node 2; it has 2"},
		{"child nowhere", func(f *forest.Forest) { f.Nodes[0].Left = math.MaxInt32 }, "", "tree 0: refers to node 2147483647; it has 2"},
		{"leaf nowhere", func(f *forest.Forest) { f.Nodes[0].Right = math.MinInt32 }, "", "tree 0: refers to leaf 2147483647; it has 3"},
		{"a circle of one", func(f *forest.Forest) { f.Nodes[0].Left = 0 }, "", "tree 0: is not a tree: node or leaf 0 has two parents"},
		{"a circle of two", func(f *forest.Forest) { f.Nodes[1].Left = 0 }, "", "tree 0: is not a tree: node or leaf 0 has two parents"},
		{"a circle beside the root", func(f *forest.Forest) { f.Trees[1].Root, f.Nodes[3].Right = 2, 3 }, "", "tree 1: is not a tree: only 3 of its 5 nodes and leaves hang on the root"},
		{"a shared leaf", func(f *forest.Forest) { f.Nodes[1].Left = ^2 }, "", "tree 0: is not a tree: node or leaf 4 has two parents"},
		{"a shared node", func(f *forest.Forest) { f.Nodes[0].Right = 1 }, "", "tree 0: is not a tree: node or leaf 1 has two parents"},

		// Nodes.
		{"feature", func(f *forest.Forest) { f.Nodes[3].Feature = 2 }, "", "tree 1 node 1: splits on feature 2; the model has 2"},
		{"negative feature", func(f *forest.Forest) { f.Nodes[0].Feature = -1 }, "", "tree 0 node 0: splits on feature -1; the model has 2"},
		{"op", func(f *forest.Forest) { f.Nodes[0].Op = 4 }, "", "tree 0 node 0: unknown kind of split"},
		{"missing", func(f *forest.Forest) { f.Nodes[0].Missing = 3 }, "", "tree 0 node 0: unknown kind of split"},
		{"set", func(f *forest.Forest) { f.Nodes[1].Set = 2 }, "", "tree 0 node 1: refers to categorical set 2 of 2"},
		{"negative set", func(f *forest.Forest) { f.Nodes[1].Set = -1 }, "", "tree 0 node 1: refers to categorical set -1 of 2"},
		{"zero of a category", func(f *forest.Forest) { f.Nodes[1].Missing = forest.MissingZero }, "", "tree 0 node 1: a categorical split cannot take zero for missing"},
		{"threshold", func(f *forest.Forest) { f.Nodes[2].Threshold = nan }, "", "tree 1 node 0: the threshold is not a number"},

		// Sets.
		{"set's start", func(f *forest.Forest) { f.Sets[0].First = -1 }, "", "set 0: words -1 to 0 of 2"},
		{"set's start beyond", func(f *forest.Forest) { f.Sets[1] = forest.Set{First: 3, Known: -1} }, "", "set 1: words 3 to 3 of 2"},
		{"set's length", func(f *forest.Forest) { f.Sets[1].Len = math.MaxInt32 }, "", "set 1: words 1 to 2147483648 of 2"},
		{"set's negative length", func(f *forest.Forest) { f.Sets[1].Len = -1 }, "", "set 1: words 1 to 0 of 2"},
		{"known", func(f *forest.Forest) { f.Sets[0].Known = 2 }, "", "set 0: refers to set 2 of 2"},
		{"negative known", func(f *forest.Forest) { f.Sets[0].Known = -2 }, "", "set 0: refers to set -2 of 2"},

		// Linear leaves.
		{"linear leaves", func(f *forest.Forest) { f.Linear.Const = f.Linear.Const[1:] }, "", "linear leaves: 6 constants, 8 starts, 2 features and 2 coefficients for 7 leaves"},
		{"no starts", func(f *forest.Forest) { f.Linear.Start = nil }, "", "linear leaves: 7 constants, 0 starts, 2 features and 2 coefficients for 7 leaves"},
		{"first start", func(f *forest.Forest) { f.Linear.Start[0] = 1 }, "", "linear leaves: 7 constants, 8 starts, 2 features and 2 coefficients for 7 leaves"},
		{"last start", func(f *forest.Forest) { f.Linear.Start[7] = 3 }, "", "linear leaves: 7 constants, 8 starts, 2 features and 2 coefficients for 7 leaves"},
		{"starts that fall", func(f *forest.Forest) { f.Linear.Start[2] = 9 }, "", "linear leaf 2: constant 4, coefficients 9 to 0"},
		{"constant", func(f *forest.Forest) { f.Linear.Const[1] = nan }, "", "linear leaf 1: constant NaN, coefficients 0 to 0"},
		{"coefficient", func(f *forest.Forest) { f.Linear.Coeff[1] = inf }, "", "linear leaves: coefficient 1 is +Inf on feature 1 of 2"},
		{"feature of a coefficient", func(f *forest.Forest) { f.Linear.Feature[0] = 2 }, "", "linear leaves: coefficient 0 is 0.5 on feature 2 of 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := small()
			c.spoil(f)
			err := f.Validate()
			code := c.code
			if code == "" {
				code = fault.Corrupt
			}
			if err == nil || err.Error() != c.want || fault.CodeOf(err) != code {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, fault.CodeOf(err), c.want, code)
			}
			var fe *fault.Error
			if errors.As(err, &fe) && (fe.Field == "" || fe.Source != "") {
				t.Errorf("field %q, source %q", fe.Field, fe.Source)
			}
		})
	}
}

// vector gives the forest vector leaves, and a tree that adds to one output only.
func vector(f *forest.Forest) {
	f.Outputs, f.LeafWidth, f.Base, f.Linear = 7, 7, nil, nil
	f.Leaves = make([]float64, 7*7)
	f.Trees[0].Output = 1
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(f *forest.Forest){
		"as it is":                              func(*forest.Forest) {},
		"no trees":                              func(f *forest.Forest) { f.Trees, f.Nodes, f.Leaves, f.LeafIDs, f.Linear = nil, nil, nil, nil, nil },
		"vector leaves":                         func(f *forest.Forest) { vector(f); f.Trees[0].Output = 0 },
		"infinite thresholds":                   func(f *forest.Forest) { f.Nodes[0].Threshold, f.Nodes[2].Threshold = inf, -inf },
		"a NaN that no question is asked about": func(f *forest.Forest) { f.Nodes[1].Threshold = nan },
		"an empty set at the end":               func(f *forest.Forest) { f.Sets[0] = forest.Set{First: 2, Known: 0} },
		"average":                               func(f *forest.Forest) { f.Average = forest.AveragePrediction },
	} {
		f := small()
		change(f)
		if err := f.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUsed: a feature is used if a split or a linear leaf looks at it.
func TestUsed(t *testing.T) {
	f := small()
	f.Features = append(f.Features, forest.Feature{Name: "linear only"}, forest.Feature{Name: "unused", Used: true})
	f.Linear.Feature[1] = 2
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, ft := range f.Features {
		if ft.Used {
			used = append(used, ft.Name)
		}
	}
	if want := []string{"a", "b", "linear only"}; !slices.Equal(used, want) {
		t.Errorf("used: %s, want %s", strings.Join(used, ", "), strings.Join(want, ", "))
	}
}

// TestDeep: a tree that is a list of a million splits is valid, and neither Validate nor the evaluator needs a stack for it.
func TestDeep(t *testing.T) {
	const n = 1 << 20
	f := stump(forest.Node{})
	f.Trees[0].NumNodes, f.Trees[0].NumLeaves = n, n+1
	f.Nodes, f.Leaves = make([]forest.Node, n), make([]float64, n+1)
	for i := range f.Nodes {
		f.Nodes[i] = forest.Node{Threshold: float64(-i), Left: int32(i + 1), Right: ^int32(i)}
		f.Leaves[i] = float64(i)
	}
	f.Nodes[n-1].Left, f.Leaves[n] = ^n, n
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 4)
	forest.NewReference(f).Margins([]float64{1, -5.5, -n, nan}, 4, out)
	if want := []float64{0, 6, n, 0}; !slices.Equal(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
}
