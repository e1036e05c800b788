package sklearn

import (
	"fmt"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

func (p *parser) readColumns() error {
	names := map[string]bool{}
	return p.array("columns", func(i int) error {
		field := fmt.Sprintf("columns[%d]", i)
		var in prep.Input
		err := p.object(field, func(key string) (err error) {
			switch key {
			case "name":
				in.Name, err = p.clone(field + ".name")
			case "texts":
				in.Texts, err = p.texts(field + ".texts")
				for j := range in.Texts {
					in.Texts[j] = strings.Clone(in.Texts[j])
				}
			default:
				return p.unsupported(field+"."+key, "is not known")
			}
			return err
		})
		if err != nil {
			return err
		}
		if in.Name != "" && names[in.Name] {
			return p.corrupt(field+".name", "%s occurs twice", fault.Quote(in.Name))
		}
		names[in.Name] = true
		p.head.columns = append(p.head.columns, in)
		return nil
	})
}

// operations are the names of the steps.
var operations = map[string]prep.Op{
	"add": prep.Add, "subtract": prep.Subtract, "multiply": prep.Multiply, "divide": prep.Divide,
	"fill_nan": prep.FillNaN, "replace": prep.Replace, "is_nan": prep.IsNaN, "equals": prep.Equals, "lookup": prep.Lookup,
	"refuse_nan": prep.RefuseNaN, "refuse_inf": prep.RefuseInf, "byte": prep.Byte,
}

func (p *parser) readSteps() error {
	return p.array("steps", func(i int) error {
		field := fmt.Sprintf("steps[%d]", i)
		var s prep.Step
		var op string
		err := p.object(field, func(key string) (err error) {
			at := field + "." + key
			switch key {
			case "op":
				op, err = p.clone(at)
			case "from":
				var from int64
				from, err = p.integer(at, 0, prep.MaxColumns)
				s.From = int32(from)
			case "a":
				s.A, err = p.float(at)
			case "b":
				s.B, err = p.float(at)
			case "keys":
				s.Keys, err = p.floats(at, []float64{})
			case "table":
				s.Table, err = p.floats(at, []float64{})
			case "refuse":
				s.Refuse, err = p.clone(at)
			default:
				return p.unsupported(at, "is not known")
			}
			return err
		})
		if err != nil {
			return err
		}
		known := false
		if s.Op, known = operations[op]; !known {
			return p.unsupported(field+".op", "%s is not known", fault.Quote(op))
		}
		p.head.steps = append(p.head.steps, s)
		return nil
	})
}

// layOut makes the graph of columns, steps and features, if there is more to it than columns.
func (p *parser) layOut() error {
	h, f := &p.head, &p.forest
	g := &prep.Graph{Inputs: h.columns, Steps: h.steps, Features: h.features}
	bare := len(h.steps) == 0 && !h.missing && !h.infinite && len(h.columns) == len(h.features)
	for _, c := range h.columns {
		bare = bare && c.Texts == nil
	}
	for i, c := range h.features {
		bare = bare && int(c) == i
	}
	if bare {
		for i, c := range h.columns {
			f.Features[i].Name = c.Name
		}
		return nil
	}
	if err := g.Validate(len(h.features)); err != nil {
		return p.located(err)
	}
	sources := g.Sources()
	for i, c := range h.features {
		f.Features[i].Name = g.Inputs[sources[c]].Name
	}
	p.refusals(g)
	p.graph = g
	return nil
}

// refusals adds steps that refuse what the estimator raises on. Nothing comes after them: the trees see the columns as
// they were. Infinite is what is so once it is a float32.
func (p *parser) refusals(g *prep.Graph) {
	h, f := &p.head, &p.forest
	why := ", which " + f.Booster + " does not take"
	seen := make(map[int32]bool, len(h.features))
	for _, c := range h.features {
		if seen[c] {
			continue
		}
		seen[c] = true
		if h.missing {
			g.Steps = append(g.Steps, prep.Step{Op: prep.RefuseNaN, From: c, Refuse: "a missing value" + why, Code: fault.WrongType})
		}
		if h.infinite {
			rounded := int32(g.Columns())
			g.Steps = append(g.Steps,
				prep.Step{Op: prep.Copy, From: c, Float32: f.Input == forest.Float32},
				prep.Step{Op: prep.RefuseInf, From: rounded, Refuse: "infinite, or too large for a float32" + why, Code: fault.NumberRange})
		}
	}
}
