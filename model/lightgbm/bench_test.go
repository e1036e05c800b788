package lightgbm

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse loads models of increasing size; the last two are made of the trees of another one, over and over.
func BenchmarkParse(b *testing.B) {
	numeric := string(readFile(b, flights+"/numeric.txt"))
	for _, c := range []struct{ name, text string }{
		{"1_tree", string(readFile(b, flights+"/one_tree.txt"))},
		{"100_trees", numeric},
		{"100_trees_categorical", string(readFile(b, flights+"/lightgbm.txt"))},
		{"5000_trees", repeatTrees(numeric, 5000)},
		{"5000_trees_linear", repeatTrees(string(readFile(b, flights+"/linear.txt")), 5000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := []byte(c.text)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data, "model.txt"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// repeatTrees makes a model of n trees from those of text.
func repeatTrees(text string, n int) string {
	text = dropLines(text, "tree_sizes=")
	start := strings.Index(text, "\n"+treePrefix) + 1
	end := strings.Index(text, endOfTrees)
	trees := strings.SplitAfter(text[start:end], "\n\n\n")
	trees = trees[:len(trees)-1]
	var s strings.Builder
	s.WriteString(text[:start])
	for i := range n {
		_, body, _ := strings.Cut(trees[i%len(trees)], "\n")
		fmt.Fprintf(&s, "Tree=%d\n%s", i, body)
	}
	s.WriteString(text[end:])
	return s.String()
}
