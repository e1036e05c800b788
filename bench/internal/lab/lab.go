package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Lab is the folder of a benchmark's files. Paths are relative to the root of the repository, which Open makes the working
// directory.
type Lab struct {
	Dir string    // .cache/bench
	Log io.Writer // gets what programs say that are not measured
}

// Open changes to the root of the repository, which is at or above the working directory, and makes the folder.
func Open(log io.Writer) (*Lab, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	if err := os.Chdir(root); err != nil {
		return nil, err
	}
	l := &Lab{Dir: filepath.Join(".cache", "bench"), Log: log}
	return l, os.MkdirAll(l.Dir, 0o755)
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("run this inside the repository: no go.mod here or above")
		}
		dir = up
	}
}

// Path is a file of the folder.
func (l *Lab) Path(parts ...string) string {
	return filepath.Join(append([]string{l.Dir}, parts...)...)
}

// Command runs a program that is not measured.
func (l *Lab) Command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = Environment()
	cmd.Stdout, cmd.Stderr = l.Log, l.Log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(append([]string{name}, args...), " "), err)
	}
	return nil
}

// Environment keeps Python from leaving compiled files among the sources.
func Environment() []string { return append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1") }

// Build builds a program of Go and gives its path. Another process may build and run the same one at the same time.
func (l *Lab) Build(ctx context.Context, pkg string) (string, error) {
	path := l.Path(filepath.Base(pkg))
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	if err := l.Command(ctx, "go", "build", "-o", part, pkg); err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	return path, os.Rename(part, path)
}

// Glulam builds glulam and gives its path, but for a binary that is there already: that is given back.
func (l *Lab) Glulam(ctx context.Context, binary string) (string, error) {
	if binary != "" {
		return binary, nil
	}
	return l.Build(ctx, "./cmd/glulam")
}

// Python makes the peers' environment unless it is there, and gives its interpreter.
func (l *Lab) Python(ctx context.Context) (string, error) {
	if err := l.Command(ctx, "bench/setup.sh"); err != nil {
		return "", fmt.Errorf("%w (--short and --peers=false do without)", err)
	}
	return l.Path("venv", "bin", "python"), nil
}

// Train makes models and rows that bench/train.py knows, unless they are there. It gives their folder.
func (l *Lab) Train(ctx context.Context, python string, names ...string) (string, error) {
	dir := l.Path("models")
	return dir, l.Command(ctx, python, append([]string{"bench/train.py", dir}, names...)...)
}

// Compile has a compiler of models, lleaves or tl2cgen, compile one unless it has done so before, and gives the path of what it
// made. That may take minutes.
func (l *Lab) Compile(ctx context.Context, python, compiler, model string) (string, error) {
	path, err := l.Compiled(ctx, python, compiler, model)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, l.Command(ctx, python, "bench/peers/compile.py", compiler, model, path)
}

// Compiled is where Compile puts a model: the name holds the model's digest and the compiler's version.
func (l *Lab) Compiled(ctx context.Context, python, compiler, model string) (string, error) {
	name := FirstLine(ctx, python, "bench/peers/compile.py", "--name", compiler, model)
	if name == "" {
		return "", fmt.Errorf("%s cannot be asked about %s", compiler, model)
	}
	return l.Path("compiled", name), nil
}

// Warm reads files once, so that whoever is measured finds them in the page cache.
func Warm(paths ...string) error {
	buffer := make([]byte, 1<<20)
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{file}, buffer)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Count reads 1000000 or 1e6: a whole number from 1 to 1e10.
func Count(s string) (int, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v < 1 || v > 1e10 || v != float64(int(v)) {
		return 0, fmt.Errorf("%q is no count", s)
	}
	return int(v), nil
}

// Counts reads counts with commas between them.
func Counts(list string) ([]int, error) {
	var out []int
	var err error
	for s := range strings.SplitSeq(list, ",") {
		n, e := Count(s)
		err = errors.Join(err, e)
		out = append(out, n)
	}
	return out, err
}
