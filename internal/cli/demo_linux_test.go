package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// demoOn is `glulam demo` on a terminal.
type demoOn struct {
	cmd    *exec.Cmd
	ours   *os.File
	before *unix.Termios
	temp   string

	mu   sync.Mutex
	text bytes.Buffer
	done sync.WaitGroup
}

func startDemo(t *testing.T, env []string, args ...string) *demoOn {
	t.Helper()
	ours, theirs := openPty(t)
	d := &demoOn{ours: ours, temp: t.TempDir()}
	var err error
	if d.before, err = unix.IoctlGetTermios(int(ours.Fd()), unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command("glulam", append([]string{"demo"}, args...)...)
	d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr = theirs, theirs, theirs
	d.cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR=", "TMPDIR="+d.temp), env...)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.cmd.Process.Kill() })
	theirs.Close()
	d.done.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := ours.Read(buf)
			d.mu.Lock()
			d.text.Write(buf[:n])
			d.mu.Unlock()
			if err != nil { // EIO when the other end is closed
				return
			}
		}
	})
	return d
}

func (d *demoOn) seen() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// sees waits until the terminal was sent a text.
func (d *demoOn) sees(t *testing.T, text string) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if strings.Contains(d.seen(), text) {
			return
		}
	}
	t.Fatalf("no %q in the last of\n%.4000q", text, d.seen()[max(0, len(d.seen())-4000):])
}

func (d *demoOn) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(d.ours, keys); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the end, and holds that nothing is left behind.
func (d *demoOn) ends(t *testing.T, code int) {
	t.Helper()
	err := d.cmd.Wait()
	got := 0
	if ee := (*exec.ExitError)(nil); errors.As(err, &ee) {
		got = ee.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if got != code {
		t.Errorf("exit code %d, not %d", got, code)
	}
	after, err := unix.IoctlGetTermios(int(d.ours.Fd()), unix.TCGETS)
	if err == nil && *after != *d.before { // EIO: nobody has the other end open any more
		t.Errorf("the terminal is set to %+v, not as before to %+v", *after, *d.before)
	}
	d.done.Wait()
	if left, err := os.ReadDir(d.temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	text := d.seen()
	for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h"} {
		if strings.Count(text, on) != strings.Count(text, off) || strings.LastIndex(text, on) > strings.LastIndex(text, off) {
			t.Errorf("%q without %q", on, off)
		}
	}
}

// The keys do what they are for, and the terminal is given back.
func TestDemoKeys(t *testing.T) {
	d := startDemo(t, nil, "--rate", "200")
	d.sees(t, "s\x1b[0m swap the model")
	d.types(t, "s")
	d.sees(t, "1 swap")
	d.types(t, "b")
	d.sees(t, "1 refused")
	d.sees(t, "the old model serves on")
	d.types(t, "b")
	d.sees(t, "2 refused")
	d.types(t, "s")
	d.sees(t, "2 swaps")
	if !strings.Contains(d.seen(), "\x1b[31m") || !strings.Contains(d.seen(), "█") {
		t.Error("no colours, or no bars")
	}
	d.types(t, "q")
	d.ends(t, 0)
	_, summary, _ := strings.Cut(d.seen(), "\x1b[?1049l")
	for _, want := range []string{"  rows in ", " 2, 2 refused; champion served at the end", " rejected: equal"} {
		if !strings.Contains(summary, want) {
			t.Errorf("no %q in the summary:\n%s", want, summary)
		}
	}
}

// Ctrl-C ends the demo with its summary, a second one at once; NO_COLOR is heeded.
func TestDemoInterrupted(t *testing.T) {
	once := startDemo(t, []string{"NO_COLOR=1"})
	once.sees(t, "on their way")
	once.types(t, "\x03")
	once.ends(t, 0)
	text := once.seen()
	if !strings.Contains(text, " rejected: equal") {
		t.Errorf("no summary in %.2000q", text[max(0, len(text)-2000):])
	}
	for _, colour := range []string{"\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[34m"} {
		if strings.Contains(text, colour) {
			t.Errorf("%q in spite of NO_COLOR", colour)
		}
	}
	twice := startDemo(t, nil)
	twice.sees(t, "on their way")
	twice.types(t, "\x03\x03")
	twice.ends(t, 1)
	if strings.Contains(twice.seen(), "rows in") {
		t.Error("the second Ctrl-C waited for the summary")
	}
}

// A terminal that can do nothing gets lines.
func TestDemoDumb(t *testing.T) {
	d := startDemo(t, []string{"TERM=dumb"}, "--rate", "100", "--for", "1500ms", "--bad", "0")
	d.ends(t, 0)
	if text := d.seen(); strings.Contains(text, "\x1b") || !strings.Contains(text, "/s  sent ") || !strings.Contains(text, " + 0 rejected: equal") {
		t.Errorf("%q", text)
	}
}
