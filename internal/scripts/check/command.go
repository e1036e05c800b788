package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// show runs a command that prints for itself.
func (c *checker) show(env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = c.root, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", describe(name, args), err)
	}
	return nil
}

// output runs a command and gives what it printed on standard output. What it said else is part of the error.
func (c *checker) output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", describe(name, args), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// describe is a command as a person would type it, without what makes it long.
func describe(name string, args []string) string {
	text := strings.Join(append([]string{name}, args...), " ")
	if len(text) > 120 {
		text = text[:117] + "..."
	}
	return text
}
