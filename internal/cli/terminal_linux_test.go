package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openPty gives both ends of a pseudo terminal of 100 columns.
func openPty(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { ours.Close() })
	fd := int(ours.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100})
	}
	if err == nil {
		theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	return ours, theirs
}

// On a terminal there is a line of progress, which is gone before the summary.
func TestTerminal(t *testing.T) {
	rows, err := os.ReadFile(filepath.Join(flights(t), "rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	header, body, _ := bytes.Cut(rows, []byte("\n"))
	dir := t.TempDir()
	big := append(append(header, '\n'), bytes.Repeat(body, 40)...)
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), big, 0o644); err != nil {
		t.Fatal(err)
	}
	ours, theirs := openPty(t)
	cmd := exec.Command("glulam", "batch", "--model", filepath.Join(flights(t), "lightgbm.txt"), "--input", "rows.csv", "--output", "o")
	cmd.Dir, cmd.Stderr = dir, theirs
	cmd.Env = append(os.Environ(), "TERM=xterm")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	var seen bytes.Buffer
	var wg sync.WaitGroup
	wg.Go(func() { seen.ReadFrom(ours) }) // ends with EIO when the other end is closed
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	wg.Wait()

	text := seen.String()
	progress := regexp.MustCompile(`\r(starting|looking through|loading|scoring|finishing)[^\r\n]*\x1b\[K`)
	if !progress.MatchString(text) {
		t.Errorf("no progress in %q", text)
	}
	// What stays on the screen is the summary alone.
	var stay strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if i := strings.LastIndex(line, "\x1b[K"); i >= 0 { // a drawn line ends there, or is wiped
			line = line[i+len("\x1b[K"):]
		}
		stay.WriteString(line + "\n")
	}
	if !strings.HasPrefix(stay.String(), "  rows in      200,000\n  scored       200,000\n") {
		t.Errorf("left on the screen:\n%s", stay.String())
	}
}
