//go:build unix

package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A run that waits for standard input ends at a signal, and leaves nothing behind.
func TestInterrupt(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "o")
			cmd := exec.Command("glulam", "batch", "--model", filepath.Join(flights(t), "one_feature.txt"), "--input", "-", "--input-format", "csv", "--output", out)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(stdin, "hour\n6\n"); err != nil {
				t.Fatal(err)
			}
			await(t, "the copy of standard input", func() bool {
				found, _ := filepath.Glob(filepath.Join(out, ".glulam-*", "stdin-*"))
				return len(found) == 1
			})
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			if ee := (*exec.ExitError)(nil); !errors.As(err, &ee) || ee.ExitCode() != exitFailed {
				t.Errorf("ended with %v", err)
			}
			if got := stderr.String(); got != "glulam: interrupted; nothing final was written\n" {
				t.Errorf("said %q", got)
			}
			if left, _ := os.ReadDir(out); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// patient gives what the reader behind it gives, and ends with the context while that one blocks.
func TestPatient(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	text := strings.Repeat("0123456789", 100_000)
	got, err := io.ReadAll(newPatient(ctx, strings.NewReader(text)))
	if err != nil || string(got) != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	r, w := io.Pipe()
	defer w.Close()
	p := newPatient(ctx, r)
	go w.Write([]byte("ab"))
	if n, err := p.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := p.Read(make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	cancel(errStopped)
	if n, err := p.Read(make([]byte, 9)); n != 0 || !errors.Is(err, errStopped) {
		t.Errorf("%d bytes, %v", n, err)
	}
}
