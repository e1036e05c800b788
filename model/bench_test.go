package model_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
)

// BenchmarkScore measures a Binding from Arrow columns to margins and predictions: numeric has numbers only, lightgbm looks
// up texts, too.
func BenchmarkScore(b *testing.B) {
	for _, name := range []string{"numeric", "lightgbm"} {
		for _, engine := range engines {
			m := load(b, golden.Find(b, name), engine)
			rows := golden.Rows(b)
			bind, err := m.Bind(rows.Schema(), nil)
			if err != nil {
				b.Fatal(err)
			}
			for _, batch := range []int64{1, 64, 4096} {
				b.Run(fmt.Sprintf("%s/%s/%d", name, engine, batch), func(b *testing.B) {
					s := model.Scores{Want: model.WantMargin | model.WantPrediction}
					rec := rows.NewSlice(100, 100+batch)
					b.ReportAllocs()
					for b.Loop() {
						if err := bind.Score(rec, &s); err != nil {
							b.Fatal(err)
						}
					}
					perRow := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(batch)
					b.ReportMetric(perRow, "ns/row")
					b.ReportMetric(1e9/perRow, "rows/s")
				})
			}
		}
	}
}

// BenchmarkLoad measures reading, parsing and checking a model file of 100 trees.
func BenchmarkLoad(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := model.Load(context.Background(), golden.Path("lightgbm.txt"), model.Options{Engine: engine}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
