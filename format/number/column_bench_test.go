package number

import (
	"bytes"
	"math"
	"testing"
)

// BenchmarkColumn reads a column of cells of one kind, in lines of 128 bytes.
func BenchmarkColumn(b *testing.B) {
	rule := NewRule([]string{"", "NA"})
	for _, kind := range []struct{ name, cells string }{
		{"empty", ","}, {"int", "515,1,1837,22,"}, {"decimal", "39.02,28.4,100.25,9.1,"}, {"mixed", "515,,9.5,12,"},
		{"long", "12.658579999999999,6.904679999999999,"}, {"random", "-1.2337536298411382,0.7231948410294831,"},
	} {
		b.Run(kind.name, func(b *testing.B) {
			var text []byte
			marks := Marks{math.MaxUint16}
			cells := bytes.Split([]byte(kind.cells[:len(kind.cells)-1]), []byte{','})
			var dst [128]float64
			for i := range dst {
				text = append(append(text, cells[i%len(cells)]...), ',')
				marks = append(marks, uint16(len(text)-1))
				text = append(append(text, make([]byte, 100)...), '\n')
				marks = append(marks, uint16(len(text)-1))
			}
			for b.Loop() {
				if rule.Column(dst[:], text, marks, 0, 2) != len(dst) {
					b.Fatal("a cell is left out")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(dst)), "ns/cell")
		})
	}
}
