package e2e

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glulam/glulam/internal/golden"
)

// TestTwoRuns: a run that finds another process writing to its directory leaves it alone, and the other one ends well.
func TestTwoRuns(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"batch", "--model", golden.Path("one_feature.txt"), "--input", "-", "--input-format", "csv", "--output", out, "--overwrite"}
	first := exec.Command(binary, args...)
	stdin, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer first.Process.Kill()
	if _, err := io.WriteString(stdin, "hour\n6\n"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if spooled, _ := filepath.Glob(filepath.Join(out, ".glulam-*", "stdin-*")); len(spooled) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the first run did not begin")
		}
	}
	second := glulam(t, append(args[:4:4], golden.Path("rows.csv"), "--output", out, "--overwrite")...)
	second.plain(t, "the second run", 1)
	if !strings.Contains(second.stderr, "another run is writing to this directory") {
		t.Error(second.stderr)
	}
	stdin.Close()
	if err := first.Wait(); err != nil {
		t.Errorf("the first run: %v", err)
	}
	if got := tree(t, out)["part-00000.csv"]; !strings.HasPrefix(got, "hour,prediction\n6,") {
		t.Errorf("%q", got)
	}
}
