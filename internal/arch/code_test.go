package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// panics are the functions that may panic, each with the reason.
var panics = map[string]string{
	"transforms/stream.Register":        "an init function that registers a name twice is a defect that no test can miss",
	"transforms/stream.RegisterCodec":   "the same",
	"transforms/stream/replay.Register": "the same",
	"transforms/monitor.Summarize":      "transforms that build a graph have no error to return; Beam's own panic, too, and Options.Check says it before",
	"model/leaves.decide": "the library returned an error for a row of the right length, which its code has no way to do; " +
		"Evaluator has no error to return, and a wrong number would be worse",
}

// TestPanics holds that no caller can make glulam panic: errors are returned, and what cannot happen is listed above.
func TestPanics(t *testing.T) {
	found := map[string]bool{}
	eachFunc(t, func(p *pkg, name string, at token.Position, body ast.Node) {
		ast.Inspect(body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "panic" {
				return true
			}
			key := p.rel() + "." + name
			found[key] = true
			if panics[key] == "" && name != "init" {
				t.Errorf("%s: %s panics; return a *fault.Error, or list it in code_test.go with the reason why it cannot happen", place(t, at), name)
			}
			return true
		})
	})
	for key := range panics {
		if !found[key] {
			t.Errorf("code_test.go lists %s, which does not panic (any more): remove it", key)
		}
	}
}

// TestOutputAndExit holds that only the command line and programs print and exit; a library returns.
func TestOutputAndExit(t *testing.T) {
	calls := regexp.MustCompile(`^(os\.(Exit|Stdout|Stderr)|log\.(Fatal|Fatalf|Fatalln|Print|Printf|Println)|fmt\.(Print|Printf|Println))$`)
	eachFunc(t, func(p *pkg, name string, at token.Position, body ast.Node) {
		if p.Name == "main" || under(p.rel(), "internal/cli") {
			return
		}
		ast.Inspect(body, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && calls.MatchString(x.Name+"."+sel.Sel.Name) {
				t.Errorf("%s: %s uses %s.%s: printing and exiting are the command line's; return what there is to say", place(t, at), name, x.Name, sel.Sel.Name)
			}
			return true
		})
	})
}

// eachFunc calls f for every function of the repository's packages, tests left out.
func eachFunc(t *testing.T, f func(p *pkg, name string, at token.Position, body ast.Node)) {
	t.Helper()
	fset := token.NewFileSet()
	for _, p := range own(t) {
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range tree.Decls {
				if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
					f(p, fd.Name.Name, fset.Position(fd.Pos()), fd.Body)
				}
			}
		}
	}
}

func place(t *testing.T, at token.Position) string {
	rel, err := filepath.Rel(rootDir(t), at.Filename)
	if err != nil {
		rel = at.Filename
	}
	return filepath.ToSlash(rel) + ":" + strings.TrimPrefix(at.String(), at.Filename+":")
}

// traces are what a machine leaves in files that are written on it. Classes of characters keep the patterns from
// finding themselves.
var traces = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`(^|[^A-Za-z0-9._~-])/([r]oot|[w]ork|[h]ome|[U]sers)/[A-Za-z0-9._-]+`), "a path of one machine"},
	{regexp.MustCompile(`(?i)\bGO[P]ROXY *[:=]|\b[i]ndex-url\b|\bGONOSUM[D]B\b`), "the registry settings of one machine"},
	{regexp.MustCompile(`\b(10\.\d{1,3}|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b`), "an address of one network"},
	{regexp.MustCompile(`\b([F]IXME|[X]XX|[T]ODO)\b`), "a note to oneself: do it, or write down in docs/ what is missing"},
}

// TestNoTraces holds that no text file of the repository tells of the machine that it was written on.
func TestNoTraces(t *testing.T) {
	dir := rootDir(t)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".cache", "bin", "predictions", filepath.Join("testdata", "flights")}, rel) || d.Name() == "__pycache__" {
				return filepath.SkipDir
			}
			return nil
		}
		if st, err := d.Info(); err != nil || !st.Mode().IsRegular() || st.Size() > 1<<20 || rel == "go.sum" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !utf8.Valid(data) || strings.Contains(filepath.ToSlash(rel), "testdata/fuzz/") {
			return nil
		}
		for i, line := range strings.Split(string(data), "\n") {
			for _, tr := range traces {
				if m := tr.pattern.FindString(line); m != "" {
					t.Errorf("%s:%d: %q is %s", filepath.ToSlash(rel), i+1, m, tr.why)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
