package model_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/internal/golden/boundary"
	"github.com/glulam/glulam/model"
)

// edge is a model's boundary rows, what the library says of them, and what gives an engine's numbers.
type edge struct {
	set    *boundary.Set
	want   []uint64 // the digest of the rows, then one of each block
	score  func(engine string, blocks []int) (numbers []float64, err error)
	counts *counts
}

// counts are those of a library.
type counts struct{ models, thresholds, reached, turned, rows, scored int }

// TestThresholds holds every engine to what each library says of rows at and next to every threshold of every model, and of
// special values in every column: see package boundary. With -v it prints how many there are.
func TestThresholds(t *testing.T) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	show := func(name string, c *counts) {
		if testing.Verbose() {
			fmt.Fprintf(table, "%s\t%d models\t%d thresholds\t%.2f%% reached\t%.2f%% both ways\t%d rows\t%d scored\t\n", name, c.models, c.thresholds,
				100*float64(c.reached)/float64(max(1, c.thresholds)), 100*float64(c.turned)/float64(max(1, c.thresholds)), c.rows, c.scored)
		}
	}
	for _, library := range golden.Libraries(t) {
		var sum counts
		for i, c := range golden.Cases(t, library) {
			if c.Boundary != nil && !passedOver(i) {
				t.Run(library+"/"+c.Name, func(t *testing.T) { caseEdge(t, &c, &sum) })
			}
		}
		show(library, &sum)
	}
	var sum counts
	for _, g := range models(t) {
		t.Run("flights/"+g.Name, func(t *testing.T) { flightsEdge(t, g, &sum) })
	}
	show("flights", &sum)
}

// caseEdge scores the rows of a case as records, which is through a binding.
func caseEdge(t *testing.T, c *golden.Case, sum *counts) {
	load := func(engine string) (*model.Model, error) {
		return model.Load(context.Background(), c.Path(), model.Options{Engine: engine, Features: c.Features, Trees: c.Trees, Raw: c.Raw})
	}
	m, err := load("reference")
	if err != nil {
		t.Fatal(err)
	}
	set, err := boundary.Make(m, c.Columns(t), boundary.Options{Finite: c.Boundary.Finite})
	if err != nil {
		t.Fatal(err)
	}
	if set.Rows != c.Boundary.Rows {
		t.Fatalf("%d rows, where the library was asked about %d: run the script in testdata/gen", set.Rows, c.Boundary.Rows)
	}
	rec := caseRecord(set.Columns())
	defer rec.Release()
	e := &edge{set: set, want: c.Digests(t), counts: sum}
	e.score = func(engine string, blocks []int) ([]float64, error) {
		m, err := load(engine)
		if err != nil {
			return nil, err
		}
		b, err := m.Bind(rec.Schema(), nil)
		if err != nil {
			return nil, err
		}
		var numbers []float64
		s := model.Scores{Want: model.WantMargin}
		if c.Boundary.Of == "prediction" {
			s.Want = model.WantPrediction
		}
		for _, run := range runs(blocks, set.Rows) {
			part := rec.NewSlice(int64(run[0]), int64(run[1]))
			err := b.Score(part, &s)
			part.Release()
			if err != nil {
				return nil, err
			}
			if len(s.Refused) > 0 {
				return nil, fmt.Errorf("row %s is refused: %v", set.Row(run[0]+s.Refused[0].Row), s.Refused[0])
			}
			if s.Want == model.WantPrediction {
				numbers = append(numbers, s.Prediction...)
			} else {
				numbers = append(numbers, s.Margin...)
			}
		}
		return numbers, nil
	}
	e.compare(t, slices.DeleteFunc(slices.Clone(engines), func(engine string) bool { return slices.Contains(c.Without, engine) }))
}

