package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

// maxULP is how far a prediction may be from LightGBM's: not at all, but for the one link that needs log1p. Margins may
// never be off.
func maxULP(f *forest.Forest) uint64 {
	if f.Link.Kind == forest.Log1pExp {
		return 1
	}
	return 0
}

// TestGolden scores the 5,000 rows with every model and every engine, from Arrow columns, and compares with what LightGBM
// answered: margins bit for bit, leaf indices, predictions within maxULP.
func TestGolden(t *testing.T) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "model\tobjective\tengine\trows\tmax ulp of prediction")
	worst := map[string]uint64{}
	for _, g := range models(t) {
		want := g.Golden(t)
		for _, engine := range engines {
			m := load(t, g, engine)
			if m.Engine() != engine {
				t.Errorf("%s: engine %s, not %s", g.Name, m.Engine(), engine)
			}
			s := score(t, m, wanted(t, g), rename(g), 0)
			ulp := compare(t, g.Name+"/"+engine, m, want, s)
			kind, _, _ := strings.Cut(g.Objective, " ")
			worst[kind] = max(worst[kind], ulp)
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\n", g.Name, g.Objective, engine, s.Rows, ulp)
		}
	}
	w.Flush()
	t.Logf("\n%s\nmax ulp by objective: %v", &table, worst)
}

// TestVariants scores the same rows from columns in other orders, of other types and among other columns.
func TestVariants(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			rows := v.rows(t)
			for _, g := range models(t) {
				if v.only != nil && !slices.Contains(v.only, g.Name) {
					continue
				}
				m := load(t, g, "reference")
				compare(t, g.Name, m, g.Golden(t), score(t, m, v.columns(rows, g.Columns()), rename(g), 0))
			}
		})
	}
}

// TestRecordSizes scores the rows in records of odd sizes, which are slices of one.
func TestRecordSizes(t *testing.T) {
	for _, engine := range engines {
		for _, size := range []int{1, 7, 1023, 1025} {
			t.Run(fmt.Sprintf("%s/%d", engine, size), func(t *testing.T) {
				t.Parallel()
				for _, g := range models(t) {
					m := load(t, g, engine)
					rec := wanted(t, g)
					if size < 100 {
						rec = rec.NewSlice(0, 500)
					}
					compare(t, g.Name, m, g.Golden(t), score(t, m, rec, rename(g), size))
				}
			})
		}
	}
}

// TestRenamed binds a model of made-up names through rename instead of Options.Features.
func TestRenamed(t *testing.T) {
	for _, name := range []string{"unnamed", "codes"} {
		g := golden.Find(t, name)
		m, err := model.Parse(g.Bytes(t), g.File, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, name, m, g.Golden(t), score(t, m, wanted(t, g), g.Rename(), 0))
	}
}

// TestRefused: a change of what the parser refuses has to be noticed.
func TestRefused(t *testing.T) {
	for _, g := range golden.Models(t) {
		_, err := model.Parse(g.Bytes(t), g.File, model.Options{})
		switch text := refused[g.Name]; {
		case text == "" && err != nil:
			t.Errorf("%s is refused: %v", g.Name, err)
		case text != "" && (err == nil || !strings.Contains(err.Error(), text)):
			t.Errorf("%s: error %v, want one that says %q", g.Name, err, text)
		}
	}
}

// score scores a record in slices of size rows, 0 for all at once, and gives everything as if it had been one.
func score(t *testing.T, m *model.Model, rec arrow.RecordBatch, rename map[string]string, size int) *model.Scores {
	t.Helper()
	b, err := m.Bind(rec.Schema(), rename)
	if err != nil {
		t.Fatalf("%s: %v", m.Name(), err)
	}
	n := int(rec.NumRows())
	if size == 0 {
		size = n
	}
	all := &model.Scores{}
	s := model.Scores{Want: model.WantMargin | model.WantPrediction | model.WantLeaf}
	if m.Forest().HasClass() {
		s.Want |= model.WantClass
	}
	for first := 0; first < n; first += size {
		if err := b.Score(rec.NewSlice(int64(first), int64(min(first+size, n))), &s); err != nil {
			t.Fatalf("%s: %v", m.Name(), err)
		}
		if len(s.Refused) > 0 {
			t.Fatalf("%s: refused %v", m.Name(), s.Refused[0])
		}
		all.Rows += s.Rows
		all.Margin = append(all.Margin, s.Margin...)
		all.Prediction = append(all.Prediction, s.Prediction...)
		all.Class = append(all.Class, s.Class...)
		all.Leaf = append(all.Leaf, s.Leaf...)
	}
	return all
}

// compare fails unless the scores are LightGBM's for the first rows, and gives the largest distance of a prediction.
func compare(t *testing.T, name string, m *model.Model, want *golden.Golden, s *model.Scores) (worst uint64) {
	t.Helper()
	k, trees := want.Outputs, want.Trees
	if len(s.Margin) != s.Rows*k || len(s.Prediction) != s.Rows*k || len(s.Leaf) != s.Rows*trees {
		t.Fatalf("%s: %d margins, %d predictions and %d leaves for %d rows", name, len(s.Margin), len(s.Prediction), len(s.Leaf), s.Rows)
	}
	for i, w := range want.Margins[:s.Rows*k] {
		if !sameBits(s.Margin[i], w) {
			t.Fatalf("%s: row %d output %d: margin %v, want %v", name, i/k, i%k, s.Margin[i], w)
		}
		u := ulps(s.Prediction[i], want.Predictions[i])
		if u > maxULP(m.Forest()) {
			t.Fatalf("%s: row %d output %d: prediction %v, want %v (%d ulp)", name, i/k, i%k, s.Prediction[i], want.Predictions[i], u)
		}
		worst = max(worst, u)
	}
	for i, w := range want.Leaves[:min(s.Rows, want.LeafRows)*trees] {
		if s.Leaf[i] != w {
			t.Fatalf("%s: row %d tree %d: leaf %d, want %d", name, i/trees, i%trees, s.Leaf[i], w)
		}
	}
	if f := m.Forest(); f.HasClass() {
		for i := range s.Rows {
			if w := f.Class(want.Predictions[i*k : (i+1)*k]); s.Class[i] != w {
				t.Fatalf("%s: row %d: class %d, want %d", name, i, s.Class[i], w)
			}
		}
	}
	return worst
}
