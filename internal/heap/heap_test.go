package heap

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, x := range []struct {
		live uint64
		want int
	}{{0, 1000}, {4 << 20, 1000}, {12 << 20, 800}, {24 << 20, 400}, {96 << 20, 100}, {1 << 40, 100}} {
		if got := percent(x.live); got != x.want {
			t.Errorf("live %d: %d, want %d", x.live, got, x.want)
		}
	}
}

// kept is live in a process of TestRoomy.
var kept []byte

// TestRoomy looks at what the collector does in processes of their own: that it waits when little is live, no longer when much is,
// and not where GOGC is set.
func TestRoomy(t *testing.T) {
	if os.Getenv("GLULAM_HEAP_TEST") != "" {
		Roomy()
		Roomy()
		for _, size := range []int{1 << 20, 48 << 20, 200 << 20, 1 << 20} {
			kept = make([]byte, size)
			settled := 0
			for begin := time.Now(); settled < 3 && time.Since(begin) < 2*time.Second; time.Sleep(time.Millisecond) {
				runtime.GC()
				// The way to read it is to set it.
				was := debug.SetGCPercent(100)
				debug.SetGCPercent(was)
				if want := percent(live()); was >= want-want/8-1 && was <= want+want/8+1 {
					settled++
				} else {
					settled = 0
				}
			}
			if settled < 3 {
				t.Fatalf("%d bytes: the percentage is not that of %d live ones", size, live())
			}
		}
		runtime.KeepAlive(kept)
		return
	}
	for _, x := range []struct {
		env  string
		fits bool
	}{{"GOGC=", true}, {"GOGC=50", false}} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRoomy$")
		cmd.Env = append(os.Environ(), "GLULAM_HEAP_TEST=1", x.env)
		out, err := cmd.CombinedOutput()
		if (err == nil) != x.fits || !x.fits && !strings.Contains(string(out), "the percentage is not that") {
			t.Errorf("%s: %v\n%s", x.env, err, out)
		}
	}
}
