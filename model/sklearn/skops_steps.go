package sklearn

import (
	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/internal/skops"
	"github.com/glulam/glulam/model/prep"
)

// transformers are those that are read; scalers (scaler below) are the others.
var transformers map[string]func(*pyGraph, skops.Node, []pyColumn) []pyColumn

func init() { // they call transform
	transformers = map[string]func(*pyGraph, skops.Node, []pyColumn) []pyColumn{
		"Pipeline": (*pyGraph).pipeline, "ColumnTransformer": (*pyGraph).columnTransformer, "FunctionTransformer": (*pyGraph).function,
		"StandardScaler": (*pyGraph).scaler, "MinMaxScaler": (*pyGraph).scaler, "MaxAbsScaler": (*pyGraph).scaler, "RobustScaler": (*pyGraph).scaler,
		"SimpleImputer": (*pyGraph).imputer, "MissingIndicator": (*pyGraph).missingIndicator,
		"OrdinalEncoder": (*pyGraph).ordinal, "OneHotEncoder": (*pyGraph).oneHot,
	}
}

// transform gives the columns that a fitted transformer makes of these.
func (g *pyGraph) transform(t skops.Node, columns []pyColumn) []pyColumn {
	if t.IsNone() || g.m.file.Err() != nil {
		return columns
	}
	name := ""
	if t.IsText() {
		name = t.Text()
	} else {
		name = kind(t)
	}
	switch name {
	case "passthrough":
		return columns
	case "drop":
		return nil
	}
	if g.sparse && name != "Pipeline" {
		t.Unsupported("set sparse_output=False, or sparse_threshold=0", "%s behind a transformer that gives a sparse matrix, which it treats differently", fault.Quote(name))
		return nil
	}
	apply := transformers[name]
	if apply == nil || t.IsText() {
		t.Unsupported("do what it does before the rows come here; `glulam export-sklearn` knows the same transformers", "the transformer %s is not among those that glulam knows", fault.Quote(name))
		return nil
	}
	if width := t.Maybe("n_features_in_"); width.OK() && width.Int() != int64(len(columns)) {
		t.Corrupt("%s takes %d columns and gets %d", name, width.Int(), len(columns))
		return nil
	}
	return apply(g, t, columns)
}

func (g *pyGraph) pipeline(t skops.Node, columns []pyColumn) []pyColumn {
	for _, s := range t.Attr("steps").Items() {
		columns = g.transform(step(s), columns)
	}
	return columns
}

func (g *pyGraph) columnTransformer(t skops.Node, columns []pyColumn) []pyColumn {
	if w := t.Attr("transformer_weights"); !w.IsNone() {
		w.Unsupported("scale the columns in another step", "ColumnTransformer with transformer_weights")
		return nil
	}
	var out []pyColumn
	indices := t.Attr("_transformer_to_input_indices")
	for _, s := range t.Attr("transformers_").Items() {
		parts := s.Items()
		if len(parts) != 3 {
			s.Corrupt("%d elements instead of a name, a transformer and columns", len(parts))
			return nil
		}
		var picked []pyColumn
		for _, i := range places(indices.Attr(parts[0].Text()), len(columns)) {
			picked = append(picked, columns[i])
		}
		if len(picked) > 0 && g.m.file.Err() == nil {
			out = append(out, g.transform(parts[1], picked)...)
			g.sparse = false
		}
	}
	g.sparse = t.Attr("sparse_output_").Bool()
	return out
}

// places are the numbers of columns, of n, that a list or an array holds.
func places(at skops.Node, n int) []int {
	var out []int
	if !at.OK() {
		return nil
	}
	for _, v := range values(at) {
		i, ok := v.(int64)
		if !ok || i < 0 || i >= int64(n) {
			at.Corrupt("column %v of %d", v, n)
			return nil
		}
		out = append(out, int(i))
	}
	return out
}

