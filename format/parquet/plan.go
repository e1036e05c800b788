package parquet

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// output makes the array of one column that was asked for, from what its source has loaded.
type output interface {
	build(n int) (arrow.Array, error)
}

// plan is which columns of the file are read, and what becomes of them. A column of the file is decoded once, however
// often it is asked for.
type plan struct {
	ft      *footer
	budget  *budget
	options Options

	sources map[int]any // by leaf
	loaders []loader
	texts   []*texts
	nested  []*nested

	fields  []arrow.Field
	outputs []output
	checks  []check
	// rowBytes is about how many bytes a row takes, texts not counted.
	rowBytes int64
}

// check is a text column whose rows must be UTF-8.
type check struct {
	output *textArray
	name   string
}

// makePlan resolves the columns that are asked for. Everything that does not fit is in one error.
func makePlan(ft *footer, cols []format.Column, o Options) (*plan, error) {
	p := &plan{ft: ft, options: o, budget: &budget{left: o.maxPages()}, sources: map[int]any{}}
	top := map[string][]*pqarrow.SchemaField{}
	for i := range ft.manifest.Fields {
		f := &ft.manifest.Fields[i]
		top[f.Field.Name] = append(top[f.Field.Name], f)
	}
	var missing, double, wrong []string
	for _, c := range cols {
		if c.Kind == format.Raw || c.Kind == format.RawRow {
			return nil, fault.New(fault.Internal, ft.file.Name, "column %s is asked for as it stands in the file, which Parquet cannot give", c.Name)
		}
		path := c.Source()
		switch found := find(top, path); len(found) {
		case 0:
			missing = append(missing, path)
		case 1:
			if msg := p.add(c, found[0]); msg != "" {
				wrong = append(wrong, fmt.Sprintf("%s is %s", path, msg))
			}
		default:
			double = append(double, path)
		}
	}
	var msgs []string
	e := &fault.Error{Code: fault.Schema, Source: ft.file.Name}
	if len(missing) > 0 {
		msgs = append(msgs, "no column "+listed(missing))
		var names []string
		for i := range ft.manifest.Fields {
			names = append(names, ft.manifest.Fields[i].Field.Name)
		}
		e.Hint = "the file has " + listed(names)
		if len(missing) == 1 {
			e.Field = missing[0]
		}
	}
	if len(double) > 0 {
		msgs = append(msgs, "more than one column "+listed(double))
	}
	if msgs = append(msgs, wrong...); len(msgs) > 0 {
		if len(missing) != 1 || len(msgs) > 1 {
			e.Field = ""
		}
		if e.Field != "" {
			msgs[0] = "there is no such column"
		}
		e.Err = fmt.Errorf("%s", strings.Join(msgs, "; "))
		return nil, e
	}
	return p, nil
}

// listed names names, the first ones of many.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// find looks a column up: by its whole name, or as a path into structs. A name with dots in it counts like a path.
func find(top map[string][]*pqarrow.SchemaField, path string) []*pqarrow.SchemaField {
	if found := top[path]; len(found) > 0 {
		return found
	}
	var found []*pqarrow.SchemaField
	for i := range path {
		if path[i] == '.' {
			for _, f := range top[path[:i]] {
				found = append(found, inside(f, path[i+1:])...)
			}
		}
	}
	return found
}

func inside(f *pqarrow.SchemaField, path string) (found []*pqarrow.SchemaField) {
	if f.Field.Type.ID() != arrow.STRUCT {
		return nil
	}
	for i := range f.Children {
		c := &f.Children[i]
		if c.Field.Name == path {
			found = append(found, c)
		} else if rest, ok := strings.CutPrefix(path, c.Field.Name+"."); ok {
			found = append(found, inside(c, rest)...)
		}
	}
	return found
}

// add plans one column. It says what is wrong with it, if anything.
func (p *plan) add(c format.Column, f *pqarrow.SchemaField) (wrong string) {
	field := arrow.Field{Name: c.Name}
	var out output
	switch c.Kind {
	case format.Number:
		field.Type = arrow.PrimitiveTypes.Float64
		if out = p.number(f); out == nil {
			return describe(f.Field.Type) + ", and a number is wanted"
		}
	case format.Text:
		field.Type, field.Nullable = arrow.BinaryTypes.String, true
		t := p.text(f)
		if t == nil {
			return describe(f.Field.Type) + ", and a text is wanted"
		}
		if ta, ok := t.(*textArray); ok {
			p.checks = append(p.checks, check{ta, c.Source()})
		}
		out = t
	case format.Native:
		field = nativeField(c.Name, f)
		if out = p.native(f, &field); out == nil {
			return describe(f.Field.Type) + " inside a struct, which can be read with the whole struct only"
		}
		if _, ok := out.(*nested); ok && hasDuration(f.Field.Type) {
			return describe(f.Field.Type) + " with durations inside, which is not read"
		}
	}
	p.fields = append(p.fields, field)
	p.outputs = append(p.outputs, out)
	return ""
}

// hasDuration finds what pqarrow does not read.
func hasDuration(dt arrow.DataType) bool {
	if n, ok := dt.(arrow.NestedType); ok {
		for _, f := range n.Fields() {
			if hasDuration(f.Type) {
				return true
			}
		}
	}
	return dt.ID() == arrow.DURATION
}

// nativeField is the column's own field under another name, without the number that Parquet may give it.
func nativeField(name string, f *pqarrow.SchemaField) arrow.Field {
	field := arrow.Field{Name: name, Type: f.Field.Type, Nullable: f.Field.Nullable || f.LevelInfo.DefLevel > 0}
	var keys, values []string
	for i, k := range f.Field.Metadata.Keys() {
		if k != "PARQUET:field_id" {
			keys, values = append(keys, k), append(values, f.Field.Metadata.Values()[i])
		}
	}
	if keys != nil {
		field.Metadata = arrow.NewMetadata(keys, values)
	}
	return field
}

// describe says in words what a column is.
func describe(dt arrow.DataType) string {
	switch dt.ID() {
	case arrow.STRING, arrow.LARGE_STRING:
		return "a string"
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.FIXED_SIZE_BINARY:
		return "binary data"
	case arrow.DICTIONARY:
		return describe(dt.(*arrow.DictionaryType).ValueType) + " (of a dictionary)"
	case arrow.DATE32, arrow.DATE64:
		return "a date"
	case arrow.TIME32, arrow.TIME64:
		return "a time of day"
	case arrow.TIMESTAMP:
		return "a timestamp"
	case arrow.DURATION:
		return "a duration"
	case arrow.STRUCT:
		return "a struct"
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST:
		return "a list"
	case arrow.MAP:
		return "a map"
	case arrow.BOOL:
		return "a boolean"
	case arrow.EXTENSION:
		return dt.(arrow.ExtensionType).ExtensionName()
	}
	if arrow.IsInteger(dt.ID()) || arrow.IsFloating(dt.ID()) || arrow.IsDecimal(dt.ID()) {
		return "a number (" + dt.String() + ")"
	}
	return dt.String()
}