// flightsEdge scores the rows of a LightGBM model as its trees see them: categories are codes.
func flightsEdge(t *testing.T, g golden.Model, sum *counts) {
	f := load(t, g, "reference").Forest()
	set := boundary.MakeCodes(f, g.Matrix(t), boundary.Options{})
	e := &edge{set: set, want: g.Digests(t), counts: sum}
	e.score = func(engine string, blocks []int) ([]float64, error) {
		var numbers []float64
		for _, ev := range evaluators(t, g.Name, f) {
			if ev.Name() != engine {
				continue
			}
			x, width := set.Matrix(), len(f.Features)
			for _, run := range runs(blocks, set.Rows) {
				out := make([]float64, (run[1]-run[0])*f.Outputs)
				ev.Margins(x[run[0]*width:run[1]*width], run[1]-run[0], out)
				numbers = append(numbers, out...)
			}
		}
		return numbers, nil
	}
	e.compare(t, engines)
}

// runs joins blocks to spans of rows, of at most 1,024 each.
func runs(blocks []int, rows int) [][2]int {
	var all [][2]int
	for _, b := range blocks {
		first, end := b*boundary.Block, min((b+1)*boundary.Block, rows)
		if n := len(all); n > 0 && all[n-1][1] == first && end-all[n-1][0] <= 1024 {
			all[n-1][1] = end
			continue
		}
		all = append(all, [2]int{first, end})
	}
	return all
}

func (e *edge) compare(t *testing.T, engines []string) {
	set := e.set
	count := (set.Rows + boundary.Block - 1) / boundary.Block
	if set.Digest() != e.want[0] || len(e.want) != 1+count {
		t.Fatalf("%d rows are others than those that the library was asked about: run the script in testdata/gen", set.Rows)
	}
	e.counts.models++
	e.counts.thresholds += set.Thresholds
	e.counts.reached += set.Reached
	e.counts.turned += set.Turned
	e.counts.rows += set.Rows
	for _, engine := range engines {
		step := 1
		if testing.Short() || model.RaceEnabled {
			step = 16
		}
		var blocks []int
		rows := 0
		for b := 0; b < count; b += step {
			blocks = append(blocks, b)
			rows += min(boundary.Block, set.Rows-b*boundary.Block)
		}
		numbers, err := e.score(engine, blocks)
		if err != nil {
			t.Errorf("%s: %v", engine, err)
			continue
		}
		e.counts.scored += rows
		for i, d := range boundary.Digests(numbers, rows) {
			if d != e.want[1+blocks[i]] {
				t.Errorf("%s: block %d of %d is not what the library says. Its rows, and the engine's numbers:\n%s", engine, blocks[i], count,
					e.show(blocks[i], numbers[i*boundary.Block*len(numbers)/rows:], len(numbers)/rows))
				break
			}
		}
	}
}

// show prints a block's rows and an engine's numbers, width a row.
func (e *edge) show(block int, numbers []float64, width int) string {
	var b strings.Builder
	first := block * boundary.Block
	for r := first; r < min(first+boundary.Block, e.set.Rows); r++ {
		fmt.Fprintf(&b, "  row %d: %s: %v\n", r, e.set.Row(r), numbers[(r-first)*width:(r-first+1)*width])
	}
	return b.String()
}

// TestThresholdsCoverAll: every model of the test data has boundary rows.
func TestThresholdsCoverAll(t *testing.T) {
	for _, library := range golden.Libraries(t) {
		covered := map[string]bool{}
		cases := golden.Cases(t, library)
		for _, c := range cases {
			covered[c.Model+" "+c.Trees] = covered[c.Model+" "+c.Trees] || c.Boundary != nil
		}
		for _, c := range cases {
			if !covered[c.Model+" "+c.Trees] {
				t.Errorf("%s/%s: %s has no boundary rows", library, c.Name, c.Model)
			}
		}
	}
	for _, g := range models(t) {
		if g.DigestFile == "" {
			t.Errorf("flights/%s has no boundary rows", g.Name)
		}
	}
}