func (g *pyGraph) function(t skops.Node, columns []pyColumn) []pyColumn {
	f := t.Attr("func")
	if f.IsNone() {
		if !t.Attr("validate").Bool() {
			return columns
		}
		out := make([]pyColumn, 0, len(columns))
		for _, c := range columns {
			out = append(out, pyColumn{at: g.checked(t, g.number(t, c), check{"FunctionTransformer", true, true})})
		}
		return out
	}
	// HistGradientBoosting wraps a check that lets everything pass.
	inner, keywords := f.Partial()
	if inner.Type() == "sklearn.utils.validation.check_array" {
		for _, name := range []string{"ensure_all_finite", "force_all_finite"} {
			if v := keywords.Maybe(name); v.OK() {
				if finite, ok := v.Value().(bool); ok && !finite {
					return columns
				}
			}
		}
	}
	t.Unsupported("leave it out, and do what it does before", "FunctionTransformer: what its function does is not known outside Python")
	return nil
}

// scaler is a transformer that does the same operations to each column.
func (g *pyGraph) scaler(t skops.Node, columns []pyColumn) []pyColumn {
	type operation struct {
		op     prep.Op
		values []float64
	}
	var operations []operation
	use := func(op prep.Op, name string) {
		at := t.Attr(name)
		if at.IsNone() {
			return
		}
		v := at.Array().Floats(nil)
		if len(v) != len(columns) {
			at.Corrupt("%d numbers for %d columns", len(v), len(columns))
			return
		}
		operations = append(operations, operation{op, v})
	}
	name := kind(t)
	if clip := t.Maybe("clip"); clip.OK() && clip.Bool() {
		t.Unsupported("set clip=False", "%s with clip=True", name)
	}
	switch name {
	case "StandardScaler":
		if t.Attr("with_mean").Bool() {
			use(prep.Subtract, "mean_")
		}
		if t.Attr("with_std").Bool() {
			use(prep.Divide, "scale_")
		}
	case "MinMaxScaler":
		use(prep.Multiply, "scale_")
		use(prep.Add, "min_")
	case "MaxAbsScaler":
		use(prep.Divide, "scale_")
	case "RobustScaler":
		if t.Attr("with_centering").Bool() {
			use(prep.Subtract, "center_")
		}
		if t.Attr("with_scaling").Bool() {
			use(prep.Divide, "scale_")
		}
	}
	if g.m.file.Err() != nil {
		return nil
	}
	out := make([]pyColumn, 0, len(columns))
	for i, c := range columns {
		at := g.checked(t, g.number(t, c), check{name, false, true})
		for _, o := range operations {
			at = g.step(t, prep.Step{Op: o.op, From: at, A: o.values[i]})
		}
		out = append(out, pyColumn{at: at})
	}
	return out
}

// check is what a transformer raises an error for.
type check struct {
	why               string
	missing, infinite bool
}

// checked refuses what a check says.
func (g *pyGraph) checked(t skops.Node, at int32, c check) int32 {
	why := ", which " + c.why + " does not take"
	if c.missing {
		at = g.step(t, prep.Step{Op: prep.RefuseNaN, From: at, Refuse: "a missing value" + why})
	}
	if c.infinite {
		at = g.step(t, prep.Step{Op: prep.RefuseInf, From: at, Refuse: "an infinite number" + why})
	}
	return at
}

// checkedText refuses a missing text, unless something has been put in its place.
func (g *pyGraph) checkedText(t skops.Node, c pyColumn, why string) {
	if c.say(pyText{missing: true}).missing {
		g.step(t, prep.Step{Op: prep.RefuseNaN, From: c.source, Refuse: "a missing value, which " + why + " does not take"})
	}
}

// isMissing says whether a plain value is None or NaN, which are one in a text column.
func isMissing(v any) bool {
	x, ok := v.(float64)
	return v == nil || ok && x != x
}

// isNaN says whether a plain value is NaN.
func isNaN(v any) bool {
	x, ok := v.(float64)
	return ok && x != x
}

// floatOf is a plain value as a number.
func floatOf(n skops.Node, v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		if x := float64(v); int64(x) == v {
			return x
		}
	case bool:
		if v {
			return 1
		}
		return 0
	}
	n.Unsupported(exportInstead, "%s where a number belongs", fault.Quote(pythonText(v)))
	return 0
}
