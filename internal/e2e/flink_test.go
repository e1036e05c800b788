package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/internal/services/flink"
	"github.com/glulam/glulam/internal/services/kafka"
	rest "github.com/glulam/glulam/runners/flink"
)

// onFlink is a real cluster of two slots with a job server, and a broker.
type onFlink struct {
	*flink.Cluster
	server string
	broker *kafka.Broker
	client *rest.Client
}

// TestFlink runs batches and streams on a real cluster, one after the other: they want its two slots, and most of the machine.
func TestFlink(t *testing.T) {
	var c onFlink
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { c.broker, errs[0] = kafka.Start(t.Context(), kafka.Options{Dir: t.TempDir()}) })
	both.Go(func() {
		if c.Cluster, errs[1] = flink.Start(t.Context(), flink.Options{Dir: t.TempDir()}); errs[1] == nil {
			c.server, errs[1] = c.StartJobServer(t.Context())
		}
	})
	both.Wait()
	t.Cleanup(func() {
		if c.broker != nil {
			c.broker.Stop()
		}
		if c.Cluster != nil {
			c.Stop()
		}
	})
	err := errors.Join(errs[:]...)
	if err != nil {
		t.Fatal(err)
	}
	if c.client, err = rest.NewClient(c.REST); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		test func(*testing.T, *onFlink)
	}{
		{"batch", flinkBatch}, {"refused", flinkRefused}, {"stream", flinkStream}, {"killed", flinkKilled}, {"forgotten", flinkForgotten}, {"pool", flinkPool}, {"jobs", flinkJobs}, {"many", flinkMany},
	} {
		if !t.Run(x.name, func(t *testing.T) { x.test(t, &c) }) && t.Context().Err() != nil {
			return
		}
		c.idle(t)
	}
}

// flags are those that every job here has.
func (c *onFlink) flags(more ...string) []string {
	return append([]string{"--runner", "flink", "--flink", c.REST, "--job-server", c.server}, more...)
}

// idle waits until all slots are free again: a job of a test before this one that still runs would take them.
func (c *onFlink) idle(t *testing.T) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		over, err := c.client.Overview(context.Background())
		if err == nil && over.Slots > 0 && over.Free == over.Slots {
			return
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("slots are taken: %+v %v", over, err)
		}
	}
}

// flinkBatch holds that a batch gives the same files as on prism, dead letters and run.json with them, wherever the rows are scored.
func flinkBatch(t *testing.T, c *onFlink) {
	dir := t.TempDir()
	head, lines := rows(t)
	lines[7], lines[1234] = "1,2\n", strings.Replace(lines[1234], ",", ",what,", 1)
	input := filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(input, []byte(head+strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"batch", "--model", golden.Path("lightgbm.txt"), "--input", input, "--max-rejected", "10", "--columns", "id"}
	want := glulam(t, append(args, "--output", filepath.Join(dir, "prism"))...)
	if want.code != 0 {
		t.Fatal(want.stderr)
	}
	for _, workers := range []string{"process", "loopback"} {
		out := filepath.Join(dir, workers)
		r := glulam(t, append(args, c.flags("--output", out, "--workers", workers, "--parallelism", "2", "--json")...)...)
		if r.code != 0 {
			t.Fatalf("%s: %s", workers, r.stderr)
		}
		got := tree(t, out)
		got["run.json"] = strings.Replace(got["run.json"], out, filepath.Join(dir, "prism"), 1)
		if diff := cmp.Diff(tree(t, filepath.Join(dir, "prism")), got); diff != "" {
			t.Errorf("%s: the output is another (-prism +flink):\n%.2000s", workers, diff)
		}
		var s struct {
			Rows struct{ In, Scored, Rejected int }
		}
		if err := json.Unmarshal([]byte(r.stdout), &s); err != nil || s.Rows.In != len(lines) || s.Rows.Scored+s.Rows.Rejected != len(lines) || s.Rows.Rejected < 2 {
			t.Errorf("%s: %v %+v", workers, err, s)
		}
	}
	// What goes wrong in a worker is said as on prism.
	os.WriteFile(filepath.Join(dir, "cut.csv.gz"), []byte("\x1f\x8b\x08\x00cut"), 0o644)
	args = []string{"batch", "--model", golden.Path("lightgbm.txt"), "--input", filepath.Join(dir, "cut.csv.gz")}
	prism := glulam(t, append(args, "--output", filepath.Join(dir, "bad"))...)
	here := glulam(t, append(args, c.flags("--output", filepath.Join(dir, "bad"))...)...)
	if here.code != prism.code || here.stderr != prism.stderr {
		t.Errorf("flink: %d %s\nprism: %d %s", here.code, here.stderr, prism.code, prism.stderr)
	}
}

// flinkRefused holds that what cannot work is told soon, with what to do.
func flinkRefused(t *testing.T, c *onFlink) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	build := exec.Command("go", "build", "-ldflags", "-X github.com/glulam/glulam/pipelines.Version=9.9.9", "-o", other, "github.com/glulam/glulam/cmd/glulam")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, x := range []struct {
		name  string
		flags []string
		says  []string
	}{
		{"no cluster", []string{"--flink", "localhost:1"}, []string{"nobody answers", "rest.port"}},
		{"no Flink", []string{"--flink", c.broker.Addr}, []string{"http://" + c.broker.Addr}},
		{"no job server", []string{"--job-server", "localhost:1"}, []string{"no job server answers", "--job-server path.jar"}},
		{"no slots", []string{"--parallelism", "3"}, []string{"the cluster has 2 slots", "--parallelism 2"}},
		{"no binary", []string{"--worker-binary", "/nowhere/glulam"}, []string{"/nowhere/glulam", "--worker-binary"}},
		{"other version", []string{"--worker-binary", other}, []string{"glulam 9.9.9", "install that version"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			begin := time.Now()
			args := append([]string{"batch", "--model", golden.Path("lightgbm.txt"), "--input", golden.Path("rows.csv"), "--output", filepath.Join(dir, "out")}, c.flags()...)
			r := glulam(t, append(args, x.flags...)...)
			if r.code == 0 {
				t.Fatal("it worked")
			}
			r.plain(t, x.name, r.code)
			for _, w := range x.says {
				if !strings.Contains(r.stderr, w) {
					t.Errorf("it does not say %q: %s", w, r.stderr)
				}
			}
			t.Logf("told after %s", time.Since(begin).Round(time.Millisecond))
			c.idle(t)
		})
	}
}

