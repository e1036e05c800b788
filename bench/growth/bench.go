package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/glulam/glulam/bench/internal/flights"
	"github.com/glulam/glulam/bench/internal/lab"
	"github.com/glulam/glulam/bench/internal/process"
)

// bench is a measurement in progress.
type bench struct {
	options
	*lab.Lab
	table *flights.Table
}

// prepare gets what every axis needs.
func (b *bench) prepare(ctx context.Context) error {
	if err := process.Adopt(); err != nil {
		return err
	}
	var err error
	if b.table, err = flights.Read("testdata/flights/rows.csv"); err != nil {
		return err
	}
	b.glulam, err = b.Glulam(ctx, b.glulam)
	return err
}

// measureAll measures each axis, round by round: each round has all its points, and another one begins. A run that fails is
// reported and keeps no other from running.
func (b *bench) measureAll(ctx context.Context, r *results) error {
	failed := 0
	for _, a := range b.axes() {
		if !b.only.MatchString(a.name) {
			continue
		}
		jobs := make([]job, len(a.at))
		s := &series{Axis: a.name, Unit: a.unit, About: a.about}
		for i, n := range a.at {
			var err error
			if jobs[i], err = a.job(b, n); err != nil {
				return err
			}
			s.Points = append(s.Points, &point{At: n, Rows: jobs[i].rows})
		}
		r.Series = append(r.Series, s)
		for round := range b.rounds {
			for i := range jobs {
				k := (i + round) % len(jobs)
				p := s.Points[k]
				u, engine, err := b.measure(ctx, jobs[k])
				if ctx.Err() != nil {
					return fmt.Errorf("interrupted: %w", context.Cause(ctx))
				}
				if err != nil {
					failed++
					p.Failed = err.Error()
					fmt.Fprintf(b.Log, "%s %d: %v\n", a.name, p.At, err)
					continue
				}
				r.Engine = engine
				p.Wall, p.CPU, p.Peak = append(p.Wall, u.Wall.Seconds()), append(p.CPU, u.CPU.Seconds()), append(p.Peak, float64(u.Peak))
				fmt.Fprintf(b.Log, "%s %d, round %d of %d: %.2f s, %.2f s CPU, %d MB\n", a.name, p.At, round+1, b.rounds, u.Wall.Seconds(), u.CPU.Seconds(), u.Peak/1e6)
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d runs failed", failed)
	}
	return nil
}

// summary is the part of what glulam batch says at its end that is looked at here.
type summary struct {
	Model struct{ Engine string }
	Rows  struct{ In, Scored, Rejected int }
}

// measure runs a job once, and looks whether it scored all its rows.
func (b *bench) measure(ctx context.Context, j job) (u process.Usage, engine string, err error) {
	out := b.Path("out-growth")
	defer os.RemoveAll(out)
	paths, err := filepath.Glob(j.input)
	if err := errors.Join(err, os.RemoveAll(out), lab.Warm(append(paths, j.model)...)); err != nil {
		return u, "", err
	}
	process.Settle()
	cmd := exec.CommandContext(ctx, b.glulam, append([]string{"batch", "--model", j.model, "--input", j.input, "--output", out, "--columns", "id", "--json"}, j.args...)...)
	cmd.Env = append(os.Environ(), j.env...)
	var said, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &failure
	if u, err = process.Run(ctx, cmd); err != nil {
		return u, "", fmt.Errorf("%w: %s", err, strings.TrimSpace(failure.String()))
	}
	var s summary
	if err := json.Unmarshal(said.Bytes(), &s); err != nil {
		return u, "", fmt.Errorf("its summary: %w", err)
	}
	if s.Rows.In != j.rows || s.Rows.Scored != j.rows {
		return u, "", fmt.Errorf("%d of %d rows were scored, and there are %d", s.Rows.Scored, s.Rows.In, j.rows)
	}
	return u, s.Model.Engine, nil
}
