package sklearn

import (
	"math"
	"strconv"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/internal/skops"
	"github.com/glulam/glulam/model/prep"
)

// encoder is what OrdinalEncoder and OneHotEncoder have in common.
type encoder struct {
	m          *skopsModel
	node       skops.Node
	columns    []categories
	infrequent bool
}

// categories are those of a column.
type categories struct {
	at      skops.Node
	values  []any
	texts   bool
	absent  int       // the place of NaN or None, or -1
	mapping []float64 // of the categories' places to those after rare ones were put together; nil: the same
	rare    []float64 // the places of the rare ones; nil: none
}

func (g *pyGraph) encoder(t skops.Node, columns int) *encoder {
	e := &encoder{m: g.m, node: t}
	lists := t.Attr("categories_").Items()
	if len(lists) != columns {
		t.Corrupt("categories_ of %d columns for %d", len(lists), columns)
		return e
	}
	e.infrequent = t.Attr("_infrequent_enabled").Bool()
	var mappings, rares []skops.Node
	if e.infrequent {
		mappings, rares = t.Attr("_default_to_infrequent_mappings").Items(), t.Attr("_infrequent_indices").Items()
		if len(mappings) != columns || len(rares) != columns {
			t.Corrupt("%d mappings and %d lists of rare categories for %d columns", len(mappings), len(rares), columns)
			return e
		}
	}
	for i, at := range lists {
		c := readCategories(at)
		if e.infrequent && !mappings[i].IsNone() {
			c.mapping = mappings[i].Array().Floats(nil)
			c.rare = rares[i].Array().Floats(nil)
			if len(c.mapping) > len(c.values) || len(c.rare) == 0 {
				mappings[i].Corrupt("a mapping of %d categories, of which there are %d, with %d rare ones", len(c.mapping), len(c.values), len(c.rare))
			}
		}
		e.columns = append(e.columns, c)
	}
	return e
}

// readCategories tells apart the categories of a column.
func readCategories(at skops.Node) categories {
	c := categories{at: at, absent: -1, values: values(at)}
	texts, numbers := 0, 0
	for k, v := range c.values {
		switch v.(type) {
		case string:
			texts++
			continue
		case bool, int64, float64:
			if !isMissing(v) {
				numbers++
				continue
			}
		}
		if c.absent >= 0 {
			at.Unsupported("replace one of them", "an encoder tells None from NaN, which rows of a file cannot")
		}
		c.absent = k
	}
	c.texts = texts > 0
	if texts > 0 && numbers > 0 {
		at.Unsupported("give each sort a column of its own", "an encoder has categories that are not all texts, or all numbers")
	}
	if len(c.values) == 0 || len(c.values) > mostCategories {
		at.Corrupt("%d categories", len(c.values))
	}
	return c
}

func (e *encoder) hasAbsent(i int) bool { return e.columns[i].absent >= 0 }

// group is the number of category k of column i, after rare ones were put together. skips says that the missing one is not
// among those.
func (e *encoder) group(i, k int, skips bool) int64 {
	c := &e.columns[i]
	if c.mapping == nil || skips && k == c.absent {
		return int64(k)
	}
	if k >= len(c.mapping) || !(c.mapping[k] >= 0 && c.mapping[k] < float64(len(c.values))) {
		c.at.Corrupt("category %d has no place in the mapping of rare ones", k)
		return 0
	}
	return int64(c.mapping[k])
}

// table is a column's table; value says what the encoder makes of category k.
func (e *encoder) table(i int, value func(k int) float64) table {
	c := &e.columns[i]
	t := table{infinite: !c.texts}
	for k, v := range c.values {
		x := value(k)
		switch text, ok := v.(string); {
		case k == c.absent:
			t.absent = maybe{x, true}
			continue
		case ok:
			t.texts = append(t.texts, text)
		default:
			t.numbers = append(t.numbers, floatOf(c.at, v))
		}
		t.values = append(t.values, x)
		if e.m.file.Err() != nil {
			break
		}
	}
	return t
}

// warnGroups is the minor version since which handle_unknown="warn" puts unknown categories with the rare ones.
const warnGroups = 8

// unknownOneHot is what OneHotEncoder makes of an unknown category of column i.
func (e *encoder) unknownOneHot(i int, dropped any) maybe {
	zeros := maybe{-1, true}
	switch handle := e.node.Attr("handle_unknown").Text(); handle {
	case "error":
		return maybe{}
	case "ignore":
		return zeros
	case "infrequent_if_exist", "warn":
		c := &e.columns[i]
		if !e.infrequent || c.mapping == nil || handle == "warn" && e.m.minor < warnGroups {
			return zeros
		}
		code := e.group(i, int(c.rare[0]), false)
		if drop, ok := dropped.(int64); ok && code == drop {
			return zeros
		} else if ok && code > drop {
			code--
		}
		return maybe{float64(code), true}
	default:
		e.node.Unsupported(exportInstead, "OneHotEncoder with handle_unknown=%s", fault.Quote(handle))
	}
	return maybe{}
}