// savepointOf finds the savepoint that a summary names.
var savepointOf = regexp.MustCompile(`(?m)^\s+savepoint\s+(\S+)$`)

// flinkStream holds that a stream is scored by readers on both slots, that it can be stopped with a savepoint, and that it goes on
// from there with no gap and nothing twice; and that windows come out.
func flinkStream(t *testing.T, c *onFlink) {
	x := newTable(t, c.broker.Addr, 4)
	summaries := filepath.Join(t.TempDir(), "summaries")
	x.send(append(x.good(200), x.bad("bad_json", "{%d"))...)
	flags := c.flags("--parallelism", "2", "--checkpoint-interval", "1s", "--delivery", "exactly-once", "--window", "1s", "--idle-timeout", "1s", "--summary", "jsonl:"+summaries+"/")
	p := x.start(flags...)
	x.settled(p)
	c.bothSlots(t, p)
	x.send(x.good(200)...)
	x.settled(p)
	p.stop()
	m := savepointOf.FindStringSubmatch(p.text())
	if m == nil {
		t.Fatalf("it names no savepoint: %s", p.text())
	}
	if !strings.Contains(p.text(), "rejected") {
		t.Errorf("the summary has no rejected row: %s", p.text())
	}
	x.send(x.good(300)...) // while nothing runs
	p = x.start(append(flags, "--savepoint", m[1])...)
	x.send(x.good(100)...)
	x.settled(p)
	p.stop()
	if names, _ := filepath.Glob(filepath.Join(summaries, "*")); len(names) == 0 {
		t.Error("there are no summaries")
	}
}

// bothSlots holds that readers read on each slot: Flink puts them where their keys say.
func (c *onFlink) bothSlots(t *testing.T, p *process) {
	t.Helper()
	p.until("rows are read on both slots", func() bool {
		jobs, err := c.client.Jobs(t.Context())
		if err != nil || len(jobs) == 0 {
			return false
		}
		n, err := c.client.Subtasks(t.Context(), jobs[0].ID, "glulam", "rows_read")
		return err == nil && len(n) == 2 && n[0] > 0 && n[1] > 0
	})
}

