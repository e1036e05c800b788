package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/runners/flink"
)

// jobsCmd is `glulam jobs`: what runs on a Flink cluster, whoever submitted it.
type jobsCmd struct {
	List   jobsListCmd   `cmd:"" help:"list the cluster's jobs, the newest first"`
	Follow jobsFollowCmd `cmd:"" help:"show how a job stands, until it ends"`
	Stop   jobsStopCmd   `cmd:"" help:"end a job with a savepoint, and say where that is"`
	Cancel jobsCancelCmd `cmd:"" help:"end a job at once, without a savepoint"`
}

// ClusterFlag says which cluster.
type ClusterFlag struct {
	Flink string `placeholder:"HOST:PORT" default:"localhost:8081" help:"address of the JobManager's REST interface; default: localhost:8081"`
}

// JobArg says which job.
type JobArg struct {
	ClusterFlag
	Job string `arg:"" placeholder:"JOB" help:"id of the job, or the beginning of it or of its name"`
}

// find finds the job; running ones win over those that have ended.
func (a *JobArg) find(ctx context.Context) (*flink.Client, flink.Job, error) {
	c, err := flink.NewClient(a.Flink)
	if err != nil {
		return nil, flink.Job{}, err
	}
	jobs, err := c.Jobs(ctx)
	if err != nil {
		return nil, flink.Job{}, err
	}
	var found []flink.Job
	for _, over := range []bool{false, true} {
		for _, j := range jobs {
			if j.State.Over() == over && (strings.HasPrefix(j.ID, a.Job) || strings.HasPrefix(j.Name, flink.Mangled(a.Job))) {
				found = append(found, j)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	switch len(found) {
	case 0:
		return nil, flink.Job{}, fault.New(fault.NotFound, a.Job, "the cluster has no such job").WithHint("glulam jobs list --flink %s", a.Flink)
	case 1:
		return c, found[0], nil
	}
	return nil, flink.Job{}, fault.New(fault.Usage, a.Job, "%d jobs begin so, such as %s and %s", len(found), found[0].ID, found[1].ID).WithHint("give more of the id")
}

// jobsListCmd is `glulam jobs list`.
type jobsListCmd struct {
	ClusterFlag
	JSON bool `name:"json" help:"print a JSON object a line"`
}

// jobLine is a job as JSON.
type jobLine struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	State   flink.State `json:"state"`
	Started time.Time   `json:"started"`
	Ended   *time.Time  `json:"ended"` // null while it goes on
}

// Run lists the jobs.
func (c *jobsListCmd) Run(e *env) error {
	client, err := flink.NewClient(c.Flink)
	if err != nil {
		return err
	}
	jobs, err := client.Jobs(context.Background())
	if err != nil {
		return err
	}
	for _, j := range jobs {
		l := jobLine{ID: j.ID, Name: j.Name, State: j.State, Started: time.UnixMilli(j.Start).UTC()}
		took := time.Since(l.Started)
		if j.End > 0 {
			end := time.UnixMilli(j.End).UTC()
			l.Ended, took = &end, end.Sub(l.Started)
		}
		if c.JSON {
			err = errors.Join(err, writeJSONLine(e.stdout, l))
			continue
		}
		fmt.Fprintf(e.stdout, "%s  %-9s  %s  %8s  %s\n", j.ID, j.State, l.Started.Format(time.DateTime), wholeSpan(took), j.Name)
	}
	if len(jobs) == 0 && !c.JSON {
		fmt.Fprintln(e.stdout, "the cluster has no jobs")
	}
	return err
}

// jobsFollowCmd is `glulam jobs follow`.
type jobsFollowCmd struct{ JobArg }

// Run follows the job to its end, with a line a second for those who read no terminal.
func (c *jobsFollowCmd) Run(e *env) error {
	ctx, stop := interruptible(context.Background(), e.screen)
	defer stop()
	client, job, err := c.find(ctx)
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(e.screen, nil)))
	view := &cluster{}
	done := view.follow(e.screen)
	last, err := runners.FollowFlink(ctx, client, job.ID, func(s runners.Status) {
		view.take(s)
		if !e.screen.terminal() {
			fmt.Fprintln(e.stdout, view.line(1000))
		}
	})
	done()
	if ctx.Err() != nil { // the job goes on
		return nil
	}
	if last.State != "" && e.screen.terminal() { // others have read it
		io.WriteString(e.stdout, view.line(1000)+"\n")
	}
	return err
}

// jobsStopCmd is `glulam jobs stop`.
type jobsStopCmd struct {
	JobArg
	SavepointDir string `placeholder:"URL" help:"folder for the savepoint; default: the cluster's"`
}

// Run stops the job.
func (c *jobsStopCmd) Run(e *env) error {
	ctx, stop := interruptible(context.Background(), e.screen)
	defer stop()
	client, job, err := c.find(ctx)
	if err != nil {
		return err
	}
	path, err := client.Stop(ctx, job.ID, c.SavepointDir)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "stopped; go on with --savepoint %s\n", path)
	return nil
}

// jobsCancelCmd is `glulam jobs cancel`.
type jobsCancelCmd struct{ JobArg }

// Run cancels the job, and waits until it is over.
func (c *jobsCancelCmd) Run(e *env) error {
	ctx, stop := interruptible(context.Background(), e.screen)
	defer stop()
	client, job, err := c.find(ctx)
	if err != nil {
		return err
	}
	if err := client.Cancel(ctx, job.ID); err != nil {
		return err
	}
	for {
		j, err := client.Job(ctx, job.ID)
		if err != nil {
			return err
		}
		if j.State.Over() {
			fmt.Fprintf(e.stdout, "%s is %s\n", j.ID, strings.ToLower(string(j.State)))
			return nil
		}
		select {
		case <-ctx.Done():
			return &fault.Error{Code: fault.Interrupted, Err: errors.New("the job is being cancelled")}
		case <-time.After(200 * time.Millisecond):
		}
	}
}
