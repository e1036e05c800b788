package arch

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// top are the folders of the repository.
var top = []string{
	"bench", "cmd", "deploy", "docs", "evaluate", "examples", "fault", "format", "internal", "model", "online",
	"pipelines", "runners", "testdata", "transforms",
}

// TestTopLevel holds that the house grows inside its rooms.
func TestTopLevel(t *testing.T) {
	for _, p := range own(t) {
		first, _, _ := strings.Cut(p.rel(), "/")
		if !slices.Contains(top, first) {
			t.Errorf("%s: %q is no folder of the top level, which has %s", p.ImportPath, first, strings.Join(top, ", "))
		}
	}
}

// TestPackagesAreDocumented holds that each package says what it is for: in doc.go, commands in the file of main.
func TestPackagesAreDocumented(t *testing.T) {
	for _, p := range own(t) {
		if len(p.GoFiles) == 0 {
			t.Errorf("%s: has tests but no doc.go to say what they are for", p.rel())
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s: no package comment; say in doc.go what it is for, how it is used and what it does not do", p.rel())
			continue
		}
		if p.Name == "main" {
			continue
		}
		file := filepath.Join(p.Dir, "doc.go")
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Errorf("%s: the package comment is not in doc.go, where readers look for it", p.rel())
			continue
		}
		if !strings.HasPrefix(f.Doc.Text(), "Package "+p.Name+" ") {
			t.Errorf("%s/doc.go: the package comment does not begin with %q", p.rel(), "Package "+p.Name)
		}
	}
}

// maxLines is the length at which a file holds two concepts.
const maxLines = 600

// TestFilesAreShort holds one concept a file. Tests may be longer.
func TestFilesAreShort(t *testing.T) {
	for _, p := range own(t) {
		for _, name := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(data, []byte("\n")); n > maxLines {
				t.Errorf("%s/%s has %d lines, more than %d: split it by concept", p.rel(), name, n, maxLines)
			}
		}
	}
}
