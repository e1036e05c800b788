package probe

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// TestSurroundings: tests run in their folder, with testdata and what else was named, with the environment and their arguments.
func TestSurroundings(t *testing.T) {
	for _, path := range []string{"testdata/greeting.txt", "../../main.go"} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile("testdata/greeting.txt"); string(text) != "hello\r\nthere\n" {
		t.Errorf("testdata/greeting.txt is %q, %v", text, err)
	}
	t.Logf("on %s with %q\t\x01\xff.", runtime.GOARCH, os.Getenv("PROBE"))
	if os.Getenv("PROBE_FAIL") != "" {
		t.Error("it is to fail")
	}
	switch os.Getenv("PROBE_EXIT") {
	case "7":
		os.Exit(7)
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}
