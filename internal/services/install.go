package services

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Cached gives the folder in which something is installed, which make fills in a temporary folder of its own if it is not there
// yet. Processes that install at once are in nobody's way: each makes a folder, and the first one stays. name says what is
// installed, and its version.
func Cached(name string, make func(temp string) (dir string, err error)) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	all := filepath.Join(cache, "glulam", "services")
	dir = filepath.Join(all, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(all, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(all, "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	made, err := make(temp)
	if err != nil {
		return "", fmt.Errorf("installing %s: %w", name, err)
	}
	if err := os.Rename(made, dir); err != nil && !errors.Is(err, os.ErrExist) {
		if _, serr := os.Stat(dir); serr != nil { // another process was not faster either
			return "", err
		}
	}
	return dir, nil
}

// Needs sees to it that a program is on the path and, if args are given, that it ends well with them: it installs Debian's package
// pkg where it may.
func Needs(ctx context.Context, pkg, program string, args ...string) error {
	if has(ctx, program, args) {
		return nil
	}
	what := strings.Join(append([]string{program}, args...), " ")
	advice := fmt.Errorf("there is no %s: apt-get install %s, or the like of your system", what, pkg)
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return advice
	}
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if err := Run(ctx, env, "apt-get", "-qq", "update"); err != nil {
		return fmt.Errorf("%w (%w)", advice, err)
	}
	if err := Run(ctx, env, "apt-get", "-qq", "install", "-y", "--no-install-recommends", pkg); err != nil {
		return fmt.Errorf("%w (%w)", advice, err)
	}
	if !has(ctx, program, args) {
		return fmt.Errorf("%w (it is installed, and does not help)", advice)
	}
	return nil
}

func has(ctx context.Context, program string, args []string) bool {
	_, err := exec.LookPath(program)
	return err == nil && (len(args) == 0 || Run(ctx, nil, program, args...) == nil)
}

// Java sees to it that there is a Java to run things with.
func Java(ctx context.Context) error { return Needs(ctx, "openjdk-17-jre-headless", "java") }

// Maven runs Maven with a project file, whose text is pom, in a folder. It checks the sums of what it fetches.
func Maven(ctx context.Context, dir string, pom []byte, args ...string) error {
	if err := Needs(ctx, "maven", "mvn"); err != nil {
		return err
	}
	file := filepath.Join(dir, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return err
	}
	return Run(ctx, nil, "mvn", append([]string{"-q", "-B", "-C", "-f", file}, args...)...)
}

// Run runs a command; the end of what it printed is part of the error.
func Run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		text := strings.TrimSpace(string(text))
		return fmt.Errorf("%s: %w: %s", name, err, text[max(0, len(text)-2000):])
	}
	return nil
}
