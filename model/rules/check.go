package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// scope is what a rule may name.
type scope struct {
	columns map[string]*cel.Type // of the row, with what earlier derive rules made
	outputs map[string]*cel.Type // of the model, with what earlier decide rules made; they win
}

// find gives the variable that a name stands for: "row." or "out." before the name, and its type.
func (s *scope) find(name string, row bool) (variable string, t *cel.Type) {
	if t, ok := s.outputs[name]; ok && !row {
		return "out." + name, t
	}
	if t, ok := s.columns[name]; ok {
		return "row." + name, t
	}
	return "", nil
}

// near guesses which name was meant.
func (s *scope) near(name string) string {
	var all []format.ColumnInfo
	for _, m := range []map[string]*cel.Type{s.columns, s.outputs} {
		for n := range m {
			all = append(all, format.ColumnInfo{Name: n})
		}
	}
	slices.SortFunc(all, func(a, b format.ColumnInfo) int { return strings.Compare(a.Name, b.Name) })
	return format.DidYouMean([]string{name}, all)
}

// checked is a rule whose types are known.
type checked struct {
	env    *cel.Env
	ast    *cel.Ast
	out    *cel.Type
	reads  []string // variables, as scope.find names them
	worst  uint64   // what it may cost at most
	source *Rule
}

// check looks a rule's names up and finds its types. Whole numbers beside doubles become doubles: where CEL finds no overload,
// the rule is checked again with the literals that stand there as doubles.
func (s *Set) check(r *Rule, in *scope) (*checked, error) {
	env, err := base()
	if err != nil {
		return nil, err
	}
	c := &checked{source: r}
	var vars []cel.EnvOption
	for _, l := range r.reads {
		v, t := in.find(l.name, l.row)
		if t == nil {
			return nil, s.undeclared(env, r, in, l)
		}
		if slices.Contains(c.reads, v) {
			continue
		}
		c.reads = append(c.reads, v)
		vars = append(vars, cel.Variable(valuePrefix+v, t), cel.Variable(missingPrefix+v, cel.BoolType), cel.Variable(presentPrefix+v, cel.BoolType))
	}
	if c.env, err = env.Extend(vars...); err != nil {
		return nil, fault.New(fault.Internal, s.flag, "%w", err).OnField(r.Name)
	}
	double := map[int64]bool{} // literals
	var first []*common.Error
	for {
		parsed, issues := env.ParseSource(r.source)
		if issues.Err() != nil {
			return nil, s.wrong(r, issues.Errors())
		}
		root := parsed.NativeRep().Expr()
		newWalker(env, func(name string, _ int64, row bool) string {
			v, _ := in.find(name, row)
			return v
		}).walk(root)
		setDoubles(root, double)
		var misfits []*common.Error
		if c.ast, issues = c.env.Check(parsed); issues != nil {
			misfits = issues.Errors()
		}
		if len(misfits) == 0 {
			break
		}
		if !promote(root, misfits, double) {
			if i := slices.IndexFunc(first, func(m *common.Error) bool { return m.ExprID == misfits[0].ExprID }); i >= 0 {
				misfits = first[i:] // which speaks of what was written
			}
			return nil, s.wrong(r, misfits).WithHint("%s", typeHint(misfits[0].Message))
		}
		if first == nil {
			first = misfits
		}
	}
	c.out = c.ast.OutputType()
	estimate, err := c.env.EstimateCost(c.ast, costs{})
	if err != nil {
		return nil, fault.New(fault.Internal, s.flag, "%w", err).OnField(r.Name)
	}
	c.worst = estimate.Max
	return c, nil
}

