package arch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesHaveReasons holds go.mod against the table of dependencies in README.md: a row for each direct
// dependency, with a reason, and no row for anything else.
func TestDependenciesHaveReasons(t *testing.T) {
	out, err := goOutput(rootDir(t), "mod", "edit", "-json")
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Replace {
		t.Errorf("go.mod replaces %s: `go install` of the command refuses modules with replacements", r.Old.Path)
	}
	readme, err := os.ReadFile(filepath.Join(rootDir(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	// | [name](https://pkg.go.dev/PATH) | reason |
	row := regexp.MustCompile(`(?m)^\| \[[^\]]+\]\(https://pkg\.go\.dev/([^)]+)\) \|(.*)\|$`)
	reasons := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(readme), -1) {
		reasons[m[1]] = strings.TrimSpace(m[2])
	}
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		reason, ok := reasons[r.Path]
		switch {
		case !ok:
			t.Errorf("go.mod requires %s, which the table of dependencies in README.md does not have: add a row with the reason", r.Path)
		case len(reason) < 10:
			t.Errorf("README.md gives no reason for %s", r.Path)
		}
		delete(reasons, r.Path)
	}
	for path := range reasons {
		t.Errorf("README.md lists %s, which go.mod does not require: remove the row", path)
	}
}
