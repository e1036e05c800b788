package score

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/rules"
)

// ruleSets are the rules of Options, parsed; nil sets have none.
type ruleSets struct{ derive, decide *rules.Set }

func (o *Options) rules() (s ruleSets, err error) {
	if s.derive, err = rules.Derive(o.Derive); err != nil {
		return s, err
	}
	s.decide, err = rules.Decide(o.Decide)
	return s, err
}

// variables are the outputs that decide rules may name, whether or not they are put out.
func (o *Options) variables(m *model.Model) []arrow.Field {
	fields := []arrow.Field{}
	for _, name := range model.OutputNames("margin", m.Outputs()) {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64})
	}
	if !o.Raw && m.Forest().Link.Kind != forest.LinkUnknown {
		for _, name := range model.OutputNames("prediction", m.Predictions()) {
			fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64})
		}
	}
	if !o.Raw && m.HasClass() {
		fields = append(fields, arrow.Field{Name: "class", Type: arrow.PrimitiveTypes.Int32})
	}
	return append(fields, arrow.Field{Name: "model", Type: arrow.BinaryTypes.String})
}

// wantOf is what has to be computed for decide rules.
func (s ruleSets) wantOf() (w model.Want) {
	for _, name := range s.decide.Reads() {
		head, _, _ := strings.Cut(name, "_")
		w |= wants[head]
	}
	return w
}

// Inputs lists the columns that scoring with m reads of what comes in: those of the model's features that no rule makes, and
// those that rules read. Feature is the column's name where only rules read it. known gives the type of a column whose type is
// known, else nil (so does a nil known): where types are not known, rules read numbers unless only text makes sense of them, and a
// column that the model reads, too, as what the model wants.
func (o *Options) Inputs(m *model.Model, known func(column string) arrow.DataType) ([]model.Input, error) {
	p, err := o.plan(m, known)
	return p.inputs, err
}

// planned is what is known of rules before there is a schema.
type planned struct {
	inputs           []model.Input
	derived, decided []arrow.Field
}

func (o *Options) plan(m *model.Model, known func(column string) arrow.DataType) (p planned, err error) {
	s, err := o.rules()
	if err != nil {
		return p, err
	}
	inputs, err := m.Inputs(o.Rename)
	if err != nil || s.derive == nil && s.decide == nil {
		p.inputs = inputs
		return p, err
	}
	made := s.derive.Names()
	types := map[string]arrow.DataType{}
	for _, in := range inputs {
		if !slices.Contains(made, in.Column) {
			p.inputs = append(p.inputs, in)
			types[in.Column] = typeOf(in.Text)
		}
	}
	typed := func(column string) arrow.DataType {
		if known != nil && !(p.derived != nil && slices.Contains(made, column)) {
			if t := known(column); t != nil {
				return t
			}
		}
		return types[column]
	}
	need := func(read []rules.Input) {
		for _, in := range read {
			if !slices.ContainsFunc(p.inputs, func(x model.Input) bool { return x.Column == in.Column }) {
				p.inputs = append(p.inputs, model.Input{Feature: in.Column, Column: in.Column, Text: in.Text})
			}
			if types[in.Column] = typed(in.Column); types[in.Column] == nil {
				types[in.Column] = typeOf(in.Text)
			}
		}
	}
	if s.derive != nil {
		read, err := s.derive.Inputs(typed, nil)
		if err != nil {
			return p, err
		}
		need(read)
		prog, err := s.derive.Bind(schemaOf(types), nil)
		if err != nil {
			return p, err
		}
		p.derived = prog.Fields()
		for _, f := range p.derived {
			types[f.Name] = f.Type
		}
	}
	if s.decide != nil {
		vars := o.variables(m)
		read, err := s.decide.Inputs(typed, vars)
		if err != nil {
			return p, err
		}
		need(slices.DeleteFunc(read, func(in rules.Input) bool { return slices.Contains(made, in.Column) }))
		prog, err := s.decide.Bind(schemaOf(types), vars)
		if err != nil {
			return p, err
		}
		p.decided = prog.Fields()
	}
	return p, nil
}

func typeOf(text bool) arrow.DataType {
	if text {
		return arrow.BinaryTypes.String
	}
	return arrow.PrimitiveTypes.Float64
}

func schemaOf(types map[string]arrow.DataType) *arrow.Schema {
	var fields []arrow.Field
	for name, t := range types {
		fields = append(fields, arrow.Field{Name: name, Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// keeps says whether a derived column is put out.
func (o *Options) keeps(name string) bool { return o.Keep == nil || slices.Contains(o.Keep, name) }

// checkRules says whether the rules are some, and their columns' names are free. Types are checked when columns are known.
func (o *Options) checkRules(m *model.Model) error {
	s, err := o.rules()
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, f := range o.added(m) {
		taken[f.Name] = true
	}
	for _, name := range s.derive.Names() {
		if o.keeps(name) && taken[name] {
			return fault.New(fault.Usage, "--derive", "%q is what an output is called", name).WithHint("give the rule another name")
		}
	}
	for _, f := range o.variables(m) {
		taken[f.Name] = true
	}
	for _, name := range s.decide.Names() {
		if taken[name] || slices.Contains(s.derive.Names(), name) {
			return fault.New(fault.Usage, "--decide", "%q is what an output or another rule is called", name).WithHint("give the rule another name")
		}
	}
	return nil
}

// ruleFields are the columns that rules add: those derived that are put out, and decisions. Their types are Null where they
// depend on columns' types that are not known.
func (o *Options) ruleFields(m *model.Model) (derived, decided []arrow.Field) {
	s, err := o.rules()
	if err != nil {
		return nil, nil
	}
	p, err := o.plan(m, nil)
	if err != nil {
		p.derived, p.decided = untyped(s.derive.Names()), untyped(s.decide.Names())
	}
	return slices.DeleteFunc(p.derived, func(f arrow.Field) bool { return !o.keeps(f.Name) }), p.decided
}

func untyped(names []string) []arrow.Field {
	fields := make([]arrow.Field, len(names))
	for i, n := range names {
		fields[i] = arrow.Field{Name: n, Type: arrow.Null, Nullable: true}
	}
	return fields
}
