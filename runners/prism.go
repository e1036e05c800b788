package runners

import (
	"context"
	"fmt"
	"log/slog"
	"net"
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
	return startPrism()
})

// startPrism starts prism's job service. It runs whatever a job tells it to, listens on all interfaces, and lets nobody
// choose: so its socket is confined to this machine afterwards.
func startPrism() (client jobpb.JobServiceClient, err error) {
	for range 5 { // another process may be faster with the port
		var port int
		if port, err = freePort(); err != nil {
			return nil, err
		}
		if client, err = prismAt(port); err != nil {
			continue
		}
		if err := confine(port); err != nil {
			slog.Warn("prism's job service can be reached from other machines while this process runs", "port", port, "cause", err)
		}
		return client, nil
	}
	return nil, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// prismAt starts prism on a port. It panics when it cannot have it.
func prismAt(port int) (client jobpb.JobServiceClient, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return prism.CreateJobServer(context.Background(), prism.Options{Port: port})
}

// runPrism runs on prism with the workers in this process.
func runPrism(ctx context.Context, p *beam.Pipeline, o *Options) (*Result, error) {
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
	return submit(ctx, client, pipeline, o.Job)
}

// slogger sends Beam's log to slog, where [QuietBeam] finds out whose it is.
type slogger struct{}

// Log implements Beam's log.Logger.
func (slogger) Log(ctx context.Context, _ beamlog.Severity, _ int, msg string) {
	slog.DebugContext(ctx, msg, "from", "beam")
}
