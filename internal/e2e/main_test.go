package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glulam/glulam/internal/golden"
)

// binary is the glulam that the tests run, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "glulam-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "glulam")
		build := exec.Command("go", "build", "-o", binary, "github.com/glulam/glulam/cmd/glulam")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building glulam: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// result is how a run of the binary ended.
type result struct {
	code           int
	stdout, stderr string
}

func glulam(t testing.TB, args ...string) result {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	r := result{stdout: stdout.String(), stderr: stderr.String()}
	if ee := (*exec.ExitError)(nil); errors.As(err, &ee) {
		r.code = ee.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return r
}

// plain fails the test unless a refusal is in plain words: the right code, no panic, no stack trace, not a page long.
func (r result) plain(t testing.TB, what string, codes ...int) {
	t.Helper()
	ok := false
	for _, c := range codes {
		ok = ok || r.code == c
	}
	lines := strings.Count(r.stderr, "\n")
	if !ok || strings.Contains(r.stderr, "panic") || strings.Contains(r.stderr, "goroutine ") || strings.Contains(r.stderr, "DoFn") ||
		strings.TrimSpace(r.stderr) == "" || lines > 12 {
		t.Errorf("%s: exit code %d, want %v, and plain words:\n%.2000s", what, r.code, codes, r.stderr)
	}
}

// rows gives the header and the rows of the flights, line ends included.
func rows(t testing.TB) (head string, lines []string) {
	t.Helper()
	data, err := os.ReadFile(golden.Path("rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(string(data), "\n")
	return all[0], all[1 : len(all)-1]
}

// repeat writes the flights n times into one file.
func repeat(t testing.TB, path string, n int) string {
	t.Helper()
	head, lines := rows(t)
	body := strings.Join(lines, "")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString(head)
	for range n {
		if _, err := f.WriteString(body); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// tree maps the files below a directory, temporary ones left out, to their content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".glulam-") {
				return filepath.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(data)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}
