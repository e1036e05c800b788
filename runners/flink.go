package runners

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners/flink"
)

// runFlink runs on a Flink cluster, by Beam's job server.
func runFlink(ctx context.Context, p *beam.Pipeline, o *Options) (*Result, error) {
	if err := o.Flink.Check(); err != nil {
		return nil, err
	}
	var cluster *flink.Client
	if o.Flink.Cluster != flink.Local {
		c, err := flink.NewClient(o.Flink.Cluster)
		if err != nil {
			return nil, err
		}
		if err := fits(ctx, c, o); err != nil {
			return nil, err
		}
		cluster = c
	}
	server, err := openJobServer(ctx, &o.Flink, cluster)
	if err != nil {
		return nil, err
	}
	defer server.close()
	urn, config, stop, err := workers(ctx, o)
	if err != nil {
		return nil, err
	}
	defer stop()
	pipeline, err := marshal(ctx, p, urn, config)
	if err != nil {
		return nil, err
	}
	j := &flinkJob{observer: observer{cluster: cluster}, client: server.client, pipeline: pipeline, name: o.Job}
	if err := j.submit(ctx, o.Flink.Pipeline(o.Streaming, o.Ends)); err != nil {
		return nil, err
	}
	return j.wait(ctx, o)
}

// fits says what keeps a cluster from taking a job.
func fits(ctx context.Context, c *flink.Client, o *Options) error {
	over, err := c.Overview(ctx)
	if err != nil {
		return err
	}
	if o.Streaming {
		jobs, err := c.Find(ctx, o.Job)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !j.State.Over() {
				return fault.New(fault.Conflict, c.String(), "the job %s runs already, as %s", o.Job, j.ID).
					WithHint("glulam jobs stop %.8s --flink %s ends it; another one wants a --name of its own", j.ID, o.Flink.Cluster)
			}
		}
	}
	wants := max(1, o.Flink.Parallelism)
	switch {
	case over.TaskManagers == 0:
		return fault.New(fault.Unreadable, c.String(), "the cluster has no TaskManager").WithHint("start one, or see the JobManager's log for why it is gone")
	case over.Slots < wants:
		return fault.New(fault.Usage, c.String(), "the cluster has %d slots, and the job wants %d", over.Slots, wants).OnField("parallelism").
			WithHint("give --parallelism %d, or start TaskManagers", over.Slots)
	case over.Free < wants:
		return fault.New(fault.Conflict, c.String(), "%d of the cluster's %d slots are free, and the job wants %d", over.Free, over.Slots, wants).
			WithHint("glulam jobs list --flink %s tells which jobs hold them", o.Flink.Cluster)
	}
	return nil
}

// workers says where rows are scored, as an environment of Beam's.
func workers(ctx context.Context, o *Options) (urn, config string, stop func(), err error) {
	stop = func() {}
	switch o.Flink.Workers {
	case "", flink.WorkersProcess:
		binary := o.Flink.Binary
		if binary == "" {
			if binary, err = os.Executable(); err != nil {
				return "", "", nil, err
			}
		}
		if !filepath.IsAbs(binary) { // the TaskManagers' folder is not ours
			if binary, err = filepath.Abs(binary); err != nil {
				return "", "", nil, err
			}
		}
		text, err := json.Marshal(map[string]any{"command": binary, "env": map[string]string{versionVariable: o.Version}})
		return "beam:env:process:v1", string(text), stop, err
	case flink.WorkersLoopback:
		pool, err := extworker.StartLoopback(ctx, 0)
		if err != nil {
			return "", "", nil, fmt.Errorf("starting the worker: %w", err)
		}
		return "beam:env:external:v1", pool.EnvironmentConfig(ctx), func() { pool.Stop(context.WithoutCancel(ctx)) }, nil
	}
	return "beam:env:external:v1", o.Flink.Workers, stop, nil
}

// flinkJob is a job on Flink.
type flinkJob struct {
	observer // its status.Job is "" until the cluster's id is known
	client   jobpb.JobServiceClient
	pipeline *pipepb.Pipeline
	name     string
	id       string // Beam's
}

// submit prepares and starts the job.
func (j *flinkJob) submit(ctx context.Context, options map[string]any) error {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	ctx = context.WithoutCancel(ctx) // a job is not to go on unseen because a call was cut off
	// A job has to have an artifact to be staged, though workers bring their binary themselves.
	nothing, err := os.CreateTemp("", "glulam-nothing-")
	if err != nil {
		return err
	}
	defer os.Remove(nothing.Name())
	if err := nothing.Close(); err != nil {
		return err
	}
	if err := runnerlib.UpdateGoEnvironmentWorker(nothing.Name(), j.pipeline); err != nil {
		return err
	}
	all := map[string]any{"app_name": j.name, "experiments": append([]string{"beam_fn_api"}, jobopts.GetExperiments()...)}
	maps.Copy(all, options)
	urns := make(map[string]any, len(all))
	for name, v := range all {
		urns["beam:option:"+name+":v1"] = v
	}
	o, err := tools.OptionsToProto(urns)
	if err != nil {
		return err
	}
	prepared, err := j.client.Prepare(ctx, &jobpb.PrepareJobRequest{Pipeline: j.pipeline, PipelineOptions: o, JobName: j.name})
	if err != nil {
		return fmt.Errorf("the job server does not take the job: %w", err)
	}
	token, err := runnerlib.Stage(ctx, prepared.GetPreparationId(), prepared.GetArtifactStagingEndpoint().GetUrl(), nothing.Name(), prepared.GetStagingSessionToken())
	if err != nil {
		return fmt.Errorf("the job server does not take the job's files: %w", err)
	}
	if j.id, err = runnerlib.Submit(ctx, j.client, prepared.GetPreparationId(), token); err != nil {
		return fmt.Errorf("the job server does not start the job: %w", err)
	}
	slog.Info("flink: the job is submitted", "job", j.id)
	return nil
}