// flinkKilled kills what a job consists of, each in its turn, while messages come: none is lost, none is there twice.
func flinkKilled(t *testing.T, c *onFlink) {
	x := newTable(t, c.broker.Addr, 3)
	summaries := filepath.Join(t.TempDir(), "summaries")
	flags := c.flags("--checkpoint-interval", "1s", "--delivery", "exactly-once")
	times := number(t, "GLULAM_KILLS", 1)
	if times > 1 { // Flink's own strategy waits longer after each failure, up to a minute
		flags = append(flags, "--retries", "1000", "--retry-delay", "500ms")
	}
	p := x.start(append(flags, "--window", "1s", "--lateness", "20s", "--idle-timeout", "1s", "--summary", "jsonl:"+summaries+"/")...)
	x.send(x.good(100)...)
	x.settled(p)
	c.checkpointed(t, p, 1)
	kills := []struct {
		what string
		do   func() error
	}{
		{"worker", func() error { return syscall.Kill(workerOf(t, p), syscall.SIGKILL) }},
		{"TaskManager", func() error {
			if err := c.KillTaskManager(0); err != nil {
				return err
			}
			return c.StartTaskManager(t.Context(), 0)
		}},
		{"job server", func() error {
			if err := c.KillJobServer(); err != nil {
				return err
			}
			_, err := c.StartJobServer(t.Context())
			return err
		}},
	}
	for range times {
		for _, i := range rand.Perm(len(kills)) {
			stop := x.produceEvery(10*time.Millisecond, 2)
			time.Sleep(rand.N(1500 * time.Millisecond))
			begin := time.Now()
			if err := kills[i].do(); err != nil {
				t.Fatalf("killing the %s: %v", kills[i].what, err)
			}
			time.Sleep(200 * time.Millisecond)
			stop()
			x.settled(p)
			t.Logf("after the end of the %s all was settled in %s", kills[i].what, time.Since(begin).Round(time.Millisecond))
		}
	}
	// What comes later closes the windows of all before it.
	want, n := len(x.sent), 0
	time.Sleep(1500 * time.Millisecond)
	x.send(x.good(50)...)
	for begin := time.Now(); n < want && time.Since(begin) < time.Minute; time.Sleep(100 * time.Millisecond) {
		n = inWindows(t, summaries)
	}
	if n != want {
		t.Errorf("%d messages are in windows, %d were sent", n, want)
	}
	// The job goes on without its submitter.
	for left := times; ; {
		p.kill()
		x.send(x.good(200)...)
		x.settled(nil)
		r := glulam(t, "jobs", "stop", x.name, "--flink", c.REST)
		if r.code != 0 || !strings.Contains(r.stdout, "--savepoint file:") {
			t.Fatalf("%d %s %s", r.code, r.stdout, r.stderr)
		}
		if left--; left == 0 {
			return
		}
		c.idle(t)
		p = x.start(flags...)
		x.send(x.good(200)...)
		x.settled(p)
		c.checkpointed(t, p, 1)
	}
}

// flinkForgotten kills the JobManager: without high availability the next one knows no job, and the submitter says from which
// checkpoint to go on.
func flinkForgotten(t *testing.T, c *onFlink) {
	x := newTable(t, c.broker.Addr, 2)
	flags := c.flags("--checkpoint-interval", "1s", "--delivery", "exactly-once")
	p := x.start(flags...)
	for range number(t, "GLULAM_KILLS", 1) {
		x.send(x.good(200)...)
		x.settled(p)
		c.checkpointed(t, p, 4) // the submitter has seen some of them
		x.send(x.good(200)...)
		if err := c.KillJobManager(); err != nil {
			t.Fatal(err)
		}
		if err := c.StartJobManager(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.ends(1, "--savepoint file:")
		_, path, _ := strings.Cut(p.text(), "with --savepoint file:")
		path, _, _ = strings.Cut(path, ",")
		newest := "" // the cluster may have made one more, and removed that
		for _, name := range found(t, filepath.Dir(path), "chk-*/_metadata") {
			if dir := filepath.Dir(name); len(dir) > len(newest) || len(dir) == len(newest) && dir > newest {
				newest = dir
			}
		}
		c.idle(t) // until then tasks of the first job, which their JobManager has left, may still score
		x.send(x.good(200)...)
		p = x.start(append(flags, "--savepoint", "file:"+newest)...)
		x.settled(p)
		c.checkpointed(t, p, 1)
	}
	p.stop()
}

// flinkMany holds that jobs leave nothing behind: no worker, no slot, no classes.
func flinkMany(t *testing.T, c *onFlink) {
	n := number(t, "GLULAM_JOBS", 2)
	var first int64
	for i := range n {
		r := glulam(t, append([]string{"batch", "--model", golden.Path("lightgbm.txt"), "--input", golden.Path("rows.csv"), "--output", filepath.Join(t.TempDir(), "out"), "--columns", "id"},
			c.flags("--workers", "process", "--parallelism", "2")...)...)
		if r.code != 0 {
			t.Fatalf("job %d: %s", i, r.stderr)
		}
		c.idle(t)
		if n > 2 && (i == 0 || i == n-1) { // it is told every ten seconds
			time.Sleep(15 * time.Second)
			now, err := c.Metaspace(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("metaspace after job %d: %.1f MB", i+1, float64(now)/1e6)
			if i == 0 {
				first = now
			} else if now > first+20e6 {
				t.Errorf("metaspace grew from %d to %d bytes", first, now)
			}
		}
	}
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		left := workers()
		if len(left) == 0 {
			return
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("workers are left: %v", left)
		}
	}
}

// inWindows sums what the last summary of each window says of rows. A window that was summarized after the last checkpoint before
// a failure is summarized again.
func inWindows(t *testing.T, dir string) (rows int) {
	t.Helper()
	type window struct {
		start, model string
	}
	last, of := map[window]int{}, map[window]int{}
	for _, name := range found(t, dir, "*") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var s struct {
				Start    string         `json:"window_start"`
				Model    string         `json:"model"`
				Index    int            `json:"pane_index"`
				Rows     int            `json:"rows"`
				Rejected map[string]int `json:"rejected"`
			}
			if json.Unmarshal([]byte(line), &s) != nil { // it is being written
				continue
			}
			w := window{s.Start, s.Model}
			if s.Index < last[w] {
				continue
			}
			last[w], of[w] = s.Index, s.Rows
			for _, n := range s.Rejected {
				of[w] += n
			}
		}
	}
	for _, n := range of {
		rows += n
	}
	return rows
}

