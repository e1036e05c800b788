package lightgbm

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/glulam/glulam/model/forest"
)

var headerKeys = set("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective",
	"average_output", "feature_names", "monotone_constraints", "feature_infos", "tree_sizes")

// readHeader reads up to the first tree and sets what the forest has from there: everything but trees and categories.
func (p *parser) readHeader() error {
	p.lines.next()
	if p.lines.text != firstLine || p.lines.done {
		return p.notAModel()
	}
	p.head = block{}
	for p.lines.next(); !p.atTrees() && !p.lines.done; p.lines.next() {
		if p.lines.text == "" {
			continue
		}
		if err := p.add(p.head, headerKeys); err != nil {
			return err
		}
	}
	if p.lines.done {
		return p.cutOff(field{line: p.lines.no})
	}
	if err := p.readVersion(); err != nil {
		return err
	}
	f := &p.forest
	f.Format = "lightgbm"
	f.LeafWidth = 1
	f.ZeroBand = forest.ZeroThreshold
	if err := p.readOutputs(); err != nil {
		return err
	}
	if err := p.readObjective(); err != nil {
		return err
	}
	if err := p.readAverage(); err != nil {
		return err
	}
	return p.readFeatures()
}

// atTrees says whether the current line is the end of the header.
func (p *parser) atTrees() bool {
	return strings.HasPrefix(p.lines.text, treePrefix) || p.lines.text == endOfTrees || p.lines.text == oldImportances
}

func (p *parser) notAModel() error {
	at := field{line: 1}
	switch text := p.lines.text; {
	case strings.HasPrefix(text, "{"):
		return p.unsupported(at, "save the model with save_model, not with dump_model", "the file is JSON, not a LightGBM text model")
	case strings.HasPrefix(text, "\x80"):
		return p.unsupported(at, "save the model with booster_.save_model, not with pickle or joblib", "the file is a Python pickle, not a LightGBM text model")
	}
	return p.corrupt(at, "the first line is not %q, as in every LightGBM text model", firstLine)
}

func (p *parser) readVersion() error {
	v, ok := p.head["version"]
	if !ok {
		v = field{key: "version", line: 1}
	}
	switch v.text {
	case "v2", "v3", "v4":
		p.forest.Version = strings.Clone(v.text)
		return nil
	case "":
		return p.unsupported(v, "load the model with LightGBM 2.2 or later and save it again", "the file has no version, as those of LightGBM before 2.1")
	}
	return p.unsupported(v, "save the model with a LightGBM release that writes v4, or use a newer glulam", "unknown version %s; v2, v3 and v4 are known", quote(v.text))
}

func (p *parser) readOutputs() error {
	v, err := p.need(p.head, "num_class", 1)
	if err != nil {
		return err
	}
	classes, err := p.integer(v, 1, forest.MaxOutputs)
	if err != nil {
		return err
	}
	p.forest.Outputs = classes
	if v, ok := p.head["num_tree_per_iteration"]; ok {
		trees, err := p.integer(v, 1, forest.MaxOutputs)
		if err != nil {
			return err
		}
		if trees != classes {
			return p.unsupported(v, "tell us which program wrote the file", "%d trees a round for num_class=%d; LightGBM writes the same number", trees, classes)
		}
	}
	return nil
}

func (p *parser) readAverage() error {
	v, ok := p.head["average_output"]
	if !ok {
		return nil
	}
	f := &p.forest
	if f.Version == "v2" && f.Link.Kind != forest.Identity {
		// Up to 2.2.2 the leaves of an rf held predictions and nothing was transformed; from 2.2.3 on they hold margins.
		return p.unsupported(v, "load the model with LightGBM 3 or later, check its predictions, and save it again",
			"a random forest of version v2 with a transform: LightGBM 2.2.2 and 2.2.3 disagree about its predictions")
	}
	f.Average = forest.AveragePrediction
	return nil
}

func (p *parser) readFeatures() error {
	v, err := p.need(p.head, "max_feature_idx", 1)
	if err != nil {
		return err
	}
	last, err := p.integer(v, 0, math.MaxInt32)
	if err != nil {
		return err
	}
	names, err := p.need(p.head, "feature_names", 1)
	if err != nil {
		return err
	}
	infos, err := p.need(p.head, "feature_infos", 1)
	if err != nil {
		return err
	}
	for _, v := range []field{names, infos, p.head["monotone_constraints"]} {
		if n := countWords(v.text); v.key != "" && n != last+1 {
			return p.corrupt(v, "has %d entries for the %d features that max_feature_idx=%d makes", n, last+1, last)
		}
	}
	p.forest.Features = make([]forest.Feature, last+1)
	seen := make(map[string]bool, last+1)
	return words(names.text, func(i int, name string) error {
		if !utf8.ValidString(name) {
			return p.corrupt(names, "the name of feature %d, %s, is not UTF-8", i, quote(name))
		}
		if seen[name] {
			return p.unsupported(names, "rename the columns and train again", "two features are named %s, but columns are found by name", quote(name))
		}
		seen[name] = true
		p.forest.Features[i].Name = strings.Clone(name)
		return nil
	})
}
