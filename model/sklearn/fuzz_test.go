package sklearn

import "testing"

func FuzzParse(f *testing.F) {
	for _, data := range realModels(f) {
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
