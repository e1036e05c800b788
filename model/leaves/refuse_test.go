package leaves

import (
	"errors"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func() *forest.Forest
		code  fault.Code
		field string
		text  string
	}{
		{
			name: "equality",
			make: func() *forest.Forest {
				f := oneNodeTrees(2, forest.Node{})
				f.Nodes[3].Op, f.Nodes[3].Threshold = forest.Equal, 2.5
				return f
			},
			code: fault.Unsupported, field: "tree 3 node 0", text: "whether a number equals 2.5",
		},
		{
			name:  "one set that is too large",
			make:  func() *forest.Forest { return oneSet(maxWords+1, 1) },
			code:  fault.TooLarge,
			field: "set 0", text: "16 MiB",
		},
		{
			name:  "a large set at many nodes",
			make:  func() *forest.Forest { return oneSet(maxWords/4, 5) },
			code:  fault.TooLarge,
			field: "tree 4 node 0", text: "16 MiB",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.make()
			if err := f.Validate(); err != nil {
				t.Fatal(err)
			}
			_, err := New(f)
			var e *fault.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Field != c.field || !strings.Contains(e.Error(), c.text) {
				t.Fatalf("got %v, want %s at %s with %q", err, c.code, c.field, c.text)
			}
			if e.Hint != "use --engine reference" {
				t.Errorf("hint %q", e.Hint)
			}
		})
	}
}

// oneSet makes trees of one node each that ask for the last category of this many words.
func oneSet(words, trees int) *forest.Forest {
	f := &forest.Forest{Features: make([]forest.Feature, 1), Outputs: 1, LeafWidth: 1, Words: make([]uint32, words)}
	f.Words[words-1] = 1 << 31
	f.Sets = []forest.Set{{Len: int32(words), Known: -1}}
	for n := range int32(trees) {
		f.Nodes = append(f.Nodes, forest.Node{Op: forest.InSet, Left: ^0, Right: ^1})
		f.Leaves = append(f.Leaves, 1, 2)
		f.Trees = append(f.Trees, forest.Tree{Root: n, FirstNode: n, NumNodes: 1, FirstLeaf: 2 * n, NumLeaves: 2})
	}
	return f
}

// TestLargeCategories: what is below the limit works, with values at both ends.
func TestLargeCategories(t *testing.T) {
	f := oneSet(maxWords/8, 4)
	last := float64(maxWords/8*32 - 1)
	x := []float64{0, last, last - 1, last + 0.5, last + 1, 1<<31 - 1, 1 << 31, -1, -0.5}
	sameAsReference(t, f, x, len(x))
}
