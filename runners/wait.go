package runners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners/flink"
)

const (
	// watchEvery is how often the cluster is asked how a job stands.
	watchEvery = 500 * time.Millisecond
	// lastWord is how long the job server may take to tell of an end that the cluster tells of, and the other way round.
	lastWord = 5 * time.Second
	// awayAfter is how long a cluster may give errors before that is told.
	awayAfter = 15 * time.Second
	// hopeless is how many failures of a job whose workers have done nothing are enough: it would start again for ever.
	hopeless = 3
	// endPatience is how long a job may take to end when it is cancelled.
	endPatience = 30 * time.Second
)

// lookout follows a job on Flink to its end.
type lookout struct {
	*flinkJob
	o        *Options
	began    time.Time
	answered time.Time // by the cluster, last
	// alive: the workers have done something. Failures before that come again and again.
	alive, warned, away bool
	told                chan error
	saved               chan savepoint
}

// observer asks a cluster how a job stands.
type observer struct {
	cluster *flink.Client // nil: one of the job server's own
	status  Status
	over    time.Time // when the cluster said that the job has ended; zero: it goes on
	gone    bool      // the cluster said that it knows no such job
}

// savepoint is what became of one.
type savepoint struct {
	path string
	err  error
}

// wait waits for the job's end. Job server and cluster both tell of it: a job server that goes away takes no job with it.
func (j *flinkJob) wait(ctx context.Context, o *Options) (*Result, error) {
	on := context.WithoutCancel(ctx)
	l := &lookout{flinkJob: j, o: o, began: time.Now(), answered: time.Now(), told: make(chan error, 1), saved: make(chan savepoint, 1)}
	following, cancel := context.WithCancel(on)
	defer cancel()
	told := l.told
	go func() { told <- follow(following, j.client, j.id) }()
	r := &Result{}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	stop, interrupt, giveUp := o.Stop, ctx.Done(), (<-chan time.Time)(nil)
	for {
		select {
		case err := <-l.told:
			if errors.Is(err, errLost) && j.cluster != nil {
				slog.Warn("flink: the job server tells nothing any more; the job goes on, and is followed by the cluster's word", "job", j.id, "error", err)
				l.told = nil
				continue
			}
			return l.end(ctx, r, err)
		case s := <-l.saved:
			if s.err != nil {
				slog.Error("flink: the job goes on, it could not be stopped with a savepoint", "job", j.status.Job, "error", s.err)
				continue
			}
			r.Savepoint = s.path
		case <-stop:
			stop = nil
			l.stop(on)
		case <-interrupt:
			interrupt = nil
			j.cancel(on)
			giveUp = time.After(endPatience)
		case <-giveUp:
			return nil, interrupted(ctx)
		case <-tick.C:
			if j.cluster == nil {
				continue
			}
			if err := l.look(on); err != nil {
				j.cancel(on)
				return nil, err
			}
			if l.stopping() && time.Since(l.answered) > awayAfter { // who stops it does not want to wait for a cluster that is gone
				return nil, l.goOn(fault.New(fault.Unreadable, j.cluster.String(), "the cluster does not answer: the job %s may go on", cmp.Or(j.status.Job, j.id)).
					WithHint("glulam jobs stop tries again, when the cluster is there"))
			}
			if !l.over.IsZero() && (l.told == nil || time.Since(l.over) > lastWord) {
				return l.end(ctx, r, l.verdict(on))
			}
		}
	}
}

// end gives the outcome. A savepoint may still be on its way to us.
func (l *lookout) end(ctx context.Context, r *Result, err error) (*Result, error) {
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, interrupted(ctx)
	case err != nil:
		if fault.CodeOf(err) == fault.Internal {
			err = l.why(ctx, err)
		}
		if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Code == fault.Unreadable {
			err = l.goOn(fe)
		}
		return nil, err
	}
	if l.stopping() && r.Savepoint == "" {
		select {
		case s := <-l.saved:
			if s.err != nil {
				return nil, s.err
			}
			r.Savepoint = s.path
		case <-time.After(lastWord):
		}
	}
	r.counters = l.status.Counters
	if l.told != nil {
		if m, err := resultOf(context.WithoutCancel(ctx), l.client, l.pipeline, l.id); err == nil {
			r.metrics = m.metrics
		}
	}
	return r, nil
}

