package catboost

import (
	"bytes"
	"math"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/jsonread"
)

const magic = "CBM1"

// Detect says whether data looks like a CatBoost model: it starts with "CBM1", or it is a JSON object whose first key is
// one of CatBoost's.
func Detect(data []byte) bool {
	if bytes.HasPrefix(data, []byte(magic)) {
		return true
	}
	// CatBoost sorts the keys.
	switch key, _ := jsonread.FirstKey(data); key {
	case "features_info", "model_info", "oblivious_trees", "scale_and_bias", "ctr_data":
		return true
	}
	return false
}

// Parse reads a CatBoost model in either format. source is the file's name, for errors. The forest has passed
// forest.Forest.Validate and keeps nothing of data.
//
// Errors are *fault.Error with Code Corrupt, Unsupported or TooLarge (see the package's documentation), Source, Field and
// Hint. Parse takes time and memory in proportion to len(data), whatever data is.
func Parse(data []byte, source string) (*forest.Forest, error) {
	if len(data) > math.MaxInt32 {
		return nil, located(tooLarge("", "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32), source)
	}
	parse := parseJSON
	if bytes.HasPrefix(data, []byte(magic)) {
		parse = parseBinary
	}
	f, err := parse(data)
	if err != nil {
		return nil, located(err, source)
	}
	return f, nil
}
