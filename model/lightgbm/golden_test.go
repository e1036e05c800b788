package lightgbm

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// tailLine makes a file complete that was written by hand.
const tailLine = "\nend of trees\n\npandas_categorical:null\n"

func TestForests(t *testing.T) {
	datadriven.Walk(t, "testdata/forests", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := d.Input + "\n\n"
			if !strings.Contains(text, endOfTrees) && !strings.Contains(text, oldImportances) {
				text += tailLine
			}
			f, err := Parse([]byte(text), "model.txt")
			if err != nil {
				return describeError(t, err)
			}
			return dump(f)
		})
	})
}

// TestRefused runs scripts of two commands: "base" has a model as its input; each "edit" changes it, with a line
// "old => new" for each change (\n is a line end; old must occur, and its first occurrence is meant).
func TestRefused(t *testing.T) {
	datadriven.Walk(t, "testdata/refused", func(t *testing.T, path string) {
		var base string
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := base
			if d.Cmd == "base" {
				base = d.Input + "\n"
				text = base
			} else {
				for _, line := range strings.Split(d.Input, "\n") {
					old, new, ok := strings.Cut(line, " =>")
					old, new = unescape(old), unescape(strings.TrimPrefix(new, " "))
					if !ok || !strings.Contains(text, old) {
						d.Fatalf(t, "%q is not there", line)
					}
					text = strings.Replace(text, old, new, 1)
				}
			}
			f, err := Parse([]byte(text), "model.txt")
			if err != nil {
				return describeError(t, err)
			}
			return fmt.Sprintf("ok: %d trees, %d features", len(f.Trees), len(f.Features))
		})
	})
}

func unescape(s string) string { return strings.ReplaceAll(s, `\n`, "\n") }

// describeError shows an error as a person reads it, and what code acts on.
func describeError(t *testing.T, err error) string {
	var e *fault.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *fault.Error", err)
	}
	if e.Source == "" || e.Hint == "" {
		t.Errorf("%v has no source or no hint", err)
	}
	return fmt.Sprintf("%s: %s", e.Code, strings.ReplaceAll(err.Error(), "; "+e.Hint, "\n  "+e.Hint))
}

// dump shows all of a forest.
func dump(f *forest.Forest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %q, booster %q, %d rounds, %d outputs\n", f.Format, f.Version, f.Objective, f.Booster, f.Rounds, f.Outputs)
	fmt.Fprintf(&b, "%s, %s, %s\n", linkName(f.Link), [...]string{"regression", "binary", "multiclass", "ranking"}[f.Task],
		[...]string{"no average", "average of predictions", "average of margins"}[f.Average])
	for i, x := range f.Features {
		fmt.Fprintf(&b, "x%d %q %s", i, x.Name, [...]string{"numeric", "categorical"}[x.Kind])
		if c := x.Categories; c != nil {
			switch {
			case c.Number != nil:
				fmt.Fprintf(&b, " %v", c.Number)
			case c.Bool != nil:
				fmt.Fprintf(&b, " %v", c.Bool)
			default:
				fmt.Fprintf(&b, " %q", c.Text)
			}
		}
		if !x.Used {
			b.WriteString(" unused")
		}
		b.WriteString("\n")
	}
	for t, tree := range f.Trees {
		fmt.Fprintf(&b, "tree %d: output %d, root %s\n", t, tree.Output, childName(tree.Root))
		for n := tree.FirstNode; n < tree.FirstNode+tree.NumNodes; n++ {
			nd := f.Nodes[n]
			fmt.Fprintf(&b, "  node %d: x%d %s ? %s : %s\n", n, nd.Feature, question(f, nd), childName(nd.Left), childName(nd.Right))
		}
		for l := tree.FirstLeaf; l < tree.FirstLeaf+tree.NumLeaves; l++ {
			fmt.Fprintf(&b, "  leaf %d: %v", l-tree.FirstLeaf, f.Leaves[l])
			if m := f.Linear; m != nil {
				fmt.Fprintf(&b, ", linear: %v", m.Const[l])
				for i := m.Start[l]; i < m.Start[l+1]; i++ {
					fmt.Fprintf(&b, " + %v*x%d", m.Coeff[i], m.Feature[i])
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func linkName(l forest.Link) string {
	name := [...]string{"identity", "sigmoid", "softmax", "exp", "signed square", "log1p(exp)"}[l.Kind]
	if l.Param != 0 {
		return fmt.Sprintf("%s(%v)", name, l.Param)
	}
	return name
}

func childName(c int32) string {
	if c < 0 {
		return fmt.Sprintf("leaf %d", ^c)
	}
	return fmt.Sprintf("node %d", c)
}

func question(f *forest.Forest, n forest.Node) string {
	side := "right"
	if n.DefaultLeft {
		side = "left"
	}
	missing := [...]string{"NaN goes " + side, "NaN and 0 go " + side, "NaN is 0"}[n.Missing]
	if n.Op == forest.LessEqual {
		return fmt.Sprintf("<= %v (%s)", n.Threshold, missing)
	}
	var in []string
	s := f.Sets[n.Set]
	for c := range 32 * s.Len {
		if f.Words[s.First+c/32]>>(c%32)&1 != 0 {
			in = append(in, fmt.Sprint(c))
		}
	}
	return fmt.Sprintf("in {%s} (%s)", strings.Join(in, " "), missing)
}
