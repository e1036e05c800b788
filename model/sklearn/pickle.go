package sklearn

import "github.com/glulam/glulam/fault"

// isPickle tells the first bytes of a Python pickle: PROTO, which begins every one since Python 2.3.
func isPickle(data []byte) bool {
	return len(data) > 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= 5
}

// refusePickle is the error of a pickle, with the way there is instead.
func refusePickle(source string) error {
	return fault.New(fault.Unsupported, source, "a Python pickle, which glulam never opens: loading one runs what is in it").
		WithHint("of a scikit-learn model, write the JSON: `glulam export-sklearn > export.py`, then `python export.py model.pkl > model.json`; of another library's, use its own save_model")
}
