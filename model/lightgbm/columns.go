package lightgbm

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/glulam/glulam/model/forest"
)

// column is what the file says about the values that a feature had in training.
type column struct {
	kind     columnKind
	min, max float64 // of numeric columns; max also of categorical ones, -1 if nothing is known
	negative bool    // a categorical column that had codes below -1, which stands for missing: not those of a list
}

type columnKind uint8

const (
	numeric     columnKind = iota // "[min:max]": exact, but for what was not sampled
	categorical                   // "-1:3:0:1", most frequent first, the rarest left out
	// The rest are "none": columns with one value, with none, or with too few of all others to split them. No tree uses
	// them.
	constant
	constantCategorical // in categorical_feature
	constantUnknown     // categorical_feature is not known
)

// declared says whether the column was a categorical feature in training.
func (c column) declared() bool { return c.kind == categorical || c.kind == constantCategorical }

// holds says whether the column's values can be the codes of n categories. Every category of a numeric column should
// have occurred, as pandas makes categories from values; of a categorical one the rarest may be missing.
func (c column) holds(n int) bool {
	switch c.kind {
	case numeric:
		return c.holdsAll(n)
	case categorical:
		return !c.negative && c.max < float64(n)
	case constant:
		return n <= 1
	}
	return true
}

// holdsAll says whether the column's values are, as far as the file can say so, the codes of n categories and not of more.
func (c column) holdsAll(n int) bool {
	switch c.kind {
	case numeric:
		return c.min == 0 && c.max == float64(n-1)
	case categorical:
		return !c.negative && c.max == float64(n-1)
	}
	return c.holds(n)
}

// finishFeatures sets Kind and Categories of the features.
func (p *parser) finishFeatures() error {
	columns, err := p.readColumns()
	if err != nil {
		return err
	}
	p.declareConstants(columns)
	for i, c := range columns {
		if c.declared() {
			p.forest.Features[i].Kind = forest.Categorical
		}
	}
	v := p.tail.pandas
	if v.line == 0 {
		return nil
	}
	lists, err := p.readLists(v)
	if err != nil {
		return err
	}
	owners, ok := assign(columns, lists)
	if !ok {
		return p.undecided(v, columns, lists)
	}
	for i, feature := range owners {
		p.forest.Features[feature].Categories = lists[i]
	}
	return nil
}

// readColumns reads feature_infos, and the trees' categorical splits.
func (p *parser) readColumns() ([]column, error) {
	f := &p.forest
	columns := make([]column, len(f.Features))
	v := p.head["feature_infos"]
	err := words(v.text, func(i int, info string) error {
		c, ok := readColumn(info)
		if !ok {
			return p.corrupt(v, "entry %d is %s; none, [min:max] or a:b:c are possible", i, quote(info))
		}
		columns[i] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range f.Nodes {
		// A model can be continued with other categorical features: then feature_infos is about the last ones.
		if n := &f.Nodes[i]; n.Op == forest.InSet && columns[n.Feature].kind != categorical {
			columns[n.Feature] = column{kind: categorical, max: -1}
		}
	}
	return columns, nil
}

func readColumn(info string) (column, bool) {
	if info == "none" {
		return column{kind: constantUnknown}, true
	}
	if strings.HasPrefix(info, "[") {
		low, high, ok := strings.Cut(strings.TrimSuffix(info[1:], "]"), ":")
		lo, okLo := parseFloat(low)
		hi, okHi := parseFloat(high)
		return column{kind: numeric, min: lo, max: hi}, ok && okLo && okHi && strings.HasSuffix(info, "]")
	}
	c := column{kind: categorical, max: -1}
	for more := true; more; {
		var code string
		code, info, more = strings.Cut(info, ":")
		x, ok := parseInt(code)
		if !ok {
			return c, false
		}
		c.negative = c.negative || x < -1
		c.max = max(c.max, float64(x))
	}
	return c, true
}

// declareConstants tells from categorical_feature of the parameters which constant columns were declared. It tells nothing
// where that cannot be trusted: the parameter can hold names, which the Python package ignores, and be older than the data.
func (p *parser) declareConstants(columns []column) {
	v := p.tail.categorical
	if v.line == 0 {
		return
	}
	declared := make([]bool, len(columns))
	for more := v.text != ""; more; {
		var word string
		word, v.text, more = strings.Cut(v.text, ",")
		i, err := strconv.Atoi(word)
		if err != nil || i < 0 || i >= len(columns) {
			return
		}
		declared[i] = true
	}
	for i, c := range columns {
		if c.kind != constantUnknown && declared[i] != c.declared() {
			return
		}
	}
	for i := range columns {
		switch c := &columns[i]; {
		case c.kind != constantUnknown:
		case declared[i]:
			c.kind = constantCategorical
		default:
			c.kind = constant
		}
	}
}

// undecided refuses lists that could belong to different features, or to none: it names the first such list.
func (p *parser) undecided(v field, columns []column, lists []*forest.Categories) error {
	const most = 8
	for i, l := range lists {
		var names []string
		for j, c := range columns {
			if !c.holds(l.Len()) {
				continue
			}
			if len(names) == most {
				names = append(names, "...")
				break
			}
			names = append(names, quote(p.forest.Features[j].Name))
		}
		if len(names) == 1 {
			continue
		}
		if len(names) == 0 {
			return p.unsupported(v, retrain, "list %d of %d (%s) fits no feature", i+1, len(lists), describe(l))
		}
		return p.unsupported(v, retrain, "the file does not say which feature list %d of %d (%s) belongs to: it could be %s",
			i+1, len(lists), describe(l), strings.Join(names, ", "))
	}
	return p.unsupported(v, retrain, "the file does not say which features the %d lists belong to", len(lists))
}

const retrain = "train again with codes (df[c].cat.codes) and categorical_feature= in place of columns of dtype category"

// describe shows the start of a list.
func describe(l *forest.Categories) string {
	if len(l.Text) > 0 {
		return fmt.Sprintf("%d texts from %s", l.Len(), quote(l.Text[0]))
	}
	if len(l.Number) > 0 {
		return fmt.Sprintf("%d numbers from %v", l.Len(), l.Number[0])
	}
	return fmt.Sprintf("%d categories", l.Len())
}
