package runners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/grpc"
)

// Pool starts workers for runners that ask for them (Beam's external environment): each is this binary again, as a process of its
// own, so that the end of one job's worker harms no other's.
//
// Runners count workers by job: two jobs at once ask for the same ids. So workers are told apart by the endpoint that controls them.
type Pool struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer

	Output io.Writer // of the workers; nil: nowhere

	mu      sync.Mutex
	workers map[worker]*exec.Cmd
	wait    sync.WaitGroup
}

// worker says which one it is.
type worker struct{ id, control string }

// Serve serves runners on l until ctx ends, and ends the workers then.
func (p *Pool) Serve(ctx context.Context, l net.Listener) error {
	p.workers = map[worker]*exec.Cmd{}
	s := grpc.NewServer()
	fnpb.RegisterBeamFnExternalWorkerPoolServer(s, p)
	defer context.AfterFunc(ctx, s.Stop)()
	err := s.Serve(l)
	p.mu.Lock()
	for _, c := range p.workers {
		c.Process.Signal(syscall.SIGTERM)
	}
	p.mu.Unlock()
	p.wait.Wait()
	if errors.Is(err, grpc.ErrServerStopped) || ctx.Err() != nil {
		return nil
	}
	return err
}

// StartWorker implements Beam's service.
func (p *Pool) StartWorker(ctx context.Context, r *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
	w := worker{r.GetWorkerId(), r.GetControlEndpoint().GetUrl()}
	if err := p.start(ctx, w, r); err != nil {
		slog.Error("a worker does not start", "id", w.id, "control", w.control, "error", err)
		return &fnpb.StartWorkerResponse{Error: err.Error()}, nil
	}
	return &fnpb.StartWorkerResponse{}, nil
}

func (p *Pool) start(ctx context.Context, w worker, r *fnpb.StartWorkerRequest) error {
	ctx, cancel := context.WithTimeout(grpcx.WriteWorkerID(ctx, w.id), time.Minute)
	defer cancel()
	info, err := tools.ProvisionInfo(ctx, r.GetProvisionEndpoint().GetUrl())
	if err != nil {
		return fmt.Errorf("asking the runner for the worker's endpoints: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := workerArgs(self, w.id, r.GetLoggingEndpoint().GetUrl(), w.control)
	c := exec.Command(args[0], args[1:]...)
	c.Env = append(os.Environ(), "RUNNER_CAPABILITIES="+strings.Join(info.GetRunnerCapabilities(), " "))
	c.Stdout, c.Stderr = p.Output, p.Output
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.workers[w]; have != nil {
		return fmt.Errorf("there is a worker %s of %s already", w.id, w.control)
	}
	if err := c.Start(); err != nil {
		return err
	}
	slog.Info("a worker starts", "id", w.id, "control", w.control, "pid", c.Process.Pid)
	p.workers[w] = c
	p.wait.Add(1)
	go func() {
		defer p.wait.Done()
		err := c.Wait()
		slog.Info("a worker has ended", "id", w.id, "control", w.control, "pid", c.Process.Pid, "state", fmt.Sprint(err))
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.workers[w] == c {
			delete(p.workers, w)
		}
	}()
	return nil
}

// StopWorker implements Beam's service. The runner says an id and no job: where several workers have it none is stopped, because a
// worker ends by itself when its job's endpoint is gone.
func (p *Pool) StopWorker(_ context.Context, r *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var of []*exec.Cmd
	for w, c := range p.workers {
		if w.id == r.GetWorkerId() {
			of = append(of, c)
		}
	}
	if len(of) == 1 {
		of[0].Process.Signal(syscall.SIGTERM)
	}
	return &fnpb.StopWorkerResponse{}, nil
}
