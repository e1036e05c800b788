package onnx

import "testing"

func FuzzParse(f *testing.F) {
	for _, data := range realModels(f) {
		if len(data) < 8000 {
			f.Add(data)
		}
	}
	f.Add(regressor(nil))
	f.Add(classifier(nil))
	f.Add(ensemble5(nil))
	f.Add(after(nodeBytes("Exp", "", []string{"Z"}, []string{"Y"}, nil)))
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
