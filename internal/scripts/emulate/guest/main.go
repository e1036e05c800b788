//go:build linux

// Command guest is the first process of the emulated PC: it runs /test as the files of /job say, with its output to the second serial
// port, says on the console how it ended, and turns the PC off.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Println("\nemulate:", err)
		code = 1
	}
	// A line of its own, whatever the kernel printed before.
	fmt.Printf("\nemulate: exit %d\n", code)
	unix.IoctlSetInt(1, unix.TCSBRK, 1) // waits until it is sent
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func run() (code int, err error) {
	for _, m := range []struct{ kind, dir string }{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/tmp"}} {
		if err := os.MkdirAll(m.dir, 0o1777); err != nil {
			return 0, err
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, ""); err != nil {
			return 0, fmt.Errorf("mounting %s: %w", m.dir, err)
		}
	}
	port, err := openPort("/dev/ttyS1")
	if err != nil {
		return 0, err
	}
	dir, err := os.ReadFile("/job/dir")
	if err != nil {
		return 0, err
	}
	args, err := list("/job/args")
	if err != nil {
		return 0, err
	}
	env, err := list("/job/env")
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(string(dir), 0o755); err != nil {
		return 0, err
	}
	cmd := exec.Command("/test", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = string(dir), port, port
	cmd.Env = append([]string{"HOME=/tmp", "PATH=/", "PWD=" + cmd.Dir}, env...)
	err = cmd.Run()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled()
	if killed {
		fmt.Fprintf(port, "\nemulate: the test binary ended by %v; if that is for want of memory, -memory gives it more\n", err)
	}
	unix.IoctlSetInt(int(port.Fd()), unix.TCSBRK, 1)
	if exit != nil && !killed {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// openPort opens a serial port that changes no byte.
func openPort(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	t.Oflag &^= unix.OPOST
	t.Cflag = t.Cflag&^unix.CBAUD | unix.B115200 | unix.CLOCAL
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("setting %s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// list reads texts with zeros between them.
func list(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	return strings.Split(string(text), "\x00"), nil
}
