package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a contender that runs.
type process struct {
	cmd          *exec.Cmd
	stdout, said bytes.Buffer
	exited       chan error
	edges        []time.Duration // CPU time at the edges of what counts
}

// spent is what a process used and said.
type spent struct {
	cpu     time.Duration // between the edges
	scoring float64       // glulam's own share: p99 from a poll to the sink, in ms; 0 if it does not say
}

func (b *bench) start(c *contender, in, out string) (*process, error) {
	p := &process{cmd: c.command(in, out), exited: make(chan error, 1)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.exited <- p.cmd.Wait() }()
	return p, nil
}

// edge notes the CPU time so far, and says whether the process is still there.
func (p *process) edge() error {
	cpu, err := cpuOf(p.cmd.Process.Pid)
	p.edges = append(p.edges, cpu)
	return err
}

// cpuOf reads the CPU time of a process from Linux's account of it, in steps of 10 ms.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, errStopped
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 || f[0] == "Z" {
		return 0, errStopped
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// finish stops it. err is what went wrong before.
func (p *process) finish(err error) (s spent, _ error) {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case werr := <-p.exited:
		if werr != nil {
			err = errors.Join(err, fmt.Errorf("%w: %s", werr, p.said.Bytes()))
		}
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-p.exited
		err = errors.Join(err, fmt.Errorf("it did not stop: %s", p.said.Bytes()))
	}
	if len(p.edges) > 1 {
		s.cpu = p.edges[len(p.edges)-1] - p.edges[0]
	}
	var summary struct {
		Scoring struct {
			P99 float64 `json:"p99"`
		} `json:"scoring_latency_ms"`
	}
	if json.Unmarshal(p.stdout.Bytes(), &summary) == nil {
		s.scoring = summary.Scoring.P99
	}
	return s, err
}
