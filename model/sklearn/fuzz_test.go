package sklearn

import (
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, data := range realModels(f) {
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Add([]byte(`{"format":"glulam-sklearn","version":1,"sklearn":"","estimator":"0","objective":"0","task":"regression","outputs":1,"` + strings.Repeat("[", 10_000) + `":1}`))
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
