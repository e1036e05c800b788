package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestModelKnowsFormatsInOnePlace holds that of package model only model.go, with its table of formats, imports parsers: what
// binds columns and scores rows knows forests.
func TestModelKnowsFormatsInOnePlace(t *testing.T) {
	parsers := []string{"model/lightgbm", "model/xgboost", "model/catboost", "model/onnx", "model/sklearn"}
	table := false
	eachFile(t, func(p *pkg, file string, tree *ast.File, _ *token.FileSet) {
		if p.rel() != "model" {
			return
		}
		for _, spec := range tree.Imports {
			path := strings.TrimPrefix(strings.Trim(spec.Path.Value, `"`), module+"/")
			for _, dir := range parsers {
				switch {
				case !under(path, dir):
				case file == "model.go":
					table = true
				default:
					t.Errorf("model/%s imports %s: what formats have in common belongs into model/forest", file, path)
				}
			}
		}
	})
	if !table {
		t.Error("model.go imports no parser: the table of formats is somewhere else now")
	}
}

// TestCommentsNameWhatTheyStandAt holds that a comment that begins with the name of its declaration writes it as it is, and
// that no name ends in an underscore.
func TestCommentsNameWhatTheyStandAt(t *testing.T) {
	check := func(fset *token.FileSet, id *ast.Ident, docs ...*ast.CommentGroup) {
		at := place(t, fset.Position(id.Pos()))
		if len(id.Name) > 1 && strings.HasSuffix(id.Name, "_") {
			t.Errorf("%s: %s: find a name without the underscore", at, id.Name)
		}
		for _, doc := range docs {
			if first, _, _ := strings.Cut(doc.Text(), " "); first != id.Name && strings.EqualFold(first, id.Name) && id.Name != strings.ToLower(id.Name) {
				t.Errorf("%s: the comment of %s calls it %s", at, id.Name, first)
			}
		}
	}
	eachFile(t, func(_ *pkg, _ string, tree *ast.File, fset *token.FileSet) {
		for _, d := range tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				check(fset, d.Name, d.Doc)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						check(fset, s.Name, d.Doc, s.Doc)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							check(fset, id, s.Doc)
						}
					}
				}
			}
		}
	})
}

// eachFile calls f for every Go file of the repository's packages, tests left out.
func eachFile(t *testing.T, f func(p *pkg, file string, tree *ast.File, fset *token.FileSet)) {
	t.Helper()
	fset := token.NewFileSet()
	for _, p := range own(t) {
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			f(p, file, tree, fset)
		}
	}
}
