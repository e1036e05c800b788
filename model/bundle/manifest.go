package bundle

import (
	"path"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
)

// schema is the version of the layout of glulam.yaml.
const schema = "1"

// OutputKinds are the values of the key outputs: those of score.Options.
var OutputKinds = []string{"prediction", "margin", "class", "leaf", "model", "origin"}

// keys are those of glulam.yaml.
var keys = []string{"glulam", "name", "version", "model", "features", "trees", "rename", "outputs", "threshold", "calibration", "golden", "provenance"}

// manifest reads glulam.yaml and the files that it names.
func (r *reader) manifest() error {
	label := r.b.manifestLabel()
	data, err := r.file(ManifestName, "the manifest", maxYAML)
	if err != nil {
		return err
	}
	top, err := parseYAML(label, data)
	if err != nil {
		return err
	}
	pairs, err := top.pairs()
	if err != nil {
		return err
	}
	if err := checkSchema(top, pairs); err != nil {
		return err
	}
	for _, p := range pairs {
		r.b.places[p.name] = p.value
		if p.value.empty() {
			return p.at.fault(fault.Corrupt, "has no value").WithHint("leave the key out")
		}
		if err := r.key(p); err != nil {
			return err
		}
	}
	if r.b.ModelFile == "" {
		return top.fault(fault.Corrupt, "the key model is missing: it names the model file")
	}
	return nil
}

// checkSchema looks at the version before anything else: a later version may have other keys.
func checkSchema(top node, pairs []pair) error {
	i := slices.IndexFunc(pairs, func(p pair) bool { return p.name == "glulam" })
	if i < 0 {
		return top.fault(fault.Corrupt, "the key glulam is missing").WithHint("write glulam: %s, the version of this layout", schema)
	}
	if text, err := pairs[i].value.text(); err != nil || text != schema {
		return pairs[i].value.fault(fault.Unsupported, "this version of glulam reads version %s of the layout", schema)
	}
	return nil
}

// key reads one entry.
func (r *reader) key(p pair) (err error) {
	b := r.b
	switch p.name {
	case "glulam":
	case "name":
		b.Name, err = p.value.text()
	case "version":
		b.Version, err = p.value.text()
	case "model":
		b.ModelFile, b.Model, err = r.named(p.value, "the model file", MaxModel)
	case "features":
		b.Features, err = p.value.texts()
	case "trees":
		b.Trees, err = p.value.text()
	case "rename":
		err = r.renames(p.value)
	case "outputs":
		err = r.outputs(p.value)
	case "threshold":
		var t float64
		t, err = p.value.number()
		b.Threshold = &t
	case "calibration":
		b.Calibration, err = readCalibration(p.value)
	case "golden":
		err = r.golden(p.value)
	case "provenance":
		err = r.provenance(p.value)
	default:
		return p.at.fault(fault.Corrupt, "there is no such key").WithHint("keys are %s", strings.Join(keys, ", "))
	}
	return err
}

// named reads the file that a value names.
func (r *reader) named(n node, what string, limit int64) (name string, data []byte, err error) {
	if name, err = n.text(); err != nil {
		return "", nil, err
	}
	if err := checkName(name); err != nil {
		return "", nil, n.fault(fault.Corrupt, "%w", err)
	}
	if name = path.Clean(name); name == ManifestName || name == MLmodelName {
		return "", nil, n.fault(fault.Corrupt, "%s is not %s", name, what)
	}
	data, err = r.file(name, what, limit)
	if fault.CodeOf(err) == fault.NotFound {
		err = n.fault(fault.NotFound, "%s, %s, is not there", what, fault.Quote(name))
	}
	return name, data, err
}

func (r *reader) renames(n node) error {
	pairs, err := n.pairs()
	if err != nil {
		return err
	}
	r.b.Rename = map[string]string{}
	for _, p := range pairs {
		column, err := p.value.text()
		if err != nil {
			return err
		}
		r.b.Rename[p.name] = column
		r.b.places["rename."+p.name] = p.at
	}
	return nil
}

func (r *reader) outputs(n node) error {
	items, err := n.items()
	if err != nil {
		return err
	}
	for _, item := range items {
		text, err := item.text()
		switch {
		case err != nil:
			return err
		case !slices.Contains(OutputKinds, text):
			return item.fault(fault.Corrupt, "%s is none of %s", fault.Quote(text), strings.Join(OutputKinds, ", "))
		case slices.Contains(r.b.Outputs, text):
			return item.fault(fault.Corrupt, "%s stands twice", fault.Quote(text))
		}
		r.b.Outputs = append(r.b.Outputs, text)
	}
	return nil
}

func (r *reader) golden(n node) error {
	pairs, err := n.pairs()
	if err != nil {
		return err
	}
	g := &Golden{}
	for _, p := range pairs {
		switch p.name {
		case "rows":
			g.Rows, err = r.goldenFile(p.value, "the file of golden rows")
		case "expected":
			g.Expected, err = r.goldenFile(p.value, "the file of expected outputs")
		case "ulps":
			var u uint64
			u, err = p.value.count(MaxULPs)
			g.ULPs = &u
		default:
			return p.at.fault(fault.Corrupt, "there is no such key").WithHint("golden has rows, expected and ulps")
		}
		if err != nil {
			return err
		}
	}
	if g.Rows.Name == "" || g.Expected.Name == "" || g.Rows.Name == g.Expected.Name {
		return n.fault(fault.Corrupt, "golden needs two files: rows, and expected with what the training library gave for them")
	}
	r.b.Golden = g
	return nil
}

// goldenFile reads a file of golden rows or outputs.
func (r *reader) goldenFile(n node, what string) (f File, err error) {
	f.Name, f.Data, err = r.named(n, what, MaxGolden)
	if err == nil && !GoldenName(f.Name) {
		err = n.fault(fault.Unsupported, "%s: golden files are .csv, .tsv or .jsonl, not compressed", fault.Quote(f.Name))
	}
	return f, err
}

// GoldenName says whether a golden file may be called so.
func GoldenName(name string) bool {
	return slices.Contains([]string{".csv", ".tsv", ".jsonl", ".ndjson"}, strings.ToLower(path.Ext(name)))
}

func (r *reader) provenance(n node) error {
	pairs, err := n.pairs()
	if err != nil {
		return err
	}
	for _, p := range pairs {
		text, err := p.value.text()
		if err != nil {
			return err
		}
		r.b.Provenance = append(r.b.Provenance, Note{p.name, text})
	}
	return nil
}
