package xgboost

import "strconv"

// labels gives the classes' labels of what xgboost.sklearn's save_model attached to a model, as Python prints them; nil if
// it has none that can be read. XGBoost 1.0 to 1.5 kept labels of any kind there, in classes_ and in the label encoder _le
// (and 1.6 and 1.7 the numbers 0, 1, ..., which say nothing); later ones know numbers only. What is attached changes no
// prediction, so that nothing is refused for it.
func labels(attached string) []string {
	r := &jsonReader{data: []byte(attached)}
	var all, encoded []string
	err := r.object(func(key []byte) (err error) {
		switch string(key) {
		case "classes_":
			all, err = r.labels()
		case "_le":
			err = r.object(func(key []byte) (err error) {
				if string(key) != "classes_" {
					return r.skip()
				}
				encoded, err = r.labels()
				return err
			})
		default:
			err = r.skip()
		}
		return err
	})
	if err != nil || r.end() != nil {
		return nil
	}
	if encoded != nil {
		return encoded // what the classifier's predict gives
	}
	return all
}

// labels reads an array of strings, numbers and truth values.
func (r *jsonReader) labels() ([]string, error) {
	var all []string
	err := r.array(func(int) error {
		if r.space() == '"' {
			s, err := r.text()
			all = append(all, s)
			return err
		}
		from := r.at
		if err := r.skip(); err != nil {
			return err
		}
		s := string(r.data[from:r.at])
		switch s {
		case "true":
			s = "True"
		case "false":
			s = "False"
		}
		if s[0] == '[' || s[0] == '{' {
			return bad(from, "a label that is a list or an object")
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

// finishLabels sets Classes, unless the labels are the classes' numbers, or not as many as there are classes.
func (p *parser) finishLabels() {
	f, l := &p.forest, p.learner.labels
	if !f.HasClass() || len(l) != max(2, f.Outputs) {
		return
	}
	seen, numbers := map[string]bool{}, true
	for i, label := range l {
		v, err := strconv.ParseFloat(label, 64)
		numbers = numbers && err == nil && v == float64(i)
		seen[label] = true
	}
	if !numbers && len(seen) == len(l) {
		f.Classes = l
	}
}
