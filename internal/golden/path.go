package golden

import (
	"os"
	"path/filepath"
	"sync"
)

// Path is the path of a file of testdata/flights, from wherever below the module's root the test runs.
func Path(name string) string { return filepath.Join(root(), "testdata", "flights", name) }

// root is the folder of go.mod. A test runs in its package's folder. Without a go.mod above it, paths are relative, and
// opening them says what is wrong.
var root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
})

func readFile(tb TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(Path(name))
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	return data
}
