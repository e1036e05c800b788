package rules

import (
	"cel.dev/cel-go/cel"
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Refusal is a row that a rule failed for, and why.
type Refusal struct {
	Row     int // in the record
	Rule    string
	Message string
}

// Program is a set of rules that is bound to a schema. It belongs to one goroutine: it uses its buffers again.
type Program struct {
	flag   string
	schema *arrow.Schema // with the columns that derive rules make
	places []int         // where in schema each rule's column stands; of decide rules nothing
	row    []*column     // that rules read, of the record
	out    []*column     // that rules read, of the outputs
	rules  []*bound
	bad    []bool
}

// bound is a rule that can be evaluated.
type bound struct {
	name     string
	prog     cel.Program
	vars     activation
	kind     result
	optional bool
	made     *column // its result, as later rules see it
	buf      buffers
}

// Bind checks the rules against a schema, and makes them ready to be evaluated. outputs are the fields that decide rules can
// read besides; nil for derive rules. Fields that hold a row's bytes (format.IsBytes) are no columns.
//
// Errors are *fault.Error with the rule's name as Field: Usage for types that do not fit, with Line and Column of the place in
// the expression, Schema for columns that are not there or cannot be read.
func (s *Set) Bind(schema *arrow.Schema, outputs []arrow.Field) (*Program, error) {
	p := &Program{flag: s.flag, schema: schema}
	columns := map[string]*cel.Type{}
	at := map[string]int{}
	strange := map[string]arrow.DataType{}
	twice := map[string]bool{}
	for i, f := range schema.Fields() {
		if format.IsBytes(f) {
			continue
		}
		_, known := at[f.Name]
		twice[f.Name], at[f.Name] = known, i
		if t, ok := columnType(f.Type); ok {
			columns[f.Name] = t
		} else {
			strange[f.Name] = f.Type
		}
	}
	for i := range s.rules {
		for _, l := range s.rules[i].reads {
			switch t := strange[l.name]; {
			case t != nil:
				return nil, fault.New(fault.Schema, s.flag, "the column %q is %s, which rules do not take", l.name, t).OnField(s.rules[i].Name)
			case twice[l.name]:
				return nil, fault.New(fault.Schema, s.flag, "the column %q stands more than once", l.name).OnField(s.rules[i].Name)
			}
		}
	}
	cols := map[string]*column{} // by the names of scope.find
	for name, i := range at {
		cols["row."+name] = &column{index: i, name: name, kind: columns[name]}
	}
	for i, f := range outputs {
		cols["out."+f.Name] = &column{index: i, name: f.Name, kind: outputType(f.Type)}
	}
	used := map[*column]bool{}
	err := s.checkAll(columns, outputTypes(outputs), func(c *checked, k result, optional bool) error {
		prog, err := c.env.Program(c.ast, options(c)...)
		if err != nil { // a constant that makes no sense, as in matches("(")
			return fault.New(fault.Usage, s.flag, "%w", err).OnField(c.source.Name)
		}
		b := &bound{name: c.source.Name, prog: prog, kind: k, optional: optional}
		b.vars.index = make(map[string]int32, 3*len(c.reads))
		for _, v := range c.reads {
			n := int32(len(b.vars.columns))
			b.vars.index[valuePrefix+v], b.vars.index[missingPrefix+v], b.vars.index[presentPrefix+v] = 3*n, 3*n+1, 3*n+2
			col := cols[v]
			b.vars.columns = append(b.vars.columns, col)
			if !used[col] && col.index >= 0 {
				used[col] = true
				if _, isOut := outputAt(outputs, v); isOut {
					p.out = append(p.out, col)
				} else {
					p.row = append(p.row, col)
				}
			}
		}
		b.made = &column{index: -1, name: b.name, kind: []*cel.Type{cel.DoubleType, cel.IntType, cel.StringType, cel.BoolType}[k]}
		if s.deciding() {
			cols["out."+b.name] = b.made
		} else {
			if k == ints {
				b.made.kind = cel.DoubleType
			}
			cols["row."+b.name] = b.made
		}
		p.rules = append(p.rules, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !s.deciding() {
		p.setSchema(at)
	}
	return p, nil
}

func outputAt(outputs []arrow.Field, variable string) (int, bool) {
	for i, f := range outputs {
		if variable == "out."+f.Name {
			return i, true
		}
	}
	return 0, false
}

// setSchema puts the rules' columns into the schema: in the place of a column of the name, else behind all.
func (p *Program) setSchema(at map[string]int) {
	fields := p.schema.Fields()
	for i, f := range p.Fields() {
		if j, ok := at[p.rules[i].name]; ok {
			fields[j] = f
			p.places = append(p.places, j)
			continue
		}
		p.places = append(p.places, len(fields))
		fields = append(fields, f)
	}
	md := p.schema.Metadata()
	p.schema = arrow.NewSchema(fields, &md)
}

// Schema is that of the records that Derive gives: the bound one with the rules' columns.
func (p *Program) Schema() *arrow.Schema { return p.schema }

// Fields are the rules' columns, in order.
func (p *Program) Fields() []arrow.Field {
	fields := make([]arrow.Field, len(p.rules))
	for i, r := range p.rules {
		fields[i] = arrow.Field{Name: r.name, Nullable: true, Type: []arrow.DataType{
			arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean,
		}[r.kind]}
	}
	return fields
}

// columnType is what rules see of a column of the row.
func columnType(t arrow.DataType) (*cel.Type, bool) {
	switch t.ID() {
	case arrow.DICTIONARY:
		return columnType(t.(*arrow.DictionaryType).ValueType)
	case arrow.STRING, arrow.LARGE_STRING:
		return cel.StringType, true
	case arrow.BOOL:
		return cel.BoolType, true
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL128, arrow.DECIMAL256, arrow.NULL:
		return cel.DoubleType, true
	case arrow.TIMESTAMP, arrow.DATE32, arrow.DATE64:
		return cel.TimestampType, true
	}
	return nil, false
}

// outputType is what rules see of what a model gave: its integers are ints.
func outputType(t arrow.DataType) *cel.Type {
	if arrow.IsInteger(t.ID()) {
		return cel.IntType
	}
	c, _ := columnType(t)
	return c
}

func outputTypes(outputs []arrow.Field) map[string]*cel.Type {
	if outputs == nil {
		return nil
	}
	m := make(map[string]*cel.Type, len(outputs))
	for _, f := range outputs {
		m[f.Name] = outputType(f.Type)
	}
	return m
}
