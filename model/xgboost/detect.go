package xgboost

import (
	"bytes"
	"encoding/binary"

	"github.com/glulam/glulam/fault"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// Detect says whether data looks like a model that XGBoost saved: JSON or UBJSON, or one of the two binary formats or a
// dump, for which [Parse] has a better error than others.
func Detect(data []byte) bool {
	return isJSON(data) || isUBJSON(data) || foreign(data) != nil
}

// isJSON says whether data is a JSON object whose first key is "learner", or "version" with a list of numbers.
func isJSON(data []byte) bool {
	const spaces = " \t\r\n"
	b := bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 1<<10)], byteOrderMark), spaces)
	b, ok := bytes.CutPrefix(b, []byte("{"))
	if !ok {
		return false
	}
	b = bytes.TrimLeft(b, spaces)
	if b, ok := bytes.CutPrefix(b, []byte(`"version"`)); ok {
		b, ok = bytes.CutPrefix(bytes.TrimLeft(b, spaces), []byte(":"))
		return ok && bytes.HasPrefix(bytes.TrimLeft(b, spaces), []byte("["))
	}
	b, ok = bytes.CutPrefix(b, []byte(`"learner"`))
	return ok && bytes.HasPrefix(bytes.TrimLeft(b, spaces), []byte(":"))
}

// isUBJSON says whether data is a UBJSON object whose first key is "learner" or "version".
func isUBJSON(data []byte) bool {
	return bytes.HasPrefix(data, []byte("{L\x00\x00\x00\x00\x00\x00\x00\x07learner")) ||
		bytes.HasPrefix(data, []byte("{L\x00\x00\x00\x00\x00\x00\x00\x07version"))
}

// foreign gives the error for files of XGBoost that are no models in JSON or UBJSON; nil for all others.
func foreign(data []byte) *fault.Error {
	const convert = `convert it with an XGBoost below 3.1: python -c "import xgboost; xgboost.Booster(model_file='old.model').save_model('new.json')"`
	switch {
	case bytes.HasPrefix(data, []byte("binf")) || bytes.HasPrefix(data, []byte("bs64\t")) || isOldBinary(data):
		return fault.New(fault.Unsupported, "", "a model in XGBoost's old binary format, which XGBoost itself gave up in 3.1").WithHint(convert)
	case isDump(data):
		return fault.New(fault.Unsupported, "", "a dump of trees (dump_model), which lacks the objective and the base score").
			WithHint("save the model with save_model('model.json') instead")
	case bytes.HasPrefix(data, []byte(`{"Config":`)) || bytes.HasPrefix(data, []byte("{L\x00\x00\x00\x00\x00\x00\x00\x06Config")):
		return fault.New(fault.Unsupported, "", "a snapshot of XGBoost's memory, as pickle holds it, not a saved model").
			WithHint("load it in Python and save it with save_model('model.json')")
	}
	return nil
}

// isOldBinary knows the binary format without the letters binf: 136 bytes of parameters, then the objective's and the
// booster's name, each behind its length as a little-endian uint64.
func isOldBinary(data []byte) bool {
	const header = 136
	rest := data[min(len(data), header):]
	for _, names := range [][]string{objectivePrefixes, {"gbtree", "gblinear", "dart"}} {
		if len(rest) < 8 {
			return false
		}
		n := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		if n > 64 || n > uint64(len(rest)) {
			return false
		}
		known := false
		for _, name := range names {
			known = known || bytes.HasPrefix(rest[:n], []byte(name))
		}
		if !known {
			return false
		}
		rest = rest[n:]
	}
	return true
}

var objectivePrefixes = []string{"binary:", "reg:", "multi:", "rank:", "count:", "survival:"}

// isDump knows the JSON of Booster.dump_model: a list of trees, the first of which starts with its node's number.
func isDump(data []byte) bool {
	const spaces = " \t\r\n"
	b, ok := bytes.CutPrefix(bytes.TrimLeft(data[:min(len(data), 200)], spaces), []byte("["))
	if !ok {
		return false
	}
	b, ok = bytes.CutPrefix(bytes.TrimLeft(b, spaces), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(b, spaces), []byte(`"nodeid"`))
}
