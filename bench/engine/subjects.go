package main

import "fmt"

// subject is a model and the rows that it is measured on.
type subject struct {
	name  string // "numeric-500x63"
	about string
	rows  string   // the table of rows
	file  string   // what glulam reads, in the folder of models
	train []string // what bench/train.py is to make
	peers []library
	notes []string // who is left out, and why
	large bool     // glulam's engine leaves takes seconds for a call, and leaves itself is there
	slow  bool     // so does leaves itself
}

// library is a peer that reads a subject, and how far it may be from glulam's reference.
type library struct {
	name     string // of bench/peers/engine.py
	title    string
	file     string // in the folder of models
	bound    float64
	compiler string // has to compile the model first; "": nobody
}

// Bounds. What is not exact has a reason: lleaves lets LLVM add in another order, and so may CatBoost; scikit-learn's forest adds
// from several threads; ONNX Runtime computes in float32, and converted models have float32 leaves, too.
const (
	exact     = 0
	reordered = 1e-12
	single    = 1e-6
	converted = 1e-5
)

// subjects are all of them, in the order of the report. The models of 1000x255 are not compiled: it would take hours.
func subjects(compile bool) []subject {
	var out []subject
	for _, data := range []struct{ name, about string }{
		{"numeric", "flights that the model has not seen, 22 numbers"},
		{"flights", "the same with 5 texts as categories"},
		{"synthetic", "28 normal numbers, a fifth missing"},
		{"categories", "20 such numbers and 8 columns of 2 to 1,000 categories"},
	} {
		for _, size := range []string{"100x31", "500x63", "1000x255"} {
			out = append(out, lightgbmSubject(data.name, data.about, size, compile))
		}
	}
	// Others have models of their own, all of the table numeric. end is of glulam's file, theirs of the library's.
	own := func(name, about, end, theirs string, l library) {
		l.file = name + theirs
		out = append(out, subject{name: name, about: about, rows: "numeric", file: name + end, train: []string{name, "rows-numeric"}, peers: []library{l}})
	}
	for _, size := range []string{"100x32", "500x64", "1000x256"} {
		own("xgboost-"+size, "XGBoost, the 22 numbers", ".json", ".json", library{name: "xgboost", title: "XGBoost", bound: exact})
	}
	for _, size := range []string{"100x32", "500x64", "1000x256"} {
		own("catboost-"+size, "CatBoost (oblivious trees), the 22 numbers", ".cbm", ".cbm", library{name: "catboost", title: "CatBoost", bound: reordered})
	}
	sklearn := library{name: "sklearn", title: "scikit-learn", bound: exact}
	own("histogram-200x31", "HistGradientBoostingClassifier, the 22 numbers", ".json", ".joblib", sklearn)
	sklearn.bound = reordered
	own("forest-100x255", "RandomForestClassifier, the 22 numbers", ".json", ".joblib", sklearn)
	for _, size := range []string{"100x31", "500x63", "1000x255"} {
		own("onnx-numeric-"+size, "ONNX, made of LightGBM's numeric-"+size+" by onnxmltools", ".onnx", ".onnx", library{name: "onnxruntime", title: "ONNX Runtime", bound: single})
	}
	return out
}

func lightgbmSubject(data, about, size string, compile bool) subject {
	name := data + "-" + size
	s := subject{
		name: name, about: "LightGBM, " + about, rows: data, file: name + ".txt", train: []string{name, "rows-" + data},
		peers: []library{{name: "lightgbm", title: "LightGBM", file: name + ".txt", bound: exact}},
	}
	switch {
	case size == "100x31", size == "500x63" && data == "numeric" && compile:
		s.peers = append(s.peers,
			library{name: "lleaves", title: "lleaves", file: name + ".txt", bound: reordered, compiler: "lleaves"},
			library{name: "tl2cgen", title: "tl2cgen", file: name + ".txt", bound: exact, compiler: "tl2cgen"})
	case size == "500x63":
		s.note("lleaves and tl2cgen: not compiled, which takes a quarter of an hour for each such model")
	default:
		s.note("lleaves and tl2cgen: not compiled, which takes hours")
	}
	if size == "1000x255" {
		s.note("treelite's interpreter, and glulam's engine leaves: one call of 8,192 rows takes seconds")
		s.large = true
		if s.slow = data == "categories"; s.slow {
			s.note("leaves: one call of 8,192 rows takes seven seconds")
		}
	} else {
		s.peers = append(s.peers, library{name: "treelite", title: "treelite", file: name + ".txt", bound: exact})
	}
	sets := data == "flights" || data == "categories"
	switch {
	case sets && size != "100x31":
		s.note("ONNX Runtime: not converted, since each set of categories becomes a node for each of them")
	case data == "synthetic" && size == "1000x255":
		s.note("ONNX Runtime: thresholds that were converted to float32 put some rows on the other side, 4e-4 away")
	default:
		s.train = append(s.train, "onnx-"+name)
		s.peers = append(s.peers, library{name: "onnxruntime", title: "ONNX Runtime", file: "onnx-" + name + ".onnx", bound: converted})
	}
	return s
}

func (s *subject) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}