// goOn says how a stream goes on after an error.
func (l *lookout) goOn(e *fault.Error) error {
	if last := l.status.Checkpoints.Last; last != nil && last.Path != "" && l.o.Streaming {
		return e.WithHint("mend what is wrong, and go on from the last checkpoint with --savepoint %s, or a newer one beside it", last.Path)
	}
	return e
}

// why says more of a failure that is nobody's who said what is wrong. The cluster knows more, if not at once.
func (l *lookout) why(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	for c := l.cluster; c != nil && ctx.Err() == nil; {
		if l.find(ctx) == nil && l.status.Job != "" {
			if root, _, err := c.Exception(ctx, l.status.Job); err == nil && root != "" {
				return l.failed(root)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchEvery / 5):
		}
	}
	return l.failed(err.Error())
}

func (l *lookout) stopping() bool {
	if l.o.Stop == nil {
		return false
	}
	select {
	case <-l.o.Stop:
		return true
	default:
		return false
	}
}

// stop ends the job with a savepoint.
func (l *lookout) stop(ctx context.Context) {
	if l.cluster == nil { // a cluster of the job server's own leaves nothing behind
		l.cancel(ctx)
		return
	}
	if err := l.find(ctx); err != nil || l.status.Job == "" {
		slog.Warn("flink: the job is cancelled, it has not started", "job", l.id)
		l.cancel(ctx)
		return
	}
	id := l.status.Job
	go func() {
		path, err := l.cluster.Stop(ctx, id, l.o.Flink.Savepoints)
		l.saved <- savepoint{path, err}
	}()
}

// look asks the cluster how the job stands. Its error is that of a job which will never do anything.
func (l *lookout) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := l.ask(ctx)
	if err == nil {
		if l.away {
			slog.Warn("flink: the cluster answers again")
		}
		l.away, l.answered = false, time.Now()
	} else if !l.away && time.Since(l.answered) > awayAfter { // a JobManager that starts a job is not ready for questions at once
		l.away = true
		slog.Warn("flink: the cluster does not answer", "error", err)
	}
	if l.status.State == "" {
		return nil
	}
	if l.gone {
		return l.goOn(fault.New(fault.NotFound, l.cluster.String(), "the cluster does not know the job %s any more: its JobManager was started anew, without high availability", l.status.Job))
	}
	if err != nil {
		return nil
	}
	l.alive = l.alive || l.status.Checkpoints.Completed > 0
	for _, n := range l.status.Counters {
		l.alive = l.alive || n > 0
	}
	if l.o.Follow != nil {
		l.o.Follow(l.status)
	}
	if l.alive || !l.over.IsZero() {
		return nil
	}
	if root, times, err := l.cluster.Exception(ctx, l.status.Job); err == nil && times >= hopeless {
		return l.failed(root)
	}
	if limit := cmp.Or(l.o.Flink.FirstOutput, flink.DefaultFirstOutput); !l.warned && time.Since(l.began) > limit {
		l.warned = true
		slog.Warn("flink: the job runs, but its workers have done nothing yet", "after", limit, "job", l.status.Job, "state", l.status.State,
			"likely", "the TaskManager is out of metaspace (Beam's runner in the cluster's lib/ cures it, see docs/flink.md) or the worker cannot reach it: see the TaskManager's log")
	}
	return nil
}

func (l *lookout) ask(ctx context.Context) error {
	if err := l.find(ctx); err != nil || l.status.Job == "" {
		return err
	}
	return l.observer.ask(ctx)
}

// ask asks how the job stands. What the answer does not say stays as it was.
func (w *observer) ask(ctx context.Context) error {
	job, err := w.cluster.Job(ctx, w.status.Job)
	if w.gone = fault.CodeOf(err) == fault.NotFound; err != nil {
		return err
	}
	st := &w.status
	st.State = string(job.State)
	if job.State.Over() && w.over.IsZero() {
		w.over = time.Now()
	}
	if st.Checkpoints, err = w.cluster.Checkpoints(ctx, st.Job); err != nil || job.State != flink.Running {
		return err
	}
	restarts, err := w.cluster.Restarts(ctx, st.Job)
	if err != nil {
		return err
	}
	if restarts > st.Restarts {
		root, _, _ := w.cluster.Exception(ctx, st.Job)
		slog.Warn("flink: the job was started again from its last checkpoint", "job", st.Job, "times", restarts, "cause", reason(root))
	}
	st.Restarts = restarts
	counters, err := w.cluster.Counters(ctx, st.Job, "glulam")
	if err != nil {
		return err
	}
	if len(counters) > 0 {
		st.Counters = counters
	}
	return nil
}

