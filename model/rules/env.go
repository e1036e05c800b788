package rules

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/parser"
)

// Limits of what CEL's parser and regular expressions take.
const (
	maxDepth   = 60
	maxNodes   = 10_000
	maxProgram = 5_000
	// maxMade is how long a text may be that replace makes.
	maxMade = 1 << 20
)

// base is the environment without columns.
var base = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.OptionalTypes(),
		ext.Math(),
		ext.Strings(),
		cel.Macros(parser.NewGlobalMacro(operators.Has, 1, expandHas)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.EnableErrorOnBadPresenceTest(true),
		cel.ParserExpressionSizeLimit(MaxExpression),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxProgram),
		// These are the strings extension's, but for a limit on what they make: they run before their cost is known.
		cel.Function("replace",
			cel.MemberOverload("string_replace_string_string", []*cel.Type{cel.StringType, cel.StringType, cel.StringType}, cel.StringType, cel.FunctionBinding(replace)),
			cel.MemberOverload("string_replace_string_string_int", []*cel.Type{cel.StringType, cel.StringType, cel.StringType, cel.IntType}, cel.StringType, cel.FunctionBinding(replace))),
	)
})

// expandHas lets has take a column, besides CEL's member of a map.
func expandHas(eh parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	switch args[0].Kind() {
	case ast.SelectKind:
		s := args[0].AsSelect()
		return eh.NewPresenceTest(s.Operand(), s.FieldName()), nil
	case ast.IdentKind, ast.CallKind:
		if args[0].Kind() == ast.IdentKind || args[0].AsCall().FunctionName() == operators.Index {
			return eh.NewCall(operators.NotEquals, args[0], eh.NewLiteral(types.NullValue)), nil
		}
	}
	return nil, eh.NewError(args[0].ID(), "has() takes a column")
}

// replace is strings' replace with a limit.
func replace(args ...ref.Val) ref.Val {
	text, old, new := string(args[0].(types.String)), string(args[1].(types.String)), string(args[2].(types.String))
	n := -1
	if len(args) > 3 {
		n = int(args[3].(types.Int))
	}
	count := strings.Count(text, old)
	if n >= 0 {
		count = min(count, n)
	}
	if grown := len(new) - len(old); grown > 0 && count > (maxMade-len(text))/grown {
		return types.NewErr("replace would make a text of more than %d bytes", maxMade)
	}
	return types.String(strings.Replace(text, old, new, n))
}

// costs are what CEL is to think of columns and of the strings extension, which says nothing of its costs.
type costs struct{}

// EstimateSize says how long a column's text is: texts that are longer fail their row.
func (costs) EstimateSize(e checker.AstNode) *checker.SizeEstimate {
	if p := e.Path(); len(p) > 0 && strings.HasPrefix(p[0], valuePrefix) {
		return &checker.SizeEstimate{Min: 0, Max: MaxText}
	}
	return nil
}

// EstimateCallCost says that functions of the strings extension may cost anything, but for those that read a text once.
func (costs) EstimateCallCost(function, overload string, target *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	switch function {
	case "lowerAscii", "upperAscii", "trim", "reverse", "charAt", "indexOf", "lastIndexOf", "substring":
		if target == nil || (*target).ComputedSize() == nil || (*target).ComputedSize().Max > MaxText {
			break
		}
		size := checker.SizeEstimate{Max: (*target).ComputedSize().Max}
		if strings.Contains(function, "ndexOf") {
			size = checker.FixedSizeEstimate(1)
		}
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: (*target).ComputedSize().Max/4 + 1}, ResultSize: &size}
	case "replace", "split", "join", "format", "strings.quote":
	default:
		return nil
	}
	return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: math.MaxUint64}}
}

// CallCost is what a call of the strings extension did cost: it goes by the texts that went in and out. nil leaves others to
// CEL.
func (costs) CallCost(function, overload string, args []ref.Val, result ref.Val) *uint64 {
	switch function {
	case "lowerAscii", "upperAscii", "trim", "reverse", "charAt", "indexOf", "lastIndexOf", "substring", "replace", "split", "join", "format", "strings.quote":
	default:
		return nil
	}
	cost := uint64(1)
	for _, v := range append(args[:len(args):len(args)], result) {
		cost += sizeOf(v) / 4
	}
	return &cost
}

func sizeOf(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v))
	case interface {
		Size() ref.Val
		Get(ref.Val) ref.Val
	}:
		n, _ := v.Size().(types.Int)
		total := uint64(n) * 4
		for i := range n {
			if s, ok := v.Get(i).(types.String); ok {
				total += uint64(len(s))
			}
		}
		return total
	}
	return 0
}

// options are those of a rule's program.
func options(c *checked) []cel.ProgramOption {
	o := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if c.worst > MaxCost {
		o = append(o, cel.CostTracking(costs{}), cel.CostLimit(MaxCost))
	}
	return o
}

// typeName is a type as CEL writes it.
func typeName(t *cel.Type) string { return fmt.Sprint(t) }
