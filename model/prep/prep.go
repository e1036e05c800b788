package prep

import (
	"fmt"
	"math"

	"github.com/glulam/glulam/fault"
)

// Limits that Validate holds a graph to.
const (
	MaxColumns = 1 << 20
	MaxTable   = 1 << 24 // entries of all tables together
)

// Unseen is the code of a text that is not among its input's.
const Unseen = -1

// Graph turns the inputs of a row into the features of a forest. Fill it, call Validate, then treat it as immutable: it is
// safe for concurrent use only because nobody writes to it.
type Graph struct {
	Inputs []Input
	Steps  []Step // step i writes column len(Inputs)+i
	// Features are the columns that the forest sees, in its order. A column may occur twice.
	Features []int32
}

// Input is a column of the rows that come in.
type Input struct {
	Name string
	// Texts are the texts that mean something, each once; nil: the column holds numbers.
	Texts []string
}

// Step writes a column: f(x) for the value x of column From.
type Step struct {
	Op   Op
	From int32
	// A and B are what Op says.
	A, B float64
	// Float32 rounds the result to float32 (and A, which has to be one): the arithmetic of float32 libraries.
	Float32 bool
	// Keys and Table belong to Lookup. Keys are ascending; nil: 0, 1, 2, ...
	Keys, Table []float64
	// Refuse, for steps that can fail, is why: the message of the dead letter.
	Refuse string
	// Code of that letter; "" is fault.WrongType.
	Code fault.Code
}

// Op is what a step does with x.
type Op uint8

const (
	Copy     Op = iota // x; with Float32 it rounds
	Add                // x + A
	Subtract           // x - A
	Multiply           // x * A
	Divide             // x / A
	FillNaN            // A if x is NaN, else x
	Replace            // B if x == A, else x
	IsNaN              // 1 if x is NaN, else 0
	Equals             // 1 if x == A, else 0
	// Lookup gives Table[i] for x == Keys[i], A for NaN and B for all else. If Refuse is set and what comes out is NaN while
	// x is not, the row is refused.
	Lookup
	// RefuseNaN and RefuseInf refuse a row whose x is NaN, or infinite; else they give x.
	RefuseNaN
	RefuseInf
	// Byte is a category's code as scikit-learn up to 1.3 sees it, through a cast to uint8 on amd64: NaN for x < 0 and NaN,
	// the low 8 bits of trunc(x) up to 2^31, 0 from there on.
	Byte
	// RefuseFraction refuses a row whose x is no integer: it has a fraction, is infinite or NaN; or, if A is not 0, lies
	// outside -A <= x < A; else it gives x.
	RefuseFraction
	Truncate // x without its fraction
)

var opNames = [...]string{Copy: "copy", Add: "add", Subtract: "subtract", Multiply: "multiply", Divide: "divide", FillNaN: "fill missing",
	Replace: "replace", IsNaN: "is missing", Equals: "equals", Lookup: "look up", RefuseNaN: "refuse missing", RefuseInf: "refuse infinite",
	Byte: "byte", RefuseFraction: "refuse fractions", Truncate: "truncate"}

// String names the operation for people: "fill missing".
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("op %d", o)
}

// Validate checks all that Run relies on. The error is a *fault.Error with code Corrupt or TooLarge.
func (g *Graph) Validate(features int) error {
	if len(g.Inputs) == 0 || len(g.Inputs)+len(g.Steps) > MaxColumns {
		return fault.New(fault.TooLarge, "", "%d inputs and %d steps before the trees", len(g.Inputs), len(g.Steps))
	}
	if len(g.Features) != features {
		return fault.New(fault.Corrupt, "", "the steps before the trees give %d features, the trees take %d", len(g.Features), features)
	}
	entries := 0
	for i := range g.Steps {
		s := &g.Steps[i]
		bad := func(format string, args ...any) error {
			return fault.New(fault.Corrupt, "", format, args...).OnField(fmt.Sprintf("step %d", i))
		}
		switch {
		case s.From < 0 || int(s.From) >= len(g.Inputs)+i:
			return bad("takes column %d of %d", s.From, len(g.Inputs)+i)
		case s.Op > Truncate:
			return bad("unknown operation")
		case s.Float32 && s.A == s.A && s.A != float64(float32(s.A)):
			return bad("%v is no float32", s.A)
		case s.Op == Lookup && s.Keys != nil && len(s.Keys) != len(s.Table):
			return bad("%d keys for %d values", len(s.Keys), len(s.Table))
		case (s.Op == RefuseNaN || s.Op == RefuseInf || s.Op == RefuseFraction) && s.Refuse == "":
			return bad("refuses without a reason")
		}
		for j, key := range s.Keys {
			if key != key || j > 0 && key <= s.Keys[j-1] {
				return bad("keys are not ascending")
			}
		}
		if entries += len(s.Table); entries > MaxTable {
			return fault.New(fault.TooLarge, "", "tables of more than %d values before the trees", MaxTable)
		}
	}
	for _, c := range g.Features {
		if c < 0 || int(c) >= len(g.Inputs)+len(g.Steps) {
			return fault.New(fault.Corrupt, "", "a feature is column %d of %d", c, len(g.Inputs)+len(g.Steps))
		}
	}
	return nil
}

