package lightgbm

import (
	"bytes"
	"errors"
	"math"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/jsonread"
)

// DetectDump says whether data looks like the JSON of Booster.dump_model: an object that starts with the name "tree", or,
// with sorted keys, with average_output. The first few bytes of a file are enough.
func DetectDump(data []byte) bool {
	key, text := jsonread.FirstKey(data)
	return key == "name" && text == firstLine || key == "average_output"
}

// ParseDump reads the JSON of Booster.dump_model, as Python's json.dump writes it. It has the numbers of the text, to the last
// bit, and this function puts them into the words of the text, so that the forest is [Parse]'s, with these exceptions:
//
//   - A dump has no parameters. The forest's Booster is "rf" or not known; and which of the columns that no tree uses are
//     categorical is not known, so that lists of categories may be refused as ambiguous where those of the text are not.
//   - Thresholds from 1e300 on are infinite, which a dump cannot say otherwise.
//   - A dump that was made of some of the rounds (num_iteration, start_iteration) is a model of these rounds.
//   - Dumps of version v2 do not say the objective: the forest has margins, but a link that is not known.
//
// A dump that was cut off is no JSON. Errors are as for Parse; their Field is a path into the JSON, or the key that the
// text has for it.
func ParseDump(data []byte, source string) (*forest.Forest, error) {
	p := &parser{source: source, tree: outside, head: block{}}
	err := p.parseDump(data)
	if err == nil {
		f := p.forest
		return &f, nil
	}
	var e *fault.Error
	if errors.As(err, &e) {
		e.Source, e.Line = source, 0
	}
	return nil, err
}

// dumpTop is what a dump's top level has beyond the fields of the text's header.
type dumpTop struct {
	names        []string
	infos, trees []byte
	hasObjective bool
	pandas       []byte
	averaged     bool
}

func (p *parser) parseDump(data []byte) error {
	if len(data) > math.MaxInt32 {
		return p.refuse(fault.TooLarge, field{}, "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32).WithHint(smaller)
	}
	d := &dumpTop{}
	r := jsonread.New(data, "", damaged)
	err := r.Object(func(key string) error { return p.readTop(r, d, key) })
	if err == nil {
		err = r.End()
	}
	if err != nil {
		return err
	}
	if err := p.dumpHeader(d); err != nil {
		return err
	}
	budget := &wordBudget{left: maxDumpWords + len(data)}
	r = jsonread.New(d.trees, "tree_info", damaged)
	if err := r.Array(func(i int) error { return p.readDumpTree(r, i, budget) }); err != nil {
		return err
	}
	if d.pandas != nil {
		compact := jsontext.Value(bytes.Clone(d.pandas))
		if err := compact.Compact(); err != nil {
			return p.corrupt(field{key: pandasKey}, "%v", err)
		}
		p.tail.pandas = field{pandasKey, string(compact), 1}
	}
	if err := p.finishForest(); err != nil {
		return err
	}
	if err := p.finishFeatures(); err != nil {
		return err
	}
	return p.validate()
}

// readTop reads a member of the top level.
func (p *parser) readTop(r *jsonread.Reader, d *dumpTop, key string) (err error) {
	switch key {
	case "version", "objective":
		text, err := r.Text()
		p.head[key] = field{key: key, text: text}
		d.hasObjective = d.hasObjective || key == "objective"
		return err
	case "num_class", "num_tree_per_iteration", "max_feature_idx":
		literal, err := r.Literal()
		p.head[key] = field{key: key, text: string(literal)}
		return err
	case "average_output":
		d.averaged, err = r.Bool()
	case "feature_names":
		return r.Array(func(int) error {
			name, err := r.Text()
			d.names = append(d.names, name)
			return err
		})
	case "feature_infos":
		d.infos, err = r.Value()
	case "tree_info":
		d.trees, err = r.Value()
	case pandasKey:
		d.pandas, err = r.Value()
	case "name":
		name, err := r.Text()
		if err == nil && name != firstLine {
			return r.Corrupt("%s is not %q, as in every dump", quote(name), firstLine)
		}
		return err
	case "label_index", "monotone_constraints", "feature_importances":
		_, err = r.Value()
	default:
		return p.unsupported(field{key: r.Place()}, "an unknown key may change what the model predicts; tell us which program wrote the file",
			"unknown key %s", quote(key))
	}
	return err
}

// dumpHeader does with a dump what readHeader does with a text.
func (p *parser) dumpHeader(d *dumpTop) error {
	if d.trees == nil || d.infos == nil && p.head["version"].text != "v2" {
		return p.corrupt(field{key: "tree_info"}, "tree_info or feature_infos is missing")
	}
	if err := p.readVersion(); err != nil {
		return err
	}
	f := &p.forest
	f.Format, f.LeafWidth, f.ZeroBand = "lightgbm", 1, forest.ZeroThreshold
	if err := p.readOutputs(); err != nil {
		return err
	}
	if err := p.readObjective(); err != nil {
		return err
	}
	if f.Version == "v2" && !d.hasObjective {
		f.Link.Kind = forest.LinkUnknown
	}
	if d.averaged {
		p.head["average_output"] = field{key: "average_output"}
	}
	if err := p.readAverage(); err != nil {
		return err
	}
	infos, err := p.dumpInfos(d)
	if err != nil {
		return err
	}
	for _, name := range d.names {
		if name == "" || strings.Contains(name, " ") {
			return p.corrupt(field{key: "feature_names"}, "the name %s is empty or has a blank, which LightGBM does not allow", quote(name))
		}
	}
	p.head["feature_names"] = field{key: "feature_names", text: strings.Join(d.names, " ")}
	p.head["feature_infos"] = field{key: "feature_infos", text: infos}
	return p.readFeatures()
}

// dumpInfos gives feature_infos as the text has them: [min:max] for a column of numbers, the codes for one of categories.
// Columns that no tree could use are not in the dump.
func (p *parser) dumpInfos(d *dumpTop) (string, error) {
	known := make(map[string]string, len(d.names))
	if d.infos != nil {
		r := jsonread.New(d.infos, "feature_infos", damaged)
		err := r.Object(func(name string) (err error) {
			known[name], err = p.dumpInfo(r)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, name := range d.names {
		info, ok := known[name]
		if !ok {
			info = "none"
		}
		delete(known, name)
		b.WriteString(info)
		b.WriteByte(' ')
	}
	for name := range known {
		return "", p.corrupt(field{key: "feature_infos"}, "there is no feature %s", quote(name))
	}
	return b.String(), nil
}

func (p *parser) dumpInfo(r *jsonread.Reader) (string, error) {
	var low, high []byte
	var codes []byte
	err := r.Object(func(key string) (err error) {
		switch key {
		case "min_value":
			low, err = r.Literal()
		case "max_value":
			high, err = r.Literal()
		case "values":
			err = r.Array(func(i int) error {
				code, err := r.Literal()
				if i > 0 {
					codes = append(codes, ':')
				}
				codes = append(codes, code...)
				return err
			})
		default:
			return p.unsupported(field{key: r.Place()}, "use a newer glulam", "unknown key %s", quote(key))
		}
		return err
	})
	switch {
	case err != nil:
		return "", err
	case len(codes) > 0:
		return string(codes), nil
	case low == nil || high == nil:
		return "", r.Corrupt("has no min_value and max_value")
	}
	return "[" + string(low) + ":" + string(high) + "]", nil
}
