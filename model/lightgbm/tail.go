package lightgbm

import (
	"strings"

	"github.com/glulam/glulam/fault"
)

// tail is what is read after the trees.
type tail struct {
	boosting    string // [boosting: ...] of the parameters
	categorical field  // [categorical_feature: ...] of the parameters
	pandas      field  // pandas_categorical:

	optional bool // LightGBM 2.1: there need not be parameters
}

// readTail reads the sections after the trees: importances, parameters, the text parser's configuration, and the lists of
// the Python package, of which it takes what tail holds.
func (p *parser) readTail() error {
	seen := map[string]int64{}
	complete := p.tail.optional
	for ; !p.lines.done; p.lines.next() {
		at := field{line: p.lines.no}
		section, rest, _ := strings.Cut(p.lines.text, ":")
		switch {
		case p.lines.text == "":
			continue
		case p.tail.pandas.line > 0:
			return p.corrupt(at, "%s after pandas_categorical, which ends a file", quote(p.lines.text))
		case !p.lines.ended && section != pandasKey:
			return p.cutOff(at)
		}
		if first, twice := seen[section]; twice {
			return p.corrupt(at, "%s is there for the second time, after line %d", quote(p.lines.text), first)
		}
		seen[section] = at.line
		var err error
		switch {
		case section == pandasKey:
			p.tail.pandas = field{pandasKey, rest, at.line}
			complete = true
		case p.lines.text == "feature_importances:" || p.lines.text == oldImportances:
			err = p.skipImportances()
		case p.lines.text == "parameters:":
			err = p.readSection("end of parameters", p.readParameter)
			complete = true
		case p.lines.text == "parser:":
			err = p.readSection("end of parser", func(string) {})
			complete = true
		default:
			err = p.unsupported(at, "tell us which program wrote the file", "unknown section %s", quote(p.lines.text))
		}
		if err != nil {
			return err
		}
	}
	if !complete {
		return p.refuse(fault.Corrupt, field{line: p.lines.no}, "the file ends before its parameters").
			WithHint("it was cut off: copy it again, or, if you know that it is complete, end it with the line %s:null", pandasKey)
	}
	return nil
}

const pandasKey = "pandas_categorical"

// skipImportances goes to the empty line after the importances, or to the end.
func (p *parser) skipImportances() error {
	for ; p.lines.text != ""; p.lines.next() {
		if !p.lines.ended {
			return p.cutOff(field{line: p.lines.no})
		}
	}
	return nil
}

// readSection hands the lines of a section to do; the line end closes it.
func (p *parser) readSection(end string, do func(line string)) error {
	for p.lines.next(); p.lines.text != end; p.lines.next() {
		if p.lines.done {
			return p.cutOff(field{line: p.lines.no})
		}
		do(p.lines.text)
	}
	return nil
}

// readParameter reads "[name: value]".
func (p *parser) readParameter(line string) {
	name, value, ok := strings.Cut(line, ": ")
	if !ok {
		return
	}
	value = strings.TrimSuffix(value, "]")
	switch {
	case name == "[boosting" && p.tail.boosting == "":
		p.tail.boosting = strings.Clone(value)
	case name == "[categorical_feature" && p.tail.categorical.line == 0:
		p.tail.categorical = field{"categorical_feature", value, p.lines.no}
	}
}
