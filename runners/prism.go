package runners

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness/init" // the worker that the loopback environment starts
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
)

// local is prism's job service in this process: one for all pipelines, made when the first runs.
var local = sync.OnceValues(func() (jobpb.JobServiceClient, error) {
	// Workers in this process log like everything else in it, not through the runner and back.
	hooks.DisableHook(harness.DefaultRemoteLoggingHook)
	beamlog.SetLogger(slogger{})
	return prism.CreateJobServer(context.Background(), prism.Options{})
})

// runPrism runs on prism with the workers in this process.
func runPrism(ctx context.Context, p *beam.Pipeline, job string) (*Result, error) {
	client, err := local()
	if err != nil {
		return nil, fmt.Errorf("starting prism: %w", err)
	}
	pool, err := extworker.StartLoopback(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("starting the worker: %w", err)
	}
	defer pool.Stop(ctx)
	pipeline, err := marshal(ctx, p, "beam:env:external:v1", pool.EnvironmentConfig(ctx))
	if err != nil {
		return nil, err
	}
	return submit(ctx, client, pipeline, job)
}

// slogger sends Beam's log to slog, where [QuietBeam] finds out whose it is.
type slogger struct{}

// Log implements Beam's log.Logger.
func (slogger) Log(ctx context.Context, _ beamlog.Severity, _ int, msg string) {
	slog.DebugContext(ctx, msg, "from", "beam")
}
