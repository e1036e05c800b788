package rules

import (
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common"

	"github.com/glulam/glulam/fault"
)

// Limits of what is taken.
const (
	MaxExpression = 4096 // characters of an expression
	MaxRules      = 100  // of a set
	MaxText       = 16384
	MaxCost       = 100_000
)

// DecisionName is the column of a decide rule without a name.
const DecisionName = "decision"

// Rule is a column and the expression that it is computed with.
type Rule struct {
	Name, Expr string

	source common.Source
	reads  []lookup
}

// Set is an ordered list of rules that can be parsed. Immutable, safe for concurrent use. A nil *Set has no rules.
type Set struct {
	flag  string
	rules []Rule
}

// Derive makes a set of texts "name = expression": columns that are computed before scoring. It gives nil for no texts.
//
// Errors are *fault.Error with code Usage, Source "--derive" and the rule's name as Field.
func Derive(texts []string) (*Set, error) { return newSet("--derive", texts, "") }

// Decide makes a set of texts "name = expression", or expressions alone, whose column is DecisionName: columns that are
// computed after scoring. It gives nil for no texts. Errors are those of Derive, with Source "--decide".
func Decide(texts []string) (*Set, error) { return newSet("--decide", texts, DecisionName) }

// assignment splits a rule: a name, quoted if it is none in CEL, and "=", but not "==".
var assignment = regexp.MustCompile("(?s)^\\s*(?:([A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*)|\"([^\"\\\\]+)\")\\s*=([^=].*|)$")

func newSet(flag string, texts []string, unnamed string) (*Set, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if len(texts) > MaxRules {
		return nil, fault.New(fault.Usage, flag, "%d rules; at most %d", len(texts), MaxRules)
	}
	s := &Set{flag: flag}
	seen := map[string]bool{}
	for _, text := range texts {
		r := Rule{Name: unnamed, Expr: strings.TrimSpace(text)}
		if m := assignment.FindStringSubmatch(text); m != nil {
			r.Name, r.Expr = m[1]+m[2], strings.TrimSpace(m[3])
		}
		switch {
		case r.Name == "":
			return nil, fault.New(fault.Usage, flag, "%.60q has no name for its column", text).WithHint("write name = expression")
		case r.Expr == "":
			return nil, fault.New(fault.Usage, flag, "the rule is empty").OnField(r.Name).WithHint("write name = expression")
		case seen[r.Name]:
			return nil, fault.New(fault.Usage, flag, "two rules have this name").OnField(r.Name).WithHint("give each its own: name = expression")
		}
		seen[r.Name] = true
		r.source = common.NewStringSource(r.Expr, r.Name)
		env, err := base()
		if err != nil {
			return nil, err
		}
		if r.reads, err = s.names(env, &r); err != nil {
			return nil, err
		}
		s.rules = append(s.rules, r)
	}
	return s, nil
}

// Names are the columns that the rules make, in order.
func (s *Set) Names() []string {
	if s == nil {
		return nil
	}
	names := make([]string, len(s.rules))
	for i, r := range s.rules {
		names[i] = r.Name
	}
	return names
}

// Reads are the names that the rules look up, each once, but for row["name"]: columns, outputs, and results of other rules.
func (s *Set) Reads() []string {
	if s == nil {
		return nil
	}
	var names []string
	for i := range s.rules {
		for _, l := range s.rules[i].reads {
			if !l.row && !slices.Contains(names, l.name) {
				names = append(names, l.name)
			}
		}
	}
	return names
}

// wrong makes an error of CEL's: the first one's message, the expression, and a mark under the place.
func (s *Set) wrong(r *Rule, errs []*common.Error) *fault.Error {
	first := errs[0]
	text := first.ToDisplayString(r.source)
	if _, after, ok := strings.Cut(text, first.Message); ok {
		text = strings.TrimSuffix(first.Message, " (in container '')") + after
	}
	e := fault.New(fault.Usage, s.flag, "%s", text).OnField(r.Name)
	e.Line, e.Column = int64(first.Location.Line()), int64(first.Location.Column()+1)
	return e
}
