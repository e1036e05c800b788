package sklearn

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse loads models of increasing size, made of the trees of a golden model over and over.
func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name, model string
		trees       int
	}{{"100_trees", "hist_squared", 100}, {"5000_trees", "hist_squared", 5000}, {"1000_trees_of_a_forest", "forest_weights", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			data := repeatTrees(b, string(readModel(b, c.model)), c.trees)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Parse(data, "model.json"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func repeatTrees(tb testing.TB, text string, n int) []byte {
	head, rest, found := strings.Cut(text, `"trees":[`)
	if !found {
		tb.Fatal("no trees")
	}
	before, after, _ := strings.Cut(head, `"rounds":`)
	after = strings.TrimLeft(after, "0123456789")
	trees := strings.Split(strings.TrimSuffix(rest, "\n]}\n"), ",\n")
	var s strings.Builder
	fmt.Fprintf(&s, `%s"rounds":%d%s"trees":[`, before, n, after)
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(trees[i%len(trees)])
	}
	s.WriteString("\n]}\n")
	return []byte(s.String())
}