// FollowFlink tells follow about once a second how a job of a cluster stands, until it ends or ctx does. The error is that of a
// job which did not end well, or of a cluster that does not answer.
func FollowFlink(ctx context.Context, cluster *flink.Client, id string, follow func(Status)) (last Status, err error) {
	w := observer{cluster: cluster, status: Status{Job: id}}
	for {
		if err := w.ask(ctx); err != nil {
			return w.status, err
		}
		follow(w.status)
		if !w.over.IsZero() {
			return w.status, w.verdict(ctx)
		}
		select {
		case <-ctx.Done():
			return w.status, nil
		case <-time.After(time.Second):
		}
	}
}

// find finds the cluster's id of the job.
func (j *flinkJob) find(ctx context.Context) error {
	if j.status.Job != "" {
		return nil
	}
	jobs, err := j.cluster.Jobs(ctx)
	for _, f := range jobs {
		if f.Name == j.flinkName() {
			j.status.Job = f.ID
			return nil
		}
	}
	return err
}

// flinkName is the name that the job has in Flink: its id without what the job server added last.
func (j *flinkJob) flinkName() string {
	if i := strings.LastIndexByte(j.id, '_'); i > 0 {
		return j.id[:i]
	}
	return j.id
}

// verdict says how the job ended, as the cluster has it.
func (w *observer) verdict(ctx context.Context) error {
	switch flink.State(w.status.State) {
	case flink.Finished:
		return nil
	case flink.Canceled:
		return &fault.Error{Code: fault.Interrupted, Err: errors.New("the job was cancelled")}
	}
	root, _, err := w.cluster.Exception(ctx, w.status.Job)
	return w.failed(cmp.Or(root, fmt.Sprintf("the job ended as %s, and the cluster does not say why (%v)", w.status.State, err)))
}

// failed makes an error of what the cluster says.
func (w *observer) failed(root string) error {
	if e, ok := fault.FromText(root); ok {
		return e
	}
	where := flink.Local
	if w.cluster != nil {
		where = w.cluster.String()
	}
	e := fault.New(fault.Unreadable, where, "the job failed: %s", reason(root))
	for _, k := range []struct{ says, hint string }{
		{"No such file or directory", "glulam has to be on the TaskManagers' machines where it is here; --worker-binary says where else, --workers loopback scores in this process"},
		{"Exec format error", "the binary on the TaskManagers' machines is for another system: install the one for theirs, and say where with --worker-binary"},
		{"Permission denied", "the TaskManagers may not run the binary: chmod +x, or --worker-binary says where another is"},
		{"NoResourceAvailable", "give a smaller --parallelism, or start TaskManagers"},
		{"Metaspace", "put Beam's runner jar into the cluster's lib/, or give it more taskmanager.memory.jvm-metaspace.size (docs/flink.md)"},
		{"Connection refused", "does the worker pool run where --workers says? glulam worker --listen starts one"},
	} {
		if strings.Contains(root, k.says) {
			return e.WithHint("%s", k.hint)
		}
	}
	return e.WithHint("the logs of the JobManager and the TaskManagers tell more")
}

// reason is what a Java stack trace has to say: its innermost cause, or its first line.
func reason(trace string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(trace), "\n")
	for l := range strings.SplitSeq(trace, "\n") {
		if cause, ok := strings.CutPrefix(strings.TrimSpace(l), "Caused by: "); ok {
			line = cause
		}
		if strings.Contains(l, "Cannot run program") { // the cause of that does not say which
			break
		}
	}
	return fmt.Sprintf("%.500s", line)
}

// cancel ends the job: in Flink first, because the job server says that a job is cancelled and lets it run.
func (j *flinkJob) cancel(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	if j.cluster != nil {
		err := j.find(ctx)
		if err == nil && j.status.Job != "" {
			err = j.cluster.Cancel(ctx, j.status.Job)
		}
		if err != nil {
			slog.Warn("flink: the job may still run", "job", j.id, "error", err)
		}
	}
	j.client.Cancel(ctx, &jobpb.CancelJobRequest{JobId: j.id})
}
