package labtest

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "accept the reports as they are")

// Short runs the short form of the benchmark in the working directory, as a person would. Its report must have every one of
// want, and nothing that failed.
func Short(t *testing.T, want ...string) {
	t.Helper()
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
	for _, want := range want {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report has no %q:\n%s", want, report)
		}
	}
	if strings.Contains(string(report), "failed") {
		t.Errorf("something failed, and the command did not:\n%s", report)
	}
}

// Report holds a report to testdata/report.md; -update accepts it.
func Report(t *testing.T, report string) {
	t.Helper()
	const path = "testdata/report.md"
	if *update {
		if err := os.WriteFile(path, []byte(report), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), report); d != "" {
		t.Errorf("the report changed; -update accepts it:\n%s", d)
	}
}