// checkpointed waits for n checkpoints.
func (c *onFlink) checkpointed(t *testing.T, p *process, n int64) {
	t.Helper()
	p.until("there are checkpoints", func() bool {
		jobs, err := c.client.Jobs(t.Context())
		if err != nil || len(jobs) == 0 {
			return false
		}
		k, err := c.client.Checkpoints(t.Context(), jobs[0].ID)
		return err == nil && k.Completed >= n
	})
}

// workerOf finds the process that a TaskManager started for the job: this binary, as a worker.
func workerOf(t *testing.T, p *process) (pid int) {
	t.Helper()
	p.until("there is a worker", func() bool {
		for _, pid = range workers() {
			return true
		}
		return false
	})
	return pid
}

// workers are the processes of this binary that are workers.
func workers() (pids []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if args := strings.Split(string(text), "\x00"); err == nil && len(args) > 1 && args[0] == binary && strings.HasPrefix(args[1], "--worker") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// flinkPool holds that two jobs at once have workers of one pool, though they ask for the same ids.
func flinkPool(t *testing.T, c *onFlink) {
	addr := freeAddr(t)
	pool := run(t, nil, "worker", "--listen", addr)
	var jobs []*process
	var tables []*table
	for _, word := range []string{"a", "b"} {
		x := newTable(t, c.broker.Addr, 1, word)
		x.send(x.good(100)...)
		jobs, tables = append(jobs, x.start(c.flags("--workers", addr, "--checkpoint-interval", "1s", "--delivery", "exactly-once")...)), append(tables, x)
	}
	for i, x := range tables {
		x.settled(jobs[i])
		x.send(x.good(100)...)
	}
	for i, x := range tables {
		x.settled(jobs[i])
		jobs[i].stop()
	}
	pool.until("the workers have ended", func() bool {
		return strings.Count(pool.text(), "a worker has ended") == strings.Count(pool.text(), "a worker starts")
	})
	pool.stop()
}

// flinkJobs holds what `glulam jobs` says of a job, and that cancel ends it.
func flinkJobs(t *testing.T, c *onFlink) {
	x := newTable(t, c.broker.Addr, 1)
	x.send(x.good(100)...)
	p := x.start(c.flags("--workers", "loopback", "--checkpoint-interval", "1s")...)
	x.settled(p)
	r := glulam(t, "jobs", "list", "--flink", c.REST)
	if r.code != 0 || !regexp.MustCompile(`(?m)^[0-9a-f]{32}  RUNNING `).MatchString(r.stdout) {
		t.Errorf("%d %s%s", r.code, r.stdout, r.stderr)
	}
	r = glulam(t, "jobs", "cancel", x.name, "--flink", c.REST)
	if r.code != 0 || !strings.Contains(r.stdout, "canceled") {
		t.Errorf("%d %s%s", r.code, r.stdout, r.stderr)
	}
	p.ends(1, "cancelled")
	r = glulam(t, "jobs", "follow", x.name, "--flink", c.REST)
	if r.code != 1 || !strings.Contains(r.stdout, "CANCELED") {
		t.Errorf("%d %s%s", r.code, r.stdout, r.stderr)
	}
	r = glulam(t, "jobs", "stop", "nothing-of-the-kind", "--flink", c.REST)
	r.plain(t, "an unknown job", 1, 2)
}
