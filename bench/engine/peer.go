package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/bench/internal/lab"
)

// peer is a process of Python with one library and a number of threads: see bench/peers/engine.py. It belongs to one goroutine.
type peer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan []byte
	log    string // what it says else
	scores string // the file for its scores
}

// answerWithin is how long a peer may take for one answer. One pass of the slowest takes seconds.
const answerWithin = 2 * time.Minute

// startPeer starts one. Whatever a library takes for its threads is told their number.
func startPeer(l *lab.Lab, python, library string, threads int) (*peer, error) {
	name := fmt.Sprintf("peer-%s-%d", library, threads)
	p := &peer{log: l.Path(name + ".log"), scores: l.Path(name + ".f64"), lines: make(chan []byte)}
	p.cmd = exec.Command(python, "bench/peers/engine.py", library, strconv.Itoa(threads))
	p.cmd.Env = lab.Environment()
	for _, v := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT"} {
		p.cmd.Env = append(p.cmd.Env, v+"="+strconv.Itoa(threads))
	}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		r := bufio.NewScanner(out)
		for r.Scan() {
			p.lines <- append([]byte(nil), r.Bytes()...)
		}
	}()
	return p, nil
}

// ask sends a command and waits for the answer.
func (p *peer) ask(ctx context.Context, command map[string]any, answer any) error {
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(p.log))
	}
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	select {
	case line, ok := <-p.lines:
		if !ok {
			return fmt.Errorf("it ended:\n%s", tail(p.log))
		}
		var failure struct{ Error string }
		if err := json.Unmarshal(line, &failure); err != nil {
			return fmt.Errorf("it answers %.100q: %w", line, err)
		}
		if failure.Error != "" {
			return errors.New(failure.Error)
		}
		return json.Unmarshal(line, answer)
	case <-late.C:
		return fmt.Errorf("no answer after %v", answerWithin)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end ends the process.
func (p *peer) end() {
	p.in.Close()
	p.cmd.Process.Kill()
	go func() { // what it still said
		for range p.lines {
		}
	}()
	p.cmd.Wait()
	os.Remove(p.scores)
}

// contenders has a peer load a subject, and gives one contender for each way that there is to call it.
func (p *peer) contenders(ctx context.Context, lib library, load map[string]any) ([]contender, error) {
	var told struct {
		Ways  []string
		Gives string
	}
	load["do"] = "load"
	if err := p.ask(ctx, load, &told); err != nil {
		return nil, err
	}
	var out []contender
	for _, way := range told.Ways {
		c := contender{name: lib.title, bound: lib.bound, prediction: told.Gives == "prediction"}
		if way == "c" {
			c.name, c.batch = lib.title+" from C, row by row", 1
		}
		c.pass = func(batch int, long time.Duration) (float64, error) {
			var a struct{ NS float64 }
			err := p.ask(ctx, map[string]any{"do": "run", "way": way, "batch": batch, "seconds": long.Seconds()}, &a)
			if err == nil && a.NS <= 0 {
				err = fmt.Errorf("it says that a row takes %v ns", a.NS)
			}
			return a.NS, err
		}
		c.scores = func() ([]float64, error) {
			if err := p.ask(ctx, map[string]any{"do": "scores", "way": way, "output": p.scores}, &struct{}{}); err != nil {
				return nil, err
			}
			data, err := os.ReadFile(p.scores)
			return readDoubles(data), err
		}
		out = append(out, c)
	}
	return out, nil
}

// tail is the end of a log.
func tail(path string) string {
	data, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
