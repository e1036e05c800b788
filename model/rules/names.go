package rules

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Names that stand for a column's value in an expression that was looked over, for whether it is missing, and for whether it
// is not. They cannot be written in CEL.
const (
	valuePrefix   = "@value:"
	missingPrefix = "@missing:"
	presentPrefix = "@present:"
)

// rowName is what row["name"] begins with.
const rowName = "row"

// walker finds the columns that an expression names and gives them the names of variables.
type walker struct {
	env *cel.Env
	// found is told of each name, and whether it was written row["name"]. What it gives is the variable's name without prefix;
	// "" leaves the expression as it is.
	found   func(name string, id int64, row bool) string
	factory ast.ExprFactory
	local   []string // names that comprehensions define
}

func newWalker(env *cel.Env, found func(name string, id int64, row bool) string) *walker {
	return &walker{env: env, found: found, factory: ast.NewExprFactory()}
}

func (w *walker) walk(e ast.Expr) {
	if name, row, ok := w.column(e); ok {
		if v := w.found(name, e.ID(), row); v != "" {
			e.SetKindCase(w.factory.NewIdent(e.ID(), valuePrefix+v))
		}
		return
	}
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		if name, ok := w.path(e); ok && s.IsTestOnly() {
			if v := w.found(name, e.ID(), false); v != "" {
				w.setMissing(e, v, true)
			}
			return
		}
		w.walk(s.Operand())
	case ast.CallKind:
		w.call(e)
	case ast.ListKind:
		w.each(e.AsList().Elements())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.walk(entry.AsMapEntry().Key())
			w.walk(entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			w.walk(field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		w.walk(c.IterRange())
		w.walk(c.AccuInit())
		n := len(w.local)
		w.local = append(w.local, c.AccuVar())
		w.walk(c.Result())
		w.local = append(w.local, c.IterVar(), c.IterVar2())
		w.walk(c.LoopCondition())
		w.walk(c.LoopStep())
		w.local = w.local[:n]
	}
}

func (w *walker) each(all []ast.Expr) {
	for _, e := range all {
		w.walk(e)
	}
}

func (w *walker) call(e ast.Expr) {
	c := e.AsCall()
	if op := c.FunctionName(); (op == operators.Equals || op == operators.NotEquals) && len(c.Args()) == 2 {
		for i, arg := range c.Args() {
			if !isNull(c.Args()[1-i]) {
				continue
			}
			if name, row, ok := w.column(arg); ok {
				if v := w.found(name, arg.ID(), row); v != "" {
					w.setMissing(e, v, op == operators.NotEquals)
				}
				return
			}
		}
	}
	if c.IsMemberFunction() {
		if name, ok := w.path(c.Target()); !ok || !w.env.HasFunction(name+"."+c.FunctionName()) {
			w.walk(c.Target())
		}
	}
	w.each(c.Args())
}

// setMissing makes e the question whether a column is missing, or is not.
func (w *walker) setMissing(e ast.Expr, v string, not bool) {
	name := missingPrefix + v
	if not {
		name = presentPrefix + v
	}
	e.SetKindCase(w.factory.NewIdent(e.ID(), name))
}

func isNull(e ast.Expr) bool { return e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue }

// column says whether e names a column: by a path, or as row["name"].
func (w *walker) column(e ast.Expr) (name string, row, ok bool) {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		return "", false, false
	}
	if name, ok := w.path(e); ok {
		if _, known := w.env.CELTypeProvider().FindIdent(name); known {
			return "", false, false // a type: its name is CEL's
		}
		return name, false, true
	}
	if e.Kind() != ast.CallKind {
		return "", false, false
	}
	c := e.AsCall()
	if c.FunctionName() != operators.Index || len(c.Args()) != 2 {
		return "", false, false
	}
	of, key := c.Args()[0], c.Args()[1]
	if of.Kind() != ast.IdentKind || of.AsIdent() != rowName || slices.Contains(w.local, rowName) || key.Kind() != ast.LiteralKind {
		return "", false, false
	}
	text, isText := key.AsLiteral().(types.String)
	return string(text), true, isText
}

// path gives the name a.b.c of an expression that is one, and is not of a comprehension's own.
func (w *walker) path(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		name := strings.TrimPrefix(e.AsIdent(), ".")
		return name, !slices.Contains(w.local, name)
	case ast.SelectKind:
		head, ok := w.path(e.AsSelect().Operand())
		return head + "." + e.AsSelect().FieldName(), ok
	}
	return "", false
}

// lookup is something that a rule looks up.
type lookup struct {
	name string
	row  bool // written row["name"]
	id   int64
}

// names lists what a rule looks up, each once.
func (s *Set) names(env *cel.Env, r *Rule) ([]lookup, error) {
	var all []lookup
	parsed, issues := env.ParseSource(r.source)
	if issues.Err() != nil {
		return nil, s.wrong(r, issues.Errors())
	}
	newWalker(env, func(name string, id int64, row bool) string {
		if !slices.ContainsFunc(all, func(l lookup) bool { return l.name == name && l.row == row }) {
			all = append(all, lookup{name, row, id})
		}
		return ""
	}).walk(parsed.NativeRep().Expr())
	return all, nil
}