// undeclared is the error for a name that is none.
func (s *Set) undeclared(env *cel.Env, r *Rule, in *scope, l lookup) error {
	parsed, issues := env.ParseSource(r.source)
	if issues.Err() != nil {
		return s.wrong(r, issues.Errors())
	}
	what := "column"
	if in.outputs != nil {
		what = "column or output"
	}
	errs := common.NewErrors(r.source)
	errs.ReportErrorAtID(l.id, parsed.NativeRep().SourceInfo().GetStartLocation(l.id), "no %s is called %q", what, l.name)
	e := s.wrong(r, errs.GetErrors())
	e.Code = fault.Schema
	if guess := in.near(l.name); guess != "" {
		e.Hint = guess
	}
	return e
}

// typeHint says what to do about types that do not fit.
func typeHint(message string) string {
	switch {
	case strings.Contains(message, "_%_"):
		return "only ints have a remainder: int(...)"
	case strings.Contains(message, "(double, int)"), strings.Contains(message, "(int, double)"):
		return "numbers of rows are doubles: write 1.0, or double(...) around a whole number"
	}
	return "double(...), int(...) and string(...) change a value's type"
}

// promotable are the operators beside which a whole number may be meant as a double.
var promotable = []string{
	operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Equals, operators.NotEquals,
	operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In, operators.Conditional,
}

// promote adds to double the whole numbers that stand where types did not fit, and says whether there were any.
func promote(root ast.Expr, misfits []*common.Error, double map[int64]bool) bool {
	more := false
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || !slices.Contains(promotable, e.AsCall().FunctionName()) ||
			!slices.ContainsFunc(misfits, func(m *common.Error) bool { return m.ExprID == e.ID() }) {
			return
		}
		for _, arg := range e.AsCall().Args() {
			operands := []ast.Expr{arg}
			if arg.Kind() == ast.ListKind {
				operands = arg.AsList().Elements()
			}
			for _, o := range operands {
				if wholeNumber(o) && !double[o.ID()] {
					double[o.ID()], more = true, true
				}
			}
		}
	}))
	return more
}

func wholeNumber(e ast.Expr) bool {
	if e.Kind() != ast.LiteralKind {
		return false
	}
	v, ok := e.AsLiteral().(types.Int)
	return ok && int64(v) <= 1<<53 && int64(v) >= -1<<53
}

// setDoubles makes doubles of whole numbers.
func setDoubles(root ast.Expr, double map[int64]bool) {
	if len(double) == 0 {
		return
	}
	factory := ast.NewExprFactory()
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if double[e.ID()] && wholeNumber(e) {
			e.SetKindCase(factory.NewLiteral(e.ID(), types.Double(e.AsLiteral().(types.Int))))
		}
	}))
}

// errDynamic is why a rule has no column.
var errDynamic = errors.New("what type it gives depends on the row; say which: double(...), int(...), string(...) or bool(...)")

// result is what kind of column a rule makes.
type result uint8

const (
	doubles result = iota
	ints
	strs
	bools
)

// kind is that of the column, and whether the rule gives an optional.
func (c *checked) kind() (k result, optional bool, err error) {
	t := c.out
	if t.Kind() == types.OpaqueKind && t.TypeName() == "optional_type" && len(t.Parameters()) == 1 {
		t, optional = t.Parameters()[0], true
	}
	switch t.Kind() {
	case types.DoubleKind:
		return doubles, optional, nil
	case types.IntKind:
		return ints, optional, nil
	case types.StringKind:
		return strs, optional, nil
	case types.BoolKind:
		return bools, optional, nil
	}
	hint := "a rule gives a double, int, string or bool: double(...), int(...) and string(...) make one"
	switch t.Kind() {
	case types.DynKind, types.AnyKind:
		return 0, optional, errDynamic
	case types.TypeParamKind:
		return 0, false, fmt.Errorf("it never gives a value")
	case types.NullTypeKind:
		hint = "give optional.none() where there is no value, and optional.of(...) elsewhere"
	case types.TimestampKind:
		hint = "string(...) gives its text, int(...) seconds since 1970"
	}
	return 0, false, fmt.Errorf("it gives a %s; %s", typeName(c.out), hint)
}
