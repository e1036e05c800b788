package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// Input is a feature as a reader has to supply it.
type Input struct {
	Feature string
	Column  string // where it comes from: the feature's name, or what it was renamed to
	Text    bool   // its categories are text; otherwise the column holds numbers
}

// Inputs lists the model's features, in the model's order, with the columns they come from. rename maps feature to
// column name and may be nil; it wins over what a bundle says.
//
// Errors, all with code Schema or Usage: the model carries no feature names, a name stands twice, rename names a feature
// that the model does not have.
func (m *Model) Inputs(rename map[string]string) ([]Input, error) {
	if m.nameless() && len(rename) == 0 && *m.inputName(0) == "" {
		return nil, fault.New(fault.Schema, m.source, "the model carries no feature names").
			WithHint("give the %d names in the order of training: --features a,b,c", m.inputs())
	}
	var unknown []string
	for feature := range rename {
		if !m.has(feature) {
			unknown = append(unknown, feature)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, fault.New(fault.Usage, "--rename", "the model has no feature %s", quoteList(unknown)).
			WithHint("--rename takes feature=column; `glulam inspect` lists the features")
	}
	seen := make(map[string]bool, m.inputs())
	in := make([]Input, m.inputs())
	for i := range in {
		name := *m.inputName(i)
		if name == "" || seen[name] {
			return nil, fault.New(fault.Schema, m.source, "feature %d has the name %q, which is empty or stands twice", i, name).
				WithHint("save the model again with one name a feature")
		}
		seen[name] = true
		in[i] = Input{Feature: name, Column: name, Text: m.codes[i].isText()}
		if c, ok := rename[name]; ok {
			in[i].Column = c
		} else if c, ok := m.renames()[name]; ok {
			in[i].Column = c
		}
	}
	return in, nil
}

// Binding ties a model's features to the columns of one schema. Immutable, safe for concurrent use.
type Binding struct {
	m       *Model
	columns []boundColumn
}

type boundColumn struct {
	index int // of the column in the record
	codes *codes
	name  string // of the feature, for errors
}

// Bind resolves every feature to a column of schema by name (after rename, feature to column; nil renames nothing). The
// columns' order never matters, and columns that are no feature do not disturb. Fields marked as raw bytes (see format.Raw)
// are not looked at.
//
// A feature of numbers takes integers, floats, booleans (0 and 1) and decimals; a feature with text categories takes
// strings, dictionary-encoded or not, and one with hashed categories (CatBoost) integers and booleans, too. All that does
// not fit is said in one error with code Schema: columns that are missing, that stand twice, or that are of the wrong kind.
func (m *Model) Bind(schema *arrow.Schema, rename map[string]string) (*Binding, error) {
	inputs, err := m.Inputs(rename)
	if err != nil {
		return nil, err
	}
	at := make(map[string][]int, schema.NumFields())
	for i, f := range schema.Fields() {
		if !format.IsBytes(f) {
			at[f.Name] = append(at[f.Name], i)
		}
	}
	b := &Binding{m: m}
	var missing, twice, wrong []string
	for i, in := range inputs {
		found := at[in.Column]
		switch {
		case len(found) == 0:
			missing = append(missing, in.Column)
			continue
		case len(found) > 1:
			twice = append(twice, in.Column)
			continue
		}
		t := schema.Field(found[0]).Type
		if !fits(t, in.Text) && !(m.codes[i].hashes() && fitsHash(t)) {
			want := "numbers"
			if in.Text {
				want = "text categories"
			}
			wrong = append(wrong, fmt.Sprintf("%s is %s, the model wants %s", in.Column, t, want))
			continue
		}
		b.columns = append(b.columns, boundColumn{index: found[0], name: in.Feature, codes: m.codes[i]})
	}
	if len(missing)+len(twice)+len(wrong) > 0 {
		return nil, m.misfit(missing, twice, wrong)
	}
	return b, nil
}

// Columns gives, for each feature in the model's order, its name and the index of its column in the bound schema.
func (b *Binding) Columns() (features []string, index []int) {
	for _, c := range b.columns {
		features, index = append(features, c.name), append(index, c.index)
	}
	return features, index
}

// misfit puts everything that does not fit into one error.
func (m *Model) misfit(missing, twice, wrong []string) error {
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, fmt.Sprintf("missing column %s", quoteList(missing)))
	}
	if len(twice) > 0 {
		parts = append(parts, fmt.Sprintf("column %s stands more than once", quoteList(twice)))
	}
	parts = append(parts, wrong...)
	e := fault.New(fault.Schema, "", "the columns do not fit model %s: %s", m.name, strings.Join(parts, "; "))
	if len(missing) > 0 {
		switch {
		case !m.has(missing[0]):
			who := "--rename"
			if m.renames() != nil {
				who += " or the bundle"
			}
			e.WithHint("it is what %s says: name a column that is there", who)
		case m.nameless():
			e.WithHint("the model carries only placeholder names: give the %d names in the order of training with --features a,b,c", m.inputs())
		default:
			e.WithHint("a column of another name is taken with --rename %s=column", missing[0])
		}
	}
	return e
}

