package doctest

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the commands print into the documentation")

// limit is how long one block may take: `go run` compiles.
const limit = 10 * time.Minute

const root = "../.."

// documents lists the Markdown files whose commands are run.
func documents(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(docs) == 0 {
		t.Fatalf("no documentation found: %v", err)
	}
	return append([]string{filepath.Join(root, "README.md")}, docs...)
}

// TestCommands runs every command of the documentation.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the whole program")
	}
	base := t.TempDir()
	work, bin := filepath.Join(base, "glulam"), filepath.Join(base, "bin")
	fresh(t, work)
	build := exec.Command("go", "build", "-buildvcs=false", "-o", bin+string(filepath.Separator), "./cmd/glulam")
	build.Dir = work
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building glulam: %v\n%s", err, out)
	}
	env := append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "PWD="+work, "TERM=dumb",
		"GODEBUG=cpu.avx512f=off") // the engine is named, and is to be the same one on new machines
	for _, doc := range documents(t) {
		t.Run(filepath.Base(doc), func(t *testing.T) {
			fresh(t, work)
			data, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := parse(string(data))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(data), "\n")
			changed := false
			for _, b := range slices.Backward(run(t, blocks, work, env)) {
				lines = slices.Replace(lines, b.line-1, b.end()-1, b.got...)
				changed = true
			}
			if changed {
				if err := os.WriteFile(doc, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// outdated is an output block and what it should be.
type outdated struct {
	*block
	got []string
}

// run runs the blocks of one file. With -update it returns those that differ instead of failing.
func run(t *testing.T, blocks []*block, dir string, env []string) []outdated {
	t.Helper()
	var old []outdated
	for _, b := range blocks {
		if b.kind != "sh" || b.skip != "" {
			continue
		}
		text := strings.Join(b.text, "\n")
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		cmd := exec.CommandContext(ctx, "sh", "-eu", "-c", text)
		cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, 10*time.Second
		out, err := cmd.CombinedOutput()
		timedOut := ctx.Err() != nil
		cancel()
		var exit *exec.ExitError
		switch {
		case timedOut:
			t.Fatalf("line %d: not done after %v:\n%s\n%s", b.line, limit, text, out)
		case err != nil && !errors.As(err, &exit):
			t.Fatalf("line %d: %v", b.line, err)
		case cmd.ProcessState.ExitCode() != b.wantCode():
			t.Fatalf("line %d: exit code %d, not %d, from:\n%s\n%s", b.line, cmd.ProcessState.ExitCode(), b.wantCode(), text, out)
		}
		if b.output == nil {
			continue
		}
		got := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
		switch {
		case matches(b.output.text, got):
		case *update && !slices.Contains(b.output.text, "..."):
			old = append(old, outdated{b.output, got})
		default:
			t.Errorf("line %d: the output is not what the documentation says (-update writes it down, but for blocks with ...):\n%s", b.output.line, strings.Join(got, "\n"))
		}
	}
	return old
}

// fresh makes dir a copy of the repository without what is not part of it.
func fresh(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	leave := []string{".git", ".cache", "bin", "predictions"}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(leave, rel):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
