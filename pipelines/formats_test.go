package pipelines_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/pipelines"
)

// TestEveryModelFormat: a run over a file gives the numbers that the model gives in memory, which are the library's, for a
// few models of each format, and as many dead letters as the library refuses rows.
func TestEveryModelFormat(t *testing.T) {
	for _, library := range golden.Libraries(t) {
		cases := golden.Cases(t, library)
		for i := 0; i < len(cases); i += 1 + len(cases)/6 {
			c := cases[i]
			want := c.Prediction
			if want == nil || c.Raw {
				continue
			}
			t.Run(library+"/"+c.Name, func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "out")
				m, _ := run(t, pipelines.Batch{
					Model: c.Path(), Input: []string{filepath.Join(filepath.Dir(c.Path()), c.Rows)}, InputFormat: "csv", Output: out,
					Columns: []string{}, Features: c.Features, Trees: c.Trees, MaxRejected: "100%",
				})
				if int(m.Rows.Rejected) != len(c.Refused) {
					t.Fatalf("%d rows rejected, want %d: %v", m.Rows.Rejected, len(c.Refused), m.Rows.RejectedByCode)
				}
				var good []float64
				for i, v := range c.Floats(t, want) {
					if !slices.Contains(c.Refused, i/want.Width) {
						good = append(good, v)
					}
				}
				got := values(t, out, m, model.OutputNames("prediction", want.Width)...)
				if len(got) != len(good) {
					t.Fatalf("%d predictions, want %d", len(got), len(good))
				}
				for i := range got {
					if math.Float64bits(got[i]) != math.Float64bits(good[i]) && want.ULPs == 0 {
						t.Fatalf("prediction %d is %v, want %v", i, got[i], good[i])
					}
				}
			})
		}
	}
}
