package lightgbm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, data := range realModels(f) {
		f.Add(data)
	}
	scripts, err := filepath.Glob("testdata/forests/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range scripts {
		script, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(script), "\nparse\n") {
			text, _, _ := strings.Cut(part, "----")
			if !strings.Contains(text, endOfTrees) {
				text += tailLine
			}
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { parseSafely(t, data) })
}
