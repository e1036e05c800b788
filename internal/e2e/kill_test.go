package e2e

import (
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glulam/glulam/internal/golden"
)

// TestKill kills runs at twenty random moments: nothing under a final name is ever partial, and running again gives what
// an undisturbed run gives. What was killed over an earlier output must leave that whole or be replaced file by file.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	in := repeat(t, filepath.Join(dir, "in.csv"), 20)
	args := func(out string) []string {
		return []string{"batch", "--model", golden.Path("lightgbm.txt"), "--input", in, "--output", out, "--shards", "9", "--overwrite"}
	}
	start := time.Now()
	whole := filepath.Join(dir, "whole")
	if r := glulam(t, args(whole)...); r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	took := time.Since(start)
	want := tree(t, whole)
	if len(want) < 4 {
		t.Fatalf("only %d files", len(want))
	}
	out := filepath.Join(dir, "out")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	killed := 0
	for i := range 20 {
		cmd := exec.Command(binary, args(out)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rnd.Int64N(int64(took) * 11 / 10)))
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if cmd.Wait() != nil {
			killed++
		}
		got := tree(t, out)
		// A hidden file that tells whether a folder can be written to may be there; the next run removes it.
		maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasPrefix(filepath.Base(name), ".glulam-") })
		for name, content := range got {
			// run.json names the output directory, so only its being whole can be compared.
			if name != "run.json" && content != want[name] {
				t.Fatalf("kill %d: %s has %d bytes of %d, or others", i, name, len(content), len(want[name]))
			}
		}
		if m, ok := got["run.json"]; ok && (len(got) != len(want) || !strings.HasSuffix(m, "}\n")) {
			t.Fatalf("kill %d: there is a manifest, but %d files of %d", i, len(got), len(want))
		}
	}
	if killed == 0 {
		t.Error("no run was killed in time")
	}
	if r := glulam(t, args(out)...); r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	got := tree(t, out)
	for name, content := range want {
		if name == "run.json" {
			content = strings.ReplaceAll(content, whole, out)
		}
		if got[name] != content {
			t.Errorf("after the kills, %s differs", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	for _, folder := range []string{out, filepath.Join(out, "*")} {
		if left, _ := filepath.Glob(filepath.Join(folder, ".glulam-*")); len(left) > 0 {
			t.Errorf("temporary files were left: %v", left)
		}
	}
}