// has says whether an input has this name.
func (m *Model) has(feature string) bool {
	for i := range m.inputs() {
		if *m.inputName(i) == feature {
			return true
		}
	}
	return false
}

// MissingColumns is the error of Bind for columns that are not there: for planners, which know names before types.
func (m *Model) MissingColumns(missing, twice []string) error { return m.misfit(missing, twice, nil) }

// quoteList renders up to ten names.
func quoteList(names []string) string {
	more := ""
	if len(names) > 10 {
		more = fmt.Sprintf(" and %d more", len(names)-10)
		names = names[:10]
	}
	return `"` + strings.Join(names, `", "`) + `"` + more
}

// fits says whether a column of type t can be read as numbers, or as text.
func fits(t arrow.DataType, text bool) bool {
	switch t.ID() {
	case arrow.DICTIONARY:
		return fits(t.(*arrow.DictionaryType).ValueType, text)
	case arrow.STRING, arrow.LARGE_STRING:
		return text
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64, arrow.BOOL, arrow.DECIMAL128, arrow.DECIMAL256:
		return !text
	case arrow.NULL:
		return true // a column without a single value: all missing
	}
	return false
}

// codes maps a column's values to category codes.
type codes struct {
	text   map[string]float64
	hash   map[uint32]float64 // of texts: see forest.Categories
	number map[float64]float64
	unseen float64 // the code of a value that is not among the categories
}

// newCodes makes the codes of each input that has categories.
func newCodes(m *Model) []*codes {
	all := make([]*codes, m.inputs())
	for i := range all {
		switch {
		case m.prep != nil && m.prep.Inputs[i].Texts != nil:
			all[i] = &codes{text: textCodes(m.prep.Inputs[i].Texts), unseen: prep.Unseen}
		case m.prep == nil && m.forest.Features[i].Categories != nil:
			all[i] = categoryCodes(m.forest.Features[i].Categories)
		}
	}
	return all
}

func textCodes(texts []string) map[string]float64 {
	codes := make(map[string]float64, len(texts))
	for i, v := range texts {
		codes[v] = float64(i)
	}
	return codes
}

// categoryCodes makes the codes of a forest's categories. A value that is not among them is missing, as in pandas'
// set_categories.
func categoryCodes(c *forest.Categories) *codes {
	k := &codes{unseen: math.NaN()}
	if c.Hash != nil {
		k.hash, k.unseen = hashCodes(c.Hash), unseenHash
		return k
	}
	if c.Text != nil {
		k.text = textCodes(c.Text)
		return k
	}
	k.number = make(map[float64]float64, c.Len())
	for i, v := range c.Number {
		k.number[v] = float64(i)
	}
	for i, v := range c.Bool {
		n := 0.0
		if v {
			n = 1
		}
		k.number[n] = float64(i)
	}
	return k
}

func (k *codes) ofNumber(v float64) float64 {
	if c, ok := k.number[v]; ok {
		return c
	}
	return k.unseen
}