// Refusal is a row that a step refused.
type Refusal struct {
	Row     int
	Input   int // the input that the refused value comes from
	Code    fault.Code
	Message string
}

// Columns is how many values a row has on its way, which a Scratch holds.
func (g *Graph) Columns() int { return len(g.Inputs) + len(g.Steps) }

// Scratch is the memory of Run. The zero value is ready; it must not be used by two goroutines at once.
type Scratch struct {
	columns []float64
	Refused []Refusal // of the last Run, by step; a row may occur more than once
	sources []int32   // those of graph, once it has refused a row
	graph   *Graph
}

// Run turns rows of inputs (row after row) into rows of features (row after row). It allocates nothing once s has grown,
// but for refusals.
func (g *Graph) Run(inputs []float64, rows int, features []float64, s *Scratch) {
	s.Refused = s.Refused[:0]
	if n := g.Columns() * rows; cap(s.columns) < n {
		s.columns = make([]float64, n)
	}
	columns := s.columns[:g.Columns()*rows]
	in := len(g.Inputs)
	for i := range rows {
		for j, v := range inputs[i*in : (i+1)*in] {
			columns[j*rows+i] = v
		}
	}
	for i := range g.Steps {
		st := &g.Steps[i]
		from := columns[int(st.From)*rows : (int(st.From)+1)*rows]
		to := columns[(in+i)*rows : (in+i+1)*rows]
		st.run(to, from)
		if st.Refuse != "" {
			g.refuse(st, to, from, s)
		}
	}
	width := len(g.Features)
	for j, c := range g.Features {
		for i, v := range columns[int(c)*rows : (int(c)+1)*rows] {
			features[i*width+j] = v
		}
	}
}

func (st *Step) run(to, from []float64) {
	switch st.Op {
	case Copy, RefuseNaN, RefuseInf, RefuseFraction:
		copy(to, from)
	case Truncate:
		for i, x := range from {
			to[i] = math.Trunc(x)
		}
	case Add:
		for i, x := range from {
			to[i] = x + st.A
		}
	case Subtract:
		for i, x := range from {
			to[i] = x - st.A
		}
	case Multiply:
		for i, x := range from {
			to[i] = x * st.A
		}
	case Divide:
		for i, x := range from {
			to[i] = x / st.A
		}
	case FillNaN:
		for i, x := range from {
			if x != x {
				x = st.A
			}
			to[i] = x
		}
	case Replace:
		for i, x := range from {
			if x == st.A {
				x = st.B
			}
			to[i] = x
		}
	case IsNaN:
		for i, x := range from {
			to[i] = truth(x != x)
		}
	case Equals:
		for i, x := range from {
			to[i] = truth(x == st.A)
		}
	case Lookup:
		for i, x := range from {
			to[i] = st.lookup(x)
		}
	case Byte:
		for i, x := range from {
			to[i] = toByte(x)
		}
	}
	if st.Float32 { // one operation on float32s, rounded to float64 first, has the float32 result: 53 >= 2*24+2 bits
		for i, x := range to {
			to[i] = float64(float32(x))
		}
	}
}

func toByte(x float64) float64 {
	switch {
	case x >= 1<<31:
		return 0
	case x >= 0:
		return float64(uint8(uint32(x)))
	}
	return math.NaN()
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (st *Step) lookup(x float64) float64 {
	if x != x {
		return st.A
	}
	i := -1
	if st.Keys == nil {
		if x >= 0 && x < float64(len(st.Table)) && x == math.Trunc(x) {
			i = int(x)
		}
	} else {
		lo, hi := 0, len(st.Keys)
		for lo < hi {
			if m := (lo + hi) / 2; st.Keys[m] < x {
				lo = m + 1
			} else {
				hi = m
			}
		}
		if lo < len(st.Keys) && st.Keys[lo] == x {
			i = lo
		}
	}
	if i < 0 {
		return st.B
	}
	return st.Table[i]
}

// refuse notes the rows that a step refuses.
func (g *Graph) refuse(st *Step, to, from []float64, s *Scratch) {
	for i, x := range from {
		bad := false
		switch st.Op {
		case RefuseNaN:
			bad = x != x
		case RefuseInf:
			bad = math.IsInf(x, 0)
		case RefuseFraction:
			bad = x != math.Trunc(x) || math.IsInf(x, 0) || st.A != 0 && !(-st.A <= x && x < st.A)
		case Lookup:
			bad = x == x && to[i] != to[i]
		}
		if !bad {
			continue
		}
		if s.graph != g {
			s.graph, s.sources = g, g.Sources()
		}
		code := st.Code
		if code == "" {
			code = fault.WrongType
		}
		s.Refused = append(s.Refused, Refusal{Row: i, Input: int(s.sources[st.From]), Code: code, Message: st.Refuse})
	}
}

// Sources gives the input that each column comes from. Every step must take an older column, as Validate demands.
func (g *Graph) Sources() []int32 {
	sources := make([]int32, g.Columns())
	for i := range g.Inputs {
		sources[i] = int32(i)
	}
	for i := range g.Steps {
		sources[len(g.Inputs)+i] = sources[g.Steps[i].From]
	}
	return sources
}
