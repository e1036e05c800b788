package services

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a program that a test runs beside itself, running or not. Nothing of the test's is open in it but its log. Not safe
// for concurrent use.
type Process struct {
	Name string // for messages, with its article
	Log  string // the file that it prints to; it grows over restarts

	cmd    *exec.Cmd     // nil: it was not started, or was ended
	exited chan struct{} // closed when it has ended, whoever ended it
}

// Start starts it. It must be stopped. env is added to the environment.
func (p *Process) Start(env []string, name string, args ...string) error {
	if p.Running() {
		return fmt.Errorf("%s runs already", p.Name)
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for us
	keepInherited()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.Name, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go func() {
		cmd.Wait() // cmd.ProcessState has what it says
		close(exited)
	}()
	return nil
}

// keepInherited keeps to ourselves what we were started with: Go closes in its children what it opened, but not that. A service
// that held a pipe of ours open would make those wait who read from it.
func keepInherited() {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // not Linux
	}
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// Running says whether it runs: it was started and has not ended, by itself or otherwise.
func (p *Process) Running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// PID is its process id; 0 if it does not run.
func (p *Process) PID() int {
	if !p.Running() {
		return 0
	}
	return p.cmd.Process.Pid
}

// Until waits until ready says so, for longest at the most. The process is killed if that does not come true.
func (p *Process) Until(ctx context.Context, longest time.Duration, ready func() bool) error {
	if err := Await(ctx, longest, ready, p); err != nil {
		return errors.Join(err, p.Kill())
	}
	return nil
}

// Await waits until ready says so, for longest at the most, while all of some processes run.
func Await(ctx context.Context, longest time.Duration, ready func() bool, all ...*Process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("not ready after %v", longest))
	defer cancel()
	for !ready() {
		for _, p := range all {
			if !p.Running() {
				return fmt.Errorf("%s ended at once: %w", p.Name, p.Failure())
			}
		}
		select {
		case <-ctx.Done():
			text := "waiting for a service"
			for _, p := range all {
				text += fmt.Sprintf("\n%s: %s", p.Name, p.Tail())
			}
			return fmt.Errorf("%w: %s", context.Cause(ctx), text)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// Failure is how a process ended by itself, with the end of its log.
func (p *Process) Failure() error {
	if p.cmd == nil || p.Running() {
		return errors.New("it did not end by itself")
	}
	return fmt.Errorf("%v\n%s", p.cmd.ProcessState, p.Tail())
}

// Tail is the end of its log.
func (p *Process) Tail() string {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-2000):]))
}

// Stop ends it in good order, or after half a minute by force. It does nothing if the process has ended.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

// Kill ends it as kill -9 does.
func (p *Process) Kill() error { return p.end(syscall.SIGKILL) }

func (p *Process) end(signal os.Signal) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	cmd := p.cmd
	p.cmd = nil
	select {
	case <-p.exited:
		return nil
	case <-time.After(30 * time.Second):
		cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("%s had to be killed", p.Name)
	}
}

// Listens says whether something takes connections at an address.
func Listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// FreePorts fills in ports that are 0 with ones of the loopback interface that are free.
func FreePorts(ports ...*int) error {
	for _, p := range ports {
		if *p != 0 {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close() // when all are found, so that none is found twice
		*p = l.Addr().(*net.TCPAddr).Port
	}
	return nil
}
