package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module is the path that all packages of this repository start with.
const module = "github.com/glulam/glulam"

// pkg is what `go list` says about a package.
type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	Doc        string
	Standard   bool
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
	Deps       []string

	TestGoFiles, XTestGoFiles []string
}

// rel is the package's folder: "transforms/score".
func (p *pkg) rel() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

// root is the repository's folder.
var root = sync.OnceValues(func() (string, error) { return filepath.Abs("../..") })

func rootDir(t *testing.T) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// goOutput runs the go command in the repository and gives its standard output.
func goOutput(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New("go " + strings.Join(args, " ") + ": " + strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// all lists the repository's packages and everything that they depend on, by import path.
var all = sync.OnceValues(func() (map[string]*pkg, error) {
	dir, err := root()
	if err != nil {
		return nil, err
	}
	out, err := goOutput(dir, "list", "-deps", "-json=ImportPath,Dir,Name,Doc,Standard,GoFiles,CgoFiles,Imports,Deps,TestGoFiles,XTestGoFiles", "./...")
	if err != nil {
		return nil, err
	}
	pkgs := map[string]*pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &pkg{}
		switch err := dec.Decode(p); {
		case err == io.EOF:
			return pkgs, nil
		case err != nil:
			return nil, err
		}
		pkgs[p.ImportPath] = p
	}
})

// packages gives everything that [all] lists.
func packages(t *testing.T) map[string]*pkg {
	t.Helper()
	pkgs, err := all()
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

// own gives the packages of this repository.
func own(t *testing.T) []*pkg {
	t.Helper()
	var out []*pkg
	for path, p := range packages(t) {
		if path == module || strings.HasPrefix(path, module+"/") {
			out = append(out, p)
		}
	}
	if len(out) < 10 {
		t.Fatalf("go list found %d packages of this repository: the test looks in the wrong place", len(out))
	}
	return out
}

// under says whether a package's folder is dir or within it.
func under(rel, dir string) bool { return rel == dir || strings.HasPrefix(rel, dir+"/") }
