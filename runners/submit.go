package runners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/metricsx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"

	"github.com/glulam/glulam/fault"
)

// Result is what is known of a job that came to its end.
type Result struct {
	// Savepoint is where the job on Flink that Options.Stop ended can be started from again; "" for others.
	Savepoint string

	metrics  metrics.Results
	counters map[string]int64 // as a cluster said them last; metrics may know more, or nothing
}

// Counter sums a counter of the namespace "glulam" over all steps.
func (r *Result) Counter(name string) int64 { return r.Counters()[name] }

// Counters sums all of them.
func (r *Result) Counters() map[string]int64 {
	sums := map[string]int64{}
	for _, c := range r.metrics.AllMetrics().Counters() {
		if c.Key.Namespace == "glulam" {
			sums[c.Key.Name] += c.Result()
		}
	}
	for name, n := range r.counters {
		sums[name] = max(sums[name], n)
	}
	return sums
}

// marshal makes the portable form of a pipeline for an environment.
func marshal(ctx context.Context, p *beam.Pipeline, urn, config string) (*pipepb.Pipeline, error) {
	edges, _, err := p.Build()
	if err != nil {
		return nil, fmt.Errorf("building the pipeline: %w", err)
	}
	env, err := graphx.CreateEnvironment(ctx, urn, func(context.Context) string { return config })
	if err != nil {
		return nil, err
	}
	return graphx.Marshal(edges, &graphx.Options{Environment: env, PipelineResourceHints: jobopts.GetPipelineResourceHints()})
}

// submit runs a marshaled pipeline on a job service and waits for its end. When ctx ends the job is cancelled: no call to
// the service is cut off by it, so that no job goes on unseen.
func submit(ctx context.Context, client jobpb.JobServiceClient, pipeline *pipepb.Pipeline, job string) (*Result, error) {
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	on := context.WithoutCancel(ctx)
	id, _, _, err := runnerlib.Prepare(on, client, pipeline, &runnerlib.JobOptions{Name: job, Experiments: jobopts.GetExperiments(), Loopback: true})
	if err != nil {
		return nil, err
	}
	if id, err = runnerlib.Submit(on, client, id, ""); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() {
		cctx, cancel := context.WithTimeout(on, 10*time.Second)
		defer cancel()
		client.Cancel(cctx, &jobpb.CancelJobRequest{JobId: id})
	})
	defer stop()
	if err := follow(on, client, id); err != nil {
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		return nil, err
	}
	return resultOf(on, client, pipeline, id)
}

// resultOf asks for the metrics of a job that has ended.
func resultOf(ctx context.Context, client jobpb.JobServiceClient, pipeline *pipepb.Pipeline, id string) (*Result, error) {
	m, err := client.GetJobMetrics(ctx, &jobpb.GetJobMetricsRequest{JobId: id})
	if err != nil {
		return nil, fmt.Errorf("asking for the job's metrics: %w", err)
	}
	return &Result{metrics: *metricsx.FromMonitoringInfos(pipeline, m.GetMetrics().GetAttempted(), m.GetMetrics().GetCommitted())}, nil
}

func interrupted(ctx context.Context) error {
	return &fault.Error{Code: fault.Interrupted, Err: fmt.Errorf("the run was stopped: %w", context.Cause(ctx))}
}

// errLost says that a job's end is not known.
var errLost = errors.New("the runner stopped telling of the job")

// follow waits for a job's end. Only DONE is success.
func follow(ctx context.Context, client jobpb.JobServiceClient, id string) error {
	stream, err := client.GetMessageStream(ctx, &jobpb.JobMessagesRequest{JobId: id})
	if err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	var failed bool
	var messages []string
	for {
		msg, err := stream.Recv()
		switch {
		case err != nil && failed:
			return explain(messages)
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w before its end", errLost)
		case err != nil:
			return fmt.Errorf("%w: %w", errLost, err)
		}
		if r := msg.GetMessageResponse(); r.GetImportance() >= jobpb.JobMessage_JOB_MESSAGE_ERROR {
			messages = append(messages, r.GetMessageText())
			if failed {
				return explain(messages)
			}
		}
		if r := msg.GetStateResponse(); r != nil {
			switch r.GetState() {
			case jobpb.JobState_DONE:
				return nil
			case jobpb.JobState_CANCELLED, jobpb.JobState_DRAINED, jobpb.JobState_UPDATED:
				return &fault.Error{Code: fault.Interrupted, Err: fmt.Errorf("the job ended as %s", r.GetState())}
			case jobpb.JobState_FAILED:
				failed = true
				if len(messages) > 0 {
					return explain(messages)
				}
			}
		}
	}
}

// explain finds what a DoFn said in what the runner says about it.
func explain(messages []string) error {
	text := strings.Join(messages, "\n")
	if e, ok := fault.FromText(text); ok {
		return e
	}
	return &fault.Error{Code: fault.Internal, Err: errors.New(strings.TrimSpace(text))}
}
