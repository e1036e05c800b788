package onnx

import (
	"os"
	"testing"
)

// BenchmarkParse reads 2,000 stumps (boost_many) and a tree of many nodes (tree_deep).
func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"boost_many", "tree_deep", "columns"} {
		b.Run(name, func(b *testing.B) {
			data, err := os.ReadFile("../../testdata/onnx/" + name + ".onnx")
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Parse(data, name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
