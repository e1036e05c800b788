package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
)

// flavor says where a flavor of MLflow keeps its model file.
type flavor struct {
	key     string // of the flavor that names the file
	version string // key with the library's version
	class   string // key with the class of the model that was saved
	save    string // how to save what is refused
}

// flavors are those that are read.
var flavors = map[string]flavor{
	"lightgbm": {"data", "lgb_version", "model_class", "mlflow.lightgbm.save_model(classifier.booster_, ...) saves the trees as text"},
	"xgboost":  {"data", "xgb_version", "model_class", "mlflow.xgboost.save_model(..., model_format=\"ubj\")"},
	"catboost": {"data", "catboost_version", "model_type", "mlflow.catboost.save_model(..., format=\"cbm\")"},
	"onnx":     {"data", "onnx_version", "", "mlflow.onnx.save_model(onnx_model, ...)"},
}

// refused are flavors that are not read, with what to do.
var refused = map[string]string{
	"sklearn": "`glulam export-sklearn` writes a Python file that exports the model as JSON",
	"spark":   "export the model to ONNX",
	"h2o":     "export the model to ONNX",
}

// mlmodel reads MLmodel and the files that it names.
func (r *reader) mlmodel() error {
	b := r.b
	data, err := r.file(MLmodelName, "the description of the model", maxYAML)
	if err != nil {
		return err
	}
	top, err := parseYAML(b.manifestLabel(), data)
	if err != nil {
		return err
	}
	entries, err := top.entries()
	if err != nil {
		return err
	}
	if err := r.flavor(top, entries["flavors"]); err != nil {
		return err
	}
	b.places["signature"] = entries["signature"]
	if b.Signature, err = readSignature(entries["signature"]); err != nil {
		return err
	}
	for _, key := range []string{"run_id", "model_uuid", "utc_time_created", "mlflow_version"} {
		if n := entries[key]; !n.empty() {
			text, err := n.text()
			if err != nil {
				return err
			}
			b.Provenance = append(b.Provenance, Note{key, text})
		}
	}
	if b.Library != "" {
		b.Provenance = append(b.Provenance, Note{"library", b.Flavor + " " + b.Library})
	}
	return r.example(entries["saved_input_example_info"])
}

// entries gives the values of a map by key.
func (n node) entries() (map[string]node, error) {
	pairs, err := n.pairs()
	if err != nil {
		return nil, err
	}
	out := make(map[string]node, len(pairs))
	for _, p := range pairs {
		out[p.name] = p.value
	}
	return out, nil
}

// flavor finds the one flavor that is read, and its model file.
func (r *reader) flavor(top, n node) error {
	if n.empty() {
		return top.fault(fault.Corrupt, "the key flavors is missing: this is no MLmodel file")
	}
	all, err := n.entries()
	if err != nil {
		return err
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, ok := flavors[name]; ok {
			found = append(found, name)
		}
	}
	switch {
	case len(found) == 0:
		return refuseFlavors(n, all)
	case len(found) > 1:
		return n.fault(fault.Unsupported, "the model has the flavors %s: which is to be read?", strings.Join(found, " and ")).
			WithHint("give the model file itself, or put a %s beside MLmodel that names it", ManifestName)
	}
	name := found[0]
	f := flavors[name]
	keys, err := all[name].entries()
	if err != nil {
		return err
	}
	file := keys[f.key]
	if file.empty() {
		return all[name].fault(fault.Unsupported, "the flavor does not name its model file: %s is missing", f.key).WithHint("%s", f.save)
	}
	if text, _ := file.text(); strings.HasSuffix(text, ".pkl") || strings.HasSuffix(text, ".skops") || strings.HasSuffix(text, ".pickle") {
		return file.fault(fault.Unsupported, "the model is the pickle %s, which glulam never opens", fault.Quote(text)).WithHint("%s", f.save)
	}
	r.b.Flavor = name
	if r.b.Library, err = keys[f.version].optional(); err != nil {
		return err
	}
	class, err := keys[f.class].optional()
	if err != nil {
		return err
	}
	// XGBClassifier and its siblings predict with the best rounds, Booster.predict with all.
	r.b.PreferBest = name == "xgboost" && strings.HasPrefix(class, "xgboost.sklearn.")
	r.b.ModelFile, r.b.Model, err = r.named(file, "the model file", MaxModel)
	return err
}

// optional is text, or "" for a value that is not there.
func (n node) optional() (string, error) {
	if n.empty() {
		return "", nil
	}
	return n.text()
}

// refuseFlavors says why none of the flavors can be read.
func refuseFlavors(n node, all map[string]node) error {
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names {
		if hint, ok := refused[name]; ok {
			return n.fault(fault.Unsupported, "the flavor %s is not read", name).WithHint("%s", hint)
		}
	}
	known := strings.Join(slices.Sorted(maps.Keys(flavors)), ", ")
	if len(names) == 1 && names[0] == "python_function" {
		loader := ""
		if keys, err := all[names[0]].entries(); err == nil {
			if text, err := keys["loader_module"].optional(); err == nil && text != "" {
				loader = fmt.Sprintf(" (loader_module %s)", fault.Quote(text))
			}
		}
		return n.fault(fault.Unsupported, "the only flavor is python_function%s: only Python can run it", loader).
			WithHint("save the model inside with its own flavor: one of %s", known)
	}
	return n.fault(fault.Unsupported, "none of the flavors %s is read", said(strings.Join(names, ", "))).WithHint("flavors that are read are %s", known)
}
