package lightgbm

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// TestDeal compares deal with trying out everything.
func TestDeal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOfN(rapid.Custom(drawColumn), 0, 7).Draw(t, "columns")
		lists := rapid.SliceOfN(rapid.Custom(drawList), 0, 4).Draw(t, "lists")
		must := rapid.Bool().Draw(t, "must")
		d := newDeal(columns, lists, must)
		all := tryAll(d, 0, nil)
		if want := min(len(all), 2); int(d.ways()) != want {
			t.Fatalf("%d ways, want %d of %v", d.ways(), want, all)
		}
		if len(all) == 1 && !slices.Equal(d.owners(), all[0]) {
			t.Fatalf("owners %v, want %v", d.owners(), all[0])
		}
		if len(all) == 0 {
			return
		}
		want := make([]bool, len(lists))
		for _, owners := range all {
			for j := range owners {
				want[j] = want[j] || owners[j] != all[0][j]
			}
		}
		if got := d.open(all[0]); !slices.Equal(got, want) {
			t.Fatalf("open %v, want %v of %v", got, want, all)
		}
	})
}

// tryAll lists every way to deal out the lists to columns i, i+1, ..., those before having taken the first ones.
func tryAll(d *deal, i int, taken []int) [][]int {
	if i == len(d.columns) {
		if len(taken) == len(d.lists) {
			return [][]int{slices.Clone(taken)}
		}
		return nil
	}
	var all [][]int
	if d.canPass(i) {
		all = tryAll(d, i+1, taken)
	}
	if d.canTake(i, len(taken)) {
		all = append(all, tryAll(d, i+1, append(taken, i))...)
	}
	return all
}

func drawColumn(t *rapid.T) column {
	c := column{kind: columnKind(rapid.IntRange(0, int(constantUnknown)).Draw(t, "kind")), negative: rapid.IntRange(0, 9).Draw(t, "negative") == 0}
	c.min = float64(rapid.IntRange(0, 1).Draw(t, "min"))
	c.max = c.min + float64(rapid.IntRange(0, 2).Draw(t, "max"))
	return c
}

func drawList(t *rapid.T) *forest.Categories {
	return &forest.Categories{Text: make([]string, rapid.IntRange(0, 4).Draw(t, "n"))}
}

// TestAssignLimit has too many features and lists to tell them apart in reasonable memory.
func TestAssignLimit(t *testing.T) {
	columns := make([]column, 5000)
	lists := make([]*forest.Categories, 5000)
	for i := range columns {
		columns[i] = column{kind: categorical}
		lists[i] = &forest.Categories{Text: []string{"x"}}
	}
	if _, ok := assign(columns, lists); ok {
		t.Error("told")
	}
	if owners, ok := assign(columns[:2000], lists[:2000]); !ok || owners[1999] != 1999 {
		t.Error("not told")
	}
}
