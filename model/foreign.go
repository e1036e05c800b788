package model

import (
	"bytes"
	"encoding/binary"

	"github.com/glulam/glulam/fault"
)

// foreign says what a file that no parser knows seems to be, and what to do with it.
func foreign(data []byte) (what, hint string) {
	const original = "save the model with the training library's own save_model"
	head := data[:min(len(data), 512)]
	switch {
	case bytes.HasPrefix(data, []byte("\x78\x9c")), bytes.HasPrefix(data, []byte("\x78\x01")), bytes.HasPrefix(data, []byte("ZF0x")):
		return "a compressed pickle of joblib, it seems, which glulam never reads", "`glulam export-sklearn` exports scikit-learn's models; of other libraries, " + original
	case bytes.HasPrefix(data, []byte("\x1f\x8b")), bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")):
		return "a compressed file, and no bundle", "unpack it"
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "a zip archive, and no file of skops (a saved network?)", "`glulam export-sklearn` exports scikit-learn's models; of other libraries, " + original
	case bytes.HasPrefix(data, []byte("\x89HDF")):
		return "an HDF5 file, as Keras writes them: not a model of trees", original
	case bytes.Contains(head, []byte("<PMML")):
		return "a PMML file", original
	case treelite(data):
		return "a Treelite checkpoint, it seems, which does not say how the training library computes", original
	}
	return "", original
}

// treelite tells the head of a checkpoint of Treelite 3 or 4 (docs/serialization/v4.rst of its repository; there is no magic
// number): its version as three int32, the types of thresholds and leaves as a byte each (1 uint32, 2 float32, 3 float64),
// and the number of trees, a uint64. The layout alone would not be enough to give the right numbers: float32 or float64 sums,
// their order and the base score's link are the training library's, and the file does not name it.
func treelite(data []byte) bool {
	if len(data) < 22 {
		return false
	}
	major, minor, patch := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:]), binary.LittleEndian.Uint32(data[8:])
	return (major == 3 || major == 4) && minor < 100 && patch < 100 && (data[12] == 2 || data[12] == 3) && data[13] >= 1 && data[13] <= 3 &&
		binary.LittleEndian.Uint64(data[14:]) <= uint64(len(data))
}

// unknownFormat is the error for bytes that no parser knows.
func unknownFormat(data []byte, source string, known string) error {
	what, hint := foreign(data)
	if what != "" {
		return fault.New(fault.Unsupported, source, "%s", what).WithHint("%s", hint)
	}
	return fault.New(fault.Unsupported, source, "not a model file that this version reads (%s)", known).WithHint("%s", hint)
}
