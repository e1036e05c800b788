package sklearn

import (
	"math"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/internal/skops"
	"github.com/glulam/glulam/model/prep"
)

// imputer is SimpleImputer.
func (g *pyGraph) imputer(t skops.Node, columns []pyColumn) []pyColumn {
	statistics := values(t.Attr("statistics_"))
	absent := t.Attr("missing_values").Value()
	if len(statistics) != len(columns) {
		t.Corrupt("%d statistics_ for %d columns", len(statistics), len(columns))
	}
	fit := t.Attr("_fit_dtype").DType()
	keepAll := t.Attr("keep_empty_features").Bool()
	if g.m.file.Err() != nil {
		return nil
	}
	isText := func(v any) bool { _, ok := v.(string); return ok }
	texts := slices.ContainsFunc(statistics, isText)
	if !texts && g.m.minor <= 7 && t.Attr("strategy").Text() == "constant" {
		keepAll = true
	}
	im := &imputing{t, absent, check{"SimpleImputer", !isNaN(absent), fit != "O"}}
	var out, dropped []pyColumn
	for i, v := range statistics {
		if isMissing(v) && !keepAll {
			dropped = append(dropped, columns[i])
			continue
		}
		fill := v
		switch {
		case !texts && fit == "f4" && g.m.minor >= 8:
			fill = float64(float32(floatOf(t, v)))
		case !texts && (len(fit) != 2 || !strings.Contains("iuf", fit[:1])):
			t.Unsupported(exportInstead, "SimpleImputer fitted to numbers of numpy type %s", fault.Quote(fit))
			return nil
		case texts && !isText(v):
			t.Unsupported(exportInstead, "SimpleImputer with both texts and numbers in statistics_")
			return nil
		}
		out = append(out, g.impute(im, columns[i], fill))
	}
	for _, c := range dropped { // what it refuses, it refuses there, too
		text := texts && c.at < 0 && !g.numeric[c.source]
		if !text || isText(absent) {
			g.taken(im, c, text)
		}
	}
	if at := t.Maybe("indicator_"); !at.IsNone() {
		out = append(out, g.indicator(at, columns)...)
	}
	return out
}

// imputing is a SimpleImputer at work.
type imputing struct {
	t      skops.Node
	absent any // what stands for a missing value
	check  check
}

// taken is a column of texts or of numbers as SimpleImputer takes it.
func (g *pyGraph) taken(im *imputing, c pyColumn, text bool) pyColumn {
	if !text {
		return pyColumn{at: g.checked(im.t, g.number(im.t, c), im.check)}
	}
	if mark, ok := im.absent.(string); ok {
		g.text(im.t, c, []string{mark})
		g.checkedText(im.t, c, "SimpleImputer")
	} else {
		g.text(im.t, c, nil)
	}
	return c
}

func (g *pyGraph) impute(im *imputing, c pyColumn, fill any) pyColumn {
	t := im.t
	mark, marked := im.absent.(string)
	text, isText := fill.(string)
	switch {
	case marked && !isText:
		t.Unsupported("give missing_values a number", "SimpleImputer: the text %s stands for what is missing in a column of numbers", fault.Quote(mark))
	case isText && !marked && !isMissing(im.absent):
		t.Unsupported("give missing_values a text", "SimpleImputer of texts with the number %s for missing ones", pythonText(im.absent))
	}
	column := g.taken(im, c, isText)
	if isText {
		return pyColumn{at: -1, source: c.source, says: func(v pyText) pyText {
			if v = c.say(v); v.missing && !marked || marked && !v.missing && v.text == mark {
				return pyText{text: text}
			}
			return v
		}}
	}
	if isMissing(im.absent) {
		return pyColumn{at: g.step(t, prep.Step{Op: prep.FillNaN, From: column.at, A: floatOf(t, fill)})}
	}
	return pyColumn{at: g.step(t, prep.Step{Op: prep.Replace, From: column.at, A: floatOf(t, im.absent), B: floatOf(t, fill)})}
}

// missingIndicator is a MissingIndicator by itself, which looks at what comes in; that of an imputer does not.
func (g *pyGraph) missingIndicator(t skops.Node, columns []pyColumn) []pyColumn {
	absent := t.Attr("missing_values").Value()
	mark, marked := absent.(string)
	isText := make([]bool, len(columns))
	some := false
	for i, c := range columns {
		if marked && c.at < 0 && !g.numeric[c.source] {
			g.text(t, c, []string{mark})
		}
		isText[i] = c.at < 0 && g.texts[c.source] != nil
		some = some || isText[i]
	}
	strict := t.Attr("features").Text() == "missing-only" && t.Attr("error_on_new").Bool()
	lacking := map[int]bool{} // in training
	for _, i := range places(t.Attr("features_"), len(columns)) {
		lacking[i] = true
	}
	if !some && (marked || absent == nil) {
		t.Unsupported("give missing_values a number", "MissingIndicator: no number stands for what is missing in columns of numbers")
	}
	taken := slices.Clone(columns)
	for i, c := range columns {
		anew := strict && !lacking[i] // an error if it lacks something now
		missing := !isNaN(absent) || anew
		switch {
		case !isText[i]:
			c = pyColumn{at: g.checked(t, g.number(t, c), check{"MissingIndicator", missing, !some})}
			taken[i] = c
		case missing:
			g.checkedText(t, c, "MissingIndicator")
		}
		if isMissing(absent) || !anew {
			continue
		}
		const refuse = "a missing value, which MissingIndicator does not take here"
		if isText[i] {
			g.lookup(t, c, table{texts: []string{mark}, values: []float64{math.NaN()}, unknown: maybe{0, true}, absent: maybe{0, true}}, "")
			g.steps[len(g.steps)-1].Refuse = refuse
		} else {
			g.step(t, prep.Step{Op: prep.Lookup, From: c.at, Keys: []float64{floatOf(t, absent)}, Table: []float64{math.NaN()}, Refuse: refuse})
		}
	}
	if sparse := t.Attr("sparse"); !sparse.IsText() && sparse.Bool() {
		g.sparse = true
	}
	return g.indicator(t, taken)
}

func (g *pyGraph) indicator(t skops.Node, columns []pyColumn) []pyColumn {
	absent := t.Attr("missing_values").Value()
	var out []pyColumn
	for _, i := range places(t.Attr("features_"), len(columns)) {
		c := columns[i]
		var at int32
		switch mark, ok := absent.(string); {
		case c.at < 0 && g.texts[c.source] != nil && ok:
			at = g.lookup(t, c, table{texts: []string{mark}, values: []float64{1}, unknown: maybe{0, true}, absent: maybe{0, true}}, "")
		case c.at < 0 && g.texts[c.source] != nil:
			at = g.lookup(t, c, table{unknown: maybe{0, true}, absent: maybe{1, true}}, "")
		case isMissing(absent):
			at = g.step(t, prep.Step{Op: prep.IsNaN, From: g.number(t, c)})
		default:
			at = g.step(t, prep.Step{Op: prep.Equals, From: g.number(t, c), A: floatOf(t, absent)})
		}
		out = append(out, pyColumn{at: at})
	}
	return out
}
