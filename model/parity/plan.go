package parity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// wanted is an output that is compared: one column.
type wanted struct {
	kind  Kinds
	index int // within the outputs of its kind
	width int
	name  string // as glulam calls it
	path  string // as the table does
}

// of gives the value for a row that was not refused.
func (w *wanted) of(s *Scores, row int) float64 { return s.at(w.kind, row*w.width+w.index) }

// refusedRows is nil if there are none.
func refusedRows(s *Scores) map[int]bool {
	if len(s.Refused) == 0 {
		return nil
	}
	rows := map[int]bool{}
	for _, r := range s.Refused {
		rows[r.Row] = true
	}
	return rows
}

func kindsOf(want []wanted) (k Kinds) {
	for _, w := range want {
		k |= w.kind
	}
	return k
}

func columnsOf(want []wanted) []format.Column {
	columns := make([]format.Column, len(want))
	for i, w := range want {
		columns[i] = format.Column{Name: w.name, Path: w.path}
	}
	return columns
}

// name is what glulam calls an output.
func outputName(kind string, index, width int) string {
	if width == 1 {
		return kind
	}
	return kind + "_" + strconv.Itoa(index)
}

// allOutputs are those by which engines are compared with each other.
func allOutputs(o *Outputs) (want []wanted) {
	for _, k := range kindNames {
		if o.Has&k.kind == 0 {
			continue
		}
		width := o.width(k.kind)
		for i := range width {
			want = append(want, wanted{kind: k.kind, index: i, width: width, name: outputName(k.name, i, width)})
		}
	}
	return want
}

// OutputColumns lists the columns of a table of expected outputs that are outputs, under the names that glulam gives them.
func OutputColumns(t *Table, o *Outputs) ([]format.Column, error) {
	want, _, err := plan(t, o)
	return columnsOf(want), err
}

// whole refuses a table that has some of a kind's columns and not the others: what is missing would not be compared.
func whole(t *Table, want []wanted) error {
	count := map[Kinds]int{}
	for _, w := range want {
		count[w.kind]++
	}
	for _, w := range want {
		if count[w.kind] != w.width {
			return fault.New(fault.Schema, t.Name, "has %d columns of %d like %s", count[w.kind], w.width, w.name).
				WithHint("give all of them, or none")
		}
	}
	return nil
}

// plan finds the outputs in a table.
func plan(t *Table, o *Outputs) (want []wanted, ignored []string, err error) {
	names := t.Columns()
	for _, name := range names {
		w, err := parseOutput(name, o)
		switch {
		case err != nil:
			return nil, nil, fault.New(fault.Schema, t.Name, "%w", err)
		case w == nil:
			ignored = append(ignored, name)
		case slices.ContainsFunc(want, func(x wanted) bool { return x.name == w.name }):
			return nil, nil, fault.New(fault.Schema, t.Name, "the column %q stands more than once", name)
		default:
			want = append(want, *w)
		}
	}
	if len(want) > 0 {
		return want, ignored, whole(t, want)
	}
	if len(names) == 1 && t.Format() == "csv" && strings.ContainsAny(names[0], ",;\t|") {
		return nil, nil, fault.New(fault.Schema, t.Name, "the whole header is one column, %s", fault.Quote(names[0])).
			WithHint("expected outputs have commas between their cells, or tabs if the name ends with .tsv")
	}
	if len(names) == 1 && o.Predictions == 1 && o.Has&Prediction != 0 {
		if v, err := strconv.ParseFloat(names[0], 64); err != nil || v == 0 {
			return []wanted{{kind: Prediction, width: 1, name: "prediction", path: names[0]}}, nil, nil
		}
	}
	return nil, nil, fault.New(fault.Schema, t.Name, "no column is an output of the model").
		WithHint("the first line names the columns; the model's outputs are %s", strings.Join(describe(o), ", "))
}

// parseOutput finds out which output a column is; nil: none.
func parseOutput(name string, o *Outputs) (*wanted, error) {
	for _, k := range kindNames {
		rest, ok := strings.CutPrefix(name, k.name)
		if !ok {
			continue
		}
		width := o.width(k.kind)
		index := 0
		if rest != "" {
			digits, ok := strings.CutPrefix(rest, "_")
			n, err := strconv.Atoi(digits)
			if !ok || err != nil || strconv.Itoa(n) != digits || k.kind == Class {
				return nil, nil
			}
			index = n
		}
		if o.Has&k.kind == 0 || (rest == "") != (width == 1) || index >= width {
			return nil, fmt.Errorf("the column %q is no output of this model, which has %s", name, strings.Join(describe(o), ", "))
		}
		return &wanted{kind: k.kind, index: index, width: width, name: name, path: name}, nil
	}
	return nil, nil
}

// describe names the outputs, in short.
func describe(o *Outputs) (names []string) {
	for _, k := range kindNames {
		switch width := o.width(k.kind); {
		case o.Has&k.kind == 0 || width == 0:
		case width == 1:
			names = append(names, k.name)
		default:
			names = append(names, fmt.Sprintf("%s_0 to %s_%d", k.name, k.name, width-1))
		}
	}
	return names
}
