package xgboost

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// columnCategories are the values behind the codes of a column: texts or numbers; neither if it is not categorical.
type columnCategories struct {
	texts   []string
	numbers []int64
}

var (
	categoriesKeys = []string{"enc", "feature_segments", "sorted_idx"}
	columnKeys     = []string{"offsets", "type", "values"}
)

// readCategories reads cats: since 3.1 a model trained on a data frame knows the categories of its columns. feature_segments
// and sorted_idx are an index of them.
func (p *parser) readCategories() error {
	_, err := p.object(categoriesKeys, func(k int) (err error) {
		if k == 0 {
			return p.array(p.readColumn)
		}
		_, err = p.in.count()
		return err
	})
	return err
}

func (p *parser) readColumn(int) error {
	var offsets []int32
	var values []int64
	kind := int64(0)
	seen, err := p.object(columnKeys, func(k int) (err error) {
		switch k {
		case 0:
			offsets, err = p.in.ints(nil)
		case 1:
			kind, err = p.in.integer()
		case 2:
			values, err = p.in.longs(nil)
		}
		return err
	})
	if err == nil {
		err = need(columnKeys, seen, 2)
	}
	if err != nil {
		return err
	}
	var c columnCategories
	switch {
	case seen&1 == 1:
		c.texts, err = categoryTexts(offsets, values)
	case seen&2 == 0:
		err = corrupt("categories that are neither texts nor of a type")
	default:
		c.numbers, err = categoryNumbers(kind, values)
	}
	p.categories = append(p.categories, c)
	return err
}

// categoryTexts cuts the bytes of all texts at the offsets. XGBoost writes them as signed bytes.
func categoryTexts(offsets []int32, values []int64) ([]string, error) {
	b := make([]byte, len(values))
	for i, v := range values {
		if v < math.MinInt8 || v > math.MaxUint8 {
			return nil, corrupt("%d is no byte of a text", v)
		}
		b[i] = byte(v)
	}
	if len(offsets) == 0 && len(b) == 0 {
		return nil, nil
	}
	if len(offsets) == 0 || offsets[0] != 0 || !slices.IsSorted(offsets) || int(offsets[len(offsets)-1]) != len(b) {
		return nil, corrupt("the offsets of texts do not go up from 0 to %d", len(b))
	}
	var texts []string
	for i := range len(offsets) - 1 {
		s := string(b[offsets[i]:offsets[i+1]])
		if !utf8.ValidString(s) {
			return nil, corrupt("category %s is not UTF-8", quote(s))
		}
		texts = append(texts, s)
	}
	return texts, unique(texts)
}

// categoryNumbers makes numbers of a type (xgboost/json.h's ValueKind) of what may have been written with a sign: UBJSON has
// no unsigned arrays but those of bytes.
func categoryNumbers(kind int64, values []int64) ([]int64, error) {
	bits, ok := map[int64]int64{9: 0, 10: 8, 11: 0, 12: 16, 13: 0, 14: 32, 15: 0, 16: 0}[kind]
	if !ok {
		return nil, unsupported("use a newer glulam", "categories of unknown type %d", kind)
	}
	for i, v := range values {
		if v < 0 && bits > 0 {
			values[i] = v + 1<<bits
		}
		if v := values[i]; v > 1<<53 || v < -1<<53 {
			return nil, unsupported("use smaller numbers as categories", "category %d is not exact as a float64", v)
		}
	}
	return values, unique(values)
}

func unique[T comparable](values []T) error {
	seen := make(map[T]bool, len(values))
	for _, v := range values {
		if seen[v] {
			return corrupt("category %s is there twice", quote(fmt.Sprint(v)))
		}
		seen[v] = true
	}
	return nil
}

// unseen is why a row is refused that has a category which the model does not know; XGBoost raises an error.
const unseen = "the category is not one of those that the model was trained on"

// finishCategories makes the graph that turns categories into codes, if the model knows any, and marks the features whose
// codes mean something that is not in the file.
func (p *parser) finishCategories() error {
	f := &p.forest
	g := &prep.Graph{Inputs: make([]prep.Input, len(f.Features)), Features: make([]int32, len(f.Features))}
	if n := len(p.categories); n != 0 && n != len(f.Features) {
		return p.at("cats", 0, func() error { return corrupt("categories of %d columns for %d features", n, len(f.Features)) })
	}
	for i := range g.Inputs {
		g.Inputs[i].Name, g.Features[i] = f.Features[i].Name, int32(i)
	}
	for i, c := range p.categories {
		feature, step := &f.Features[i], prep.Step{Op: prep.Lookup, From: int32(i), A: math.NaN(), B: math.NaN(), Refuse: unseen, Code: fault.WrongType}
		switch {
		case c.texts != nil:
			feature.Categories = &forest.Categories{Text: c.texts}
			g.Inputs[i].Texts = c.texts
			step.Table = ascending(len(c.texts))
		case len(c.numbers) > 0:
			codes := ascending(len(c.numbers))
			slices.SortFunc(codes, func(a, b float64) int { return cmp.Compare(c.numbers[int(a)], c.numbers[int(b)]) })
			feature.Categories = &forest.Categories{}
			for j, code := range codes {
				step.Keys = append(step.Keys, float64(c.numbers[int(code)]))
				feature.Categories.Number = append(feature.Categories.Number, float64(c.numbers[j]))
			}
			step.Table = codes
		default:
			continue
		}
		feature.Kind = forest.Categorical
		g.Features[i] = int32(len(g.Inputs) + len(g.Steps))
		g.Steps = append(g.Steps, step)
	}
	if len(g.Steps) > 0 {
		p.graph = g
	}
	// Also in files of 3.1 and later: a model of an earlier version may have been saved again.
	for i := range f.Features {
		feature := &f.Features[i]
		feature.Codes = feature.Kind == forest.Categorical && feature.Categories == nil
	}
	return nil
}

func ascending(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i)
	}
	return all
}
