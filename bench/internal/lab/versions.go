package lab

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// FirstLine is the first line that a program prints; "" if it fails.
func FirstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// Commit is the state of the sources, as "commit 1a2b3c4"; "" if git does not say.
func Commit(ctx context.Context) string {
	if c := FirstLine(ctx, "git", "describe", "--always", "--dirty"); c != "" {
		return "commit " + c
	}
	return ""
}

// Versions lists Python's and its packages' versions, "Python 3.11.7, numpy 2.4.6"; "" without Python.
func Versions(ctx context.Context, python string, packages ...string) string {
	if python == "" {
		return ""
	}
	return FirstLine(ctx, python, "-c", fmt.Sprintf(`
import importlib.metadata as m, platform
print(", ".join(["Python " + platform.python_version()] + [n + " " + m.version(n) for n in %q.split()]))`, strings.Join(packages, " ")))
}
