package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// staticcheckVersion is the newest version, and one that knows Go 1.26.
const staticcheckVersion = "v0.8.2" // 2026.2.2

// tools gets what Go does not bring along.
func tools(c *checker) error {
	return c.count(errors.Join(c.installStaticcheck(), c.installCompiler()))
}

// staticcheck is the path of the tool. The version is part of it, so that a new one is installed when it changes.
func (c *checker) staticcheck() string {
	return filepath.Join(c.bin(), "staticcheck-"+staticcheckVersion)
}

func (c *checker) installStaticcheck() error {
	if _, err := os.Stat(c.staticcheck()); err == nil {
		return nil
	}
	fmt.Println("installing staticcheck", staticcheckVersion)
	if err := os.MkdirAll(c.bin(), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(c.bin(), "install-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	// GOFLAGS may hold what makes sense for this module only.
	env := []string{"GOBIN=" + temp, "GOFLAGS=", "GOOS=", "GOARCH="}
	if err := c.show(env, "go", "install", "honnef.co/go/tools/cmd/staticcheck@"+staticcheckVersion); err != nil {
		return err
	}
	name := "staticcheck"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return os.Rename(filepath.Join(temp, name), c.staticcheck())
}

// installCompiler sees to it that there is a C compiler, which the race detector needs on most systems. It comes before
// everything else because Go builds some packages in another way once there is one: all would be built twice.
func (c *checker) installCompiler() error {
	cc, err := c.output("go", "env", "CC")
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(strings.TrimSpace(cc), " ")
	for _, compiler := range []string{name, "gcc", "clang"} {
		if _, err := exec.LookPath(compiler); err == nil {
			return nil
		}
	}
	const advice = "there is no C compiler, which go test -race needs: apt-get install gcc libc6-dev, or the like of your system"
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return errors.New(advice)
	}
	fmt.Println("installing gcc, which go test -race needs")
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if err := c.show(env, "apt-get", "-qq", "update"); err != nil {
		return fmt.Errorf("%s (%w)", advice, err)
	}
	if err := c.show(env, "apt-get", "-qq", "install", "-y", "--no-install-recommends", "gcc", "libc6-dev"); err != nil {
		return fmt.Errorf("%s (%w)", advice, err)
	}
	return nil
}
