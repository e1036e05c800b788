package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glulam/glulam/bench/internal/lab"
	"github.com/glulam/glulam/bench/internal/report"
)

// bench is a measurement in progress.
type bench struct {
	options
	*lab.Lab
	python   string // "": there is none
	single   string // the library for calls from C; "": there is none
	subjects []subject
	models   string // their folder
	compiled map[string]string
	peers    map[string]*peer // by library and threads
	notes    []string
}

// prepare gets everything that is not measured: programs, models, rows.
func (b *bench) prepare(ctx context.Context) error {
	b.peers, b.compiled = map[string]*peer{}, map[string]string{}
	if b.short {
		b.models = "testdata/flights"
		for _, name := range []string{"numeric", "lightgbm"} {
			if b.options.subjects.MatchString(name) {
				b.subjects = append(b.subjects, subject{name: name, about: "LightGBM, 100 trees of 31 leaves of testdata/flights", file: name + ".txt"})
			}
		}
	}
	for _, s := range subjects(b.compile) {
		if !b.short && b.options.subjects.MatchString(s.name) {
			b.subjects = append(b.subjects, s)
		}
	}
	if len(b.subjects) == 0 {
		return errors.New("--models: no model has such a name")
	}
	if b.short {
		return nil
	}
	var err error
	if b.python, err = b.Python(ctx); err != nil {
		return err
	}
	b.single = b.Path("single.so")
	if err := b.Command(ctx, "cc", "-O2", "-shared", "-fPIC", "-o", b.single, "bench/peers/single.c"); err != nil {
		b.single = ""
		b.notes = append(b.notes, "There is no C compiler: single rows are scored from Python only, and nothing that tl2cgen makes is there.")
	}
	var train []string
	for _, s := range b.subjects {
		train = append(train, s.train...)
	}
	slices.Sort(train)
	if b.models, err = b.Train(ctx, b.python, slices.Compact(train)...); err != nil {
		return err
	}
	for _, s := range b.subjects {
		for _, l := range s.peers {
			if l.compiler == "" || !b.only.MatchString(l.name) || l.compiler == "tl2cgen" && b.single == "" {
				continue
			}
			path := b.models + "/" + l.file
			if b.compiled[l.compiler+" "+path], err = b.Compile(ctx, b.python, l.compiler, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends all peers.
func (b *bench) close() {
	for _, p := range b.peers {
		p.end()
	}
}

// about describes machine and versions.
func (b *bench) about(ctx context.Context) about {
	return about{
		Machine: report.ThisMachine(), Commit: lab.Commit(ctx),
		Python: lab.Versions(ctx, b.python, strings.Fields("lightgbm lleaves tl2cgen treelite onnxruntime xgboost catboost scikit-learn numpy")...),
	}
}

// measureAll measures every subject with every number of threads. What fails is reported, and does not keep the others from
// being measured.
func (b *bench) measureAll(ctx context.Context, r *results) error {
	r.Notes = b.notes
	failed := 0
	for _, s := range b.subjects {
		rows, err := b.rowsOf(s)
		if err != nil {
			return err
		}
		l, err := load(s, b.models+"/"+s.file, rows)
		if err != nil {
			return err
		}
		for _, threads := range b.threads {
			t, err := b.measure(ctx, l, threads)
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted: %w", context.Cause(ctx))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			r.Tables = append(r.Tables, t)
			for _, line := range t.Lines {
				if line.Failed != "" {
					failed++
					fmt.Fprintf(b.Log, "%s, %d threads, %s: %s\n", s.name, threads, line.Contender, line.Failed)
				}
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d contenders failed", failed)
	}
	return nil
}

func (b *bench) rowsOf(s subject) (*matrix, error) {
	if b.short {
		return nil, nil
	}
	return readMatrix(b.models + "/rows-" + s.rows + ".f64")
}

// measure measures one subject.
func (b *bench) measure(ctx context.Context, l *loaded, threads int) (*table, error) {
	begin := time.Now()
	t := &table{Model: l.name, About: l.about, Threads: threads, Auto: l.auto.Engine()}
	for _, n := range b.batches {
		if threads == 1 || n >= leastShared {
			t.Batches = append(t.Batches, n)
		}
	}
	all, end, err := l.ours(threads)
	if err != nil {
		return nil, err
	}
	defer end()
	others, err := l.leaves(b.models+"/"+l.file, threads)
	if err != nil {
		return nil, err
	}
	all = append(all, others...)
	notes := slices.Clone(l.notes)
	for _, lib := range l.peers {
		if !b.only.MatchString(lib.name) {
			continue
		}
		found, err := b.join(ctx, l, lib, threads)
		if err != nil {
			t.Lines = append(t.Lines, &line{Contender: lib.title, Failed: err.Error()})
			continue
		}
		if found == nil {
			notes = append(notes, lib.title+": nothing to compile with")
		}
		all = append(all, found...)
	}
	t.Notes = notes
	b.check(l, all, t)
	for _, batch := range t.Batches {
		b.inTurns(all, t, batch)
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(b.Log, "%s, %d threads: %d contenders, %.1f s\n", l.name, threads, len(all), time.Since(begin).Seconds())
	return t, nil
}

// leastShared is the least batch that is worth several threads: a call of fewer rows is over before another core has noticed.
const leastShared = 256

// join has a library load the subject, in its process, which is started if need be. No contender and no error: it has nothing
// to load.
func (b *bench) join(ctx context.Context, l *loaded, lib library, threads int) ([]contender, error) {
	path := b.models + "/" + lib.file
	load := map[string]any{"model": path, "rows": b.models + "/rows-" + l.subject.rows + ".f64"}
	if b.single != "" {
		load["single"] = b.single
	}
	if lib.compiler != "" {
		compiled := b.compiled[lib.compiler+" "+path]
		if compiled == "" {
			return nil, nil
		}
		load["compiled"] = compiled
	}
	key := fmt.Sprintf("%s %d", lib.name, threads)
	if b.peers[key] == nil {
		p, err := startPeer(b.Lab, b.python, lib.name, threads)
		if err != nil {
			return nil, err
		}
		b.peers[key] = p
	}
	found, err := b.peers[key].contenders(ctx, lib, load)
	if err != nil { // another one begins anew
		b.peers[key].end()
		delete(b.peers, key)
	}
	return found, err
}

// check has every contender score all rows, and compares. Lines of the table are made here, in the order of the contenders.
func (b *bench) check(l *loaded, all []contender, t *table) {
	for i := range all {
		c := &all[i]
		ln := &line{Contender: c.name, Ours: c.ours, Bound: c.bound, NS: map[int][]float64{}}
		t.Lines = append(t.Lines, ln)
		want := l.margins
		if c.prediction {
			want = l.prediction
		}
		got, err := c.scores()
		if err == nil {
			ln.Furthest, err = furthest(got, want)
		}
		if err == nil && ln.Furthest > c.bound {
			err = fmt.Errorf("a number is %g away from the reference, and %g is allowed", ln.Furthest, c.bound)
		}
		if err != nil {
			ln.Failed = err.Error()
		}
		c.line = ln
	}
}

// enoughRounds is how often those are measured whose one call takes much longer than a pass is to take.
const enoughRounds = 3

// inTurns measures all contenders with one size of batch, round by round, and another one begins each round.
func (b *bench) inTurns(all []contender, t *table, batch int) {
	for round := -1; round < b.rounds; round++ {
		for i := range all {
			c := &all[(i+max(round, 0))%len(all)]
			if c.line.Failed != "" || c.batch != 0 && c.batch != batch {
				continue
			}
			long := b.pass
			if round < 0 { // once, so that nothing is new
				long = 1
			}
			if done := c.line.NS[batch]; len(done) >= enoughRounds && done[0]*float64(batch) > 5*float64(b.pass) {
				continue
			}
			ns, err := c.pass(batch, long)
			switch {
			case err != nil:
				c.line.Failed = err.Error()
			case round >= 0:
				c.line.NS[batch] = append(c.line.NS[batch], ns)
			}
		}
	}
}
