package doctest

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrograms compiles the Go programs of the documentation: the go blocks that begin with "package main".
func TestPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs")
	}
	for _, doc := range documents(t) {
		data, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := parse(string(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			if b.kind != "go" || len(b.text) == 0 || b.text[0] != "package main" {
				continue
			}
			text := strings.Join(b.text, "\n") + "\n"
			file := filepath.Join(t.TempDir(), "main.go")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			// A file that stands alone is compiled with the module of the folder that the command is run in.
			vet := exec.Command("go", "vet", file)
			vet.Dir = root
			if out, err := vet.CombinedOutput(); err != nil {
				t.Errorf("%s, line %d: %v\n%s", filepath.Base(doc), b.line, err, out)
			}
			if formatted, err := format.Source([]byte(text)); err == nil && string(formatted) != text {
				t.Errorf("%s, line %d: not formatted as gofmt does it", filepath.Base(doc), b.line)
			}
		}
	}
}
