package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// disabled are the checks of staticcheck that are not made, each with the reason. All others are.
var disabled = map[string]string{
	"ST1000": "internal/arch asks for more: a package comment in doc.go, not in any file",
}

// build compiles and links everything. go build leaves the binaries nowhere.
func build(c *checker) error {
	return c.count(c.show(nil, "go", "build", "-buildvcs=false", "./..."))
}

// lint looks at the code without running it.
func lint(c *checker) error {
	return errors.Join(c.count(c.gofmt()), c.count(c.show(nil, "go", "vet", "./...")), c.count(c.runStaticcheck()))
}

// gofmt holds that code is formatted, generated code and fixtures included.
func (c *checker) gofmt() error {
	goroot, err := c.output("go", "env", "GOROOT")
	if err != nil {
		return err
	}
	unformatted, err := c.output(filepath.Join(strings.TrimSpace(goroot), "bin", "gofmt"), "-l", ".")
	if err != nil {
		return err
	}
	if unformatted != "" {
		return fmt.Errorf("not formatted, run gofmt -w on: %s", strings.Join(strings.Fields(unformatted), " "))
	}
	return nil
}

func (c *checker) runStaticcheck() error {
	checks := "all"
	for _, name := range slices.Sorted(maps.Keys(disabled)) {
		checks += ",-" + name
	}
	if err := c.installStaticcheck(); err != nil {
		return err
	}
	return c.show(nil, c.staticcheck(), "-checks", checks, "./...")
}
