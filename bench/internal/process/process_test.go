package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestRunCountsOrphans(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descendants are followed on Linux only")
	}
	if err := Adopt(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	// The shell ends at once; what it started goes on for a moment.
	u, err := Run(ctx, exec.CommandContext(ctx, "sh", "-c", "(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done) & exit 0"))
	if err != nil {
		t.Fatal(err)
	}
	if u.CPU < 10*time.Millisecond || u.Peak < 100<<10 {
		t.Errorf("%v of CPU and %d bytes for a loop in the background", u.CPU, u.Peak)
	}
}

func TestRunEndsAll(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descendants are followed on Linux only")
	}
	if err := Adopt(); err != nil {
		t.Fatal(err)
	}
	late := errors.New("late")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 300*time.Millisecond, late)
	defer cancel()
	start := time.Now()
	u, err := Run(ctx, exec.CommandContext(ctx, "sh", "-c", "sleep 600 & sleep 600; true"))
	if !errors.Is(err, late) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > time.Minute {
		t.Errorf("took %v", d)
	}
	if n := len(descendants(os.Getpid())); n != 1 {
		t.Errorf("%d processes are left", n-1)
	}
	if u.Processes < 2 {
		t.Errorf("saw %d processes", u.Processes)
	}
}

// TestRunForgets: what this program held before is not what the next one takes.
func TestRunForgets(t *testing.T) {
	if _, err := os.Stat("/proc/self/clear_refs"); err != nil {
		t.Skip("this kernel does not forget peaks")
	}
	const much = 256 << 20
	held := make([]byte, much)
	for i := range held {
		held[i] = 1
	}
	runtime.KeepAlive(held)
	held = nil
	u, err := Run(context.Background(), exec.CommandContext(context.Background(), "true"))
	if err != nil {
		t.Fatal(err)
	}
	if u.Peak >= much {
		t.Errorf("true takes %d bytes", u.Peak)
	}
}
