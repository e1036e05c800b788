package rules

import (
	"errors"
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
)

// Input is a column that rules read.
type Input struct {
	Column string
	// Text: the rules take it as text, otherwise as numbers. For sources whose columns have no types of their own.
	Text bool
}

// Inputs lists the columns that the rules read, each once, in the order in which they name them, without those that earlier
// rules of the set make and without outputs.
//
// known gives the type of a column whose type is known; nil: of none. Of other columns the rules decide: a column is text if
// only that makes sense of the rules (carrier == "UA"), and a number otherwise.
//
// An error is that of Bind: the rules make no sense whatever these columns are.
func (s *Set) Inputs(known func(column string) arrow.DataType, outputs []arrow.Field) ([]Input, error) {
	if s == nil {
		return nil, nil
	}
	names := s.columns(outputs)
	given := map[string]*cel.Type{}
	var open []string
	for _, n := range names {
		given[n] = cel.DynType
		if known != nil {
			if t := known(n); t != nil {
				if c, ok := columnType(t); ok {
					given[n] = c
					continue
				}
			}
		}
		open = append(open, n)
	}
	out := outputTypes(outputs)
	for _, n := range open {
		given[n] = cel.DoubleType
		if s.checkAll(given, out, nil) == nil {
			given[n] = cel.DynType
			continue
		}
		given[n] = cel.StringType
		if s.checkAll(given, out, nil) != nil {
			given[n] = cel.DynType
		}
	}
	for _, n := range open {
		if given[n] == cel.DynType {
			given[n] = cel.DoubleType
		}
	}
	if err := s.checkAll(given, out, nil); err != nil {
		return nil, err
	}
	inputs := make([]Input, len(names))
	for i, n := range names {
		inputs[i] = Input{Column: n, Text: given[n] == cel.StringType}
	}
	return inputs, nil
}

// columns lists the columns of the row that the rules name.
func (s *Set) columns(outputs []arrow.Field) []string {
	var names []string
	made := map[string]bool{}
	for _, f := range outputs {
		made[f.Name] = true
	}
	for i := range s.rules {
		r := &s.rules[i]
		for _, l := range r.reads {
			if (l.row && s.deciding() || !made[l.name]) && !slices.Contains(names, l.name) {
				names = append(names, l.name)
			}
		}
		made[r.Name] = true
	}
	return names
}

// deciding says whether results are outputs, not columns of the row.
func (s *Set) deciding() bool { return s.flag == "--decide" }

// checkAll checks the rules one after another, each with the results of those before. each, if not nil, gets every one.
func (s *Set) checkAll(columns, outputs map[string]*cel.Type, each func(c *checked, k result, optional bool) error) error {
	in := &scope{columns: maps.Clone(columns), outputs: maps.Clone(outputs)}
	for i := range s.rules {
		r := &s.rules[i]
		c, err := s.check(r, in)
		if err != nil {
			return err
		}
		k, optional, err := c.kind()
		t := []*cel.Type{cel.DoubleType, cel.IntType, cel.StringType, cel.BoolType}[k]
		switch {
		case each == nil && errors.Is(err, errDynamic):
			t = cel.DynType // something is not known yet
		case err != nil:
			return fault.New(fault.Usage, s.flag, "%w", err).OnField(r.Name)
		}
		if !s.deciding() && t == cel.IntType {
			t = cel.DoubleType // it is a number of the row from here on
		}
		if s.deciding() {
			in.outputs[r.Name] = t
		} else {
			in.columns[r.Name] = t
		}
		if each != nil {
			if err := each(c, k, optional); err != nil {
				return err
			}
		}
	}
	return nil
}
