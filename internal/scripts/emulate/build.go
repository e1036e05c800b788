package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// test is a package's test binary.
type test struct {
	binary string
	dir    string // of the package
	module string // the folder of its module
}

// build builds the test binary of a package into a folder, for an architecture.
func build(ctx context.Context, pkg, dir, arch string) (*test, error) {
	env := append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1")
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}\n{{with .Module}}{{.Dir}}{{end}}", pkg)
	list.Env, list.Stderr = env, os.Stderr
	text, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pkg, err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) != 2 || lines[1] == "" {
		return nil, fmt.Errorf("%s is not one package of a module", pkg)
	}
	t := &test{binary: filepath.Join(dir, "test"), dir: lines[0], module: lines[1]}
	make := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-o", t.binary, pkg)
	make.Env, make.Stdout, make.Stderr = env, os.Stderr, os.Stderr
	if err := make.Run(); err != nil {
		return nil, fmt.Errorf("building the tests of %s: %w", pkg, err)
	}
	if _, err := os.Stat(t.binary); err != nil {
		return nil, fmt.Errorf("%s has no tests for %s", pkg, arch)
	}
	return t, nil
}

// within gives a path relative to the module, with slashes.
func (t *test) within(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(t.module, abs)
	if err != nil {
		return "", err
	}
	if !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not in the module, which is %s", path, t.module)
	}
	return filepath.ToSlash(rel), nil
}

// data gives the files that a test reads, by their paths in the module: the package's testdata, what is named, and go.mod, by which tests
// find the module's folder. Links are followed if they lead to a file.
func (t *test) data(named []string) (map[string][]byte, error) {
	files := map[string][]byte{}
	named = append([]string{filepath.Join(t.module, "go.mod")}, named...)
	own := filepath.Join(t.dir, "testdata")
	if _, err := os.Stat(own); err == nil {
		named = append([]string{own}, named...)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, n := range named {
		err := filepath.WalkDir(n, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := t.within(path)
			if err != nil {
				return err
			}
			files[rel], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
