package services

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func program(t *testing.T) *Process {
	t.Helper()
	p := &Process{Name: "the program", Log: filepath.Join(t.TempDir(), "log")}
	t.Cleanup(func() { p.Kill() })
	return p
}

func TestProcess(t *testing.T) {
	p := program(t)
	if p.Running() || p.PID() != 0 || p.Stop() != nil {
		t.Fatal("it runs before it was started")
	}
	// It says that it is there, and what it was told to say when it ends.
	script := `trap 'echo $LAST; exit' TERM; echo ready; while :; do sleep 0.05; done`
	for _, end := range []struct {
		how  func() error
		last string
	}{{p.Stop, "bye"}, {p.Kill, "ready"}, {p.Stop, "bye"}} {
		if err := os.RemoveAll(p.Log); err != nil {
			t.Fatal(err)
		}
		if err := p.Start([]string{"LAST=bye"}, "sh", "-c", script); err != nil {
			t.Fatal(err)
		}
		if err := p.Until(t.Context(), time.Minute, func() bool { return strings.Contains(p.Tail(), "ready") }); err != nil {
			t.Fatal(err)
		}
		if err := p.Start(nil, "true"); err == nil {
			t.Error("it was started twice")
		}
		pid := p.PID()
		if err := end.how(); err != nil {
			t.Error(err)
		}
		if p.Running() || p.PID() != 0 || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			t.Error("it runs after it was ended")
		}
		if !strings.HasSuffix(p.Tail(), end.last) {
			t.Errorf("the last that it said is %q, want %q", p.Tail(), end.last)
		}
	}
}

// TestNeverReady: what does not come up is said why, and is not left running.
func TestNeverReady(t *testing.T) {
	never := func() bool { return false }
	p := program(t)
	if err := p.Start(nil, "sh", "-c", "echo no luck; exit 7"); err != nil {
		t.Fatal(err)
	}
	err := p.Until(t.Context(), time.Minute, never)
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("it ended by itself: %v", err)
	}
	for _, c := range []struct {
		longest time.Duration
		want    string
	}{{time.Millisecond, "not ready after 1ms"}, {time.Minute, context.Canceled.Error()}} {
		if err := p.Start(nil, "sleep", "1000"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if c.longest == time.Minute {
			cancel()
		}
		err := p.Until(ctx, c.longest, never)
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.want) || p.Running() {
			t.Errorf("got %v (runs: %v), want %q", err, p.Running(), c.want)
		}
	}
}

// TestInherited: what this process was started with is not open in its services.
func TestInherited(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("not Linux")
	}
	secret := filepath.Join(t.TempDir(), "inherited")
	fd, err := syscall.Open(secret, syscall.O_CREAT|syscall.O_RDWR, 0o600) // without close-on-exec, as inherited ones are
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	p := program(t)
	if err := p.Start(nil, "sh", "-c", "ls -l /proc/$$/fd; echo end"); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	if text := p.Tail(); !strings.HasSuffix(text, "end") || strings.Contains(text, secret) {
		t.Errorf("open are\n%s", text)
	}
}

func TestFreePorts(t *testing.T) {
	a, b, c := 0, 7, 0
	if err := FreePorts(&a, &b, &c); err != nil || a == 0 || b != 7 || c == 0 || a == c {
		t.Errorf("got %d, %d, %d, %v", a, b, c, err)
	}
}

// TestCached: several that install at once all get a whole folder, and an installation that fails leaves nothing.
func TestCached(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	failed := errors.New("no network")
	if _, err := Cached("thing-1", func(temp string) (string, error) { return "", failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	fill := func(temp string) (string, error) {
		out := filepath.Join(temp, "out")
		return out, errors.Join(os.Mkdir(out, 0o755), os.WriteFile(filepath.Join(out, "file"), []byte("whole"), 0o644))
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			dir, err := Cached("thing-1", fill)
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(text) != "whole" {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
	wait.Wait()
	dir, err := Cached("thing-1", func(string) (string, error) { return "", failed })
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}
