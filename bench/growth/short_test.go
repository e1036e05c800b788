package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestShort runs the short form, as a person would, so that it keeps working.
func TestShort(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	path := filepath.Join(t.TempDir(), "report.md")
	said, err := exec.Command("go", "run", ".", "--short", "--output", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	report, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## Rows", "## Trees", "## Features", "## Files", "## Shards", "## Cores", "| 20,000 |"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report has no %q:\n%s", want, report)
		}
	}
	if strings.Contains(string(report), "failed") {
		t.Errorf("something failed, and the command did not:\n%s", report)
	}
}