// cast gives what becomes of a number in the type that the encoder's codes have.
func (e *encoder) cast() func(skops.Node) float64 {
	dtype := e.node.Attr("dtype")
	name := dtype.Type()
	if !dtype.IsFunction() {
		name = ""
	}
	if _, ok := castTo(name, 0); !ok {
		dtype.Unsupported(exportInstead, "an encoder with a dtype that is not known")
	}
	return func(n skops.Node) float64 {
		x, ok := castTo(name, floatOf(n, n.Value()))
		if !ok {
			n.Unsupported(exportInstead, "a code that does not fit the encoder's dtype")
		}
		return x
	}
}

// oneHot is OneHotEncoder.
func (g *pyGraph) oneHot(t skops.Node, columns []pyColumn) []pyColumn {
	e := g.encoder(t, len(columns))
	widths := values(t.Attr("_n_features_outs"))
	drops := make([]any, len(columns))
	if at := t.Attr("_drop_idx_after_grouping"); !at.IsNone() {
		drops = values(at)
	}
	if len(widths) != len(columns) || len(drops) != len(columns) {
		t.Corrupt("%d widths and %d dropped categories for %d columns", len(widths), len(drops), len(columns))
	}
	if g.m.file.Err() != nil {
		return nil
	}
	var out []pyColumn
	for i, c := range columns {
		cats := e.columns[i]
		width, ok := widths[i].(int64)
		if !ok || width < 0 || width > int64(len(cats.values)) {
			t.Corrupt("%v columns for the %d categories of column %d", widths[i], len(cats.values), i)
			return nil
		}
		tab := e.table(i, func(k int) float64 {
			code := e.group(i, k, false)
			if drop, ok := drops[i].(int64); ok && code == drop {
				return -1
			} else if ok && code > drop {
				code--
			}
			if code >= width {
				t.Corrupt("category %d of column %d is number %d of %d", k, i, code, width)
			}
			return float64(code)
		})
		tab.unknown = e.unknownOneHot(i, drops[i])
		if !e.hasAbsent(i) {
			tab.absent = tab.unknown
		}
		at := g.lookup(t, c, tab, " of OneHotEncoder")
		for k := range width {
			out = append(out, pyColumn{at: g.step(t, prep.Step{Op: prep.Equals, From: at, A: float64(k)})})
		}
		if g.m.file.Err() != nil {
			return nil
		}
	}
	g.sparse = t.Attr("sparse_output").Bool()
	return out
}

// ordinal is OrdinalEncoder.
func (g *pyGraph) ordinal(t skops.Node, columns []pyColumn) []pyColumn {
	e := g.encoder(t, len(columns))
	missing := t.Attr("_missing_indices")
	cast := e.cast()
	var unknown maybe
	switch handle := t.Attr("handle_unknown").Text(); handle {
	case "error":
	case "use_encoded_value":
		unknown = maybe{cast(t.Attr("unknown_value")), true}
	default:
		t.Unsupported(exportInstead, "OrdinalEncoder with handle_unknown=%s", fault.Quote(handle))
	}
	if g.m.file.Err() != nil {
		return nil
	}
	var out []pyColumn
	for i, c := range columns {
		gone := int64(-1)
		if at := missing.Maybe(strconv.Itoa(i)); at.OK() {
			gone = at.Int()
		}
		tab := e.table(i, func(k int) float64 {
			if int64(k) == gone {
				return cast(t.Attr("encoded_missing_value"))
			}
			return float64(e.group(i, k, gone >= 0))
		})
		tab.unknown = unknown
		if !e.hasAbsent(i) {
			tab.absent = tab.unknown
		}
		out = append(out, pyColumn{at: g.lookup(t, c, tab, " of OrdinalEncoder")})
		if g.m.file.Err() != nil {
			return nil
		}
	}
	return out
}

// mostCategories is how many an encoder's codes may be: all whole numbers up to here are float32 numbers.
const mostCategories = 1 << 24

// castTo gives what numpy makes of x in an array of a type, and whether that is known.
func castTo(name string, x float64) (float64, bool) {
	switch name {
	case "numpy.float64", "builtins.float":
		return x, true
	case "numpy.float32":
		return float64(float32(x)), true
	case "numpy.int64", "numpy.int32", "builtins.int":
		return x, x == math.Trunc(x) && math.Abs(x) < mostCategories
	}
	return 0, false
}
