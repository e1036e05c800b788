package flink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/glulam/glulam/internal/services"
)

// Options say how a cluster runs.
type Options struct {
	Dir          string // for its configuration, logs, checkpoints and savepoints; it is made
	Port         int    // of the REST interface; 0: one that is free
	TaskManagers int    // 0 is 1
	Slots        int    // of each; 0 is 2
	// TaskMemory is the size of a TaskManager's process, as Flink writes it; "" is 1400m.
	TaskMemory string
}

// Cluster is a JobManager with TaskManagers, and a job server for it when that is wanted. All have their logs in the folder of
// the options. Not safe for concurrent use.
type Cluster struct {
	REST        string // host:port of the JobManager's REST interface
	Jar         string // the job server's
	Checkpoints string // folder of checkpoints
	Savepoints  string // folder of savepoints whose requests name none

	o      Options
	dist   string
	ports  struct{ RPC, Blob, Jobs, Artifacts int }
	memory map[string]memory
	job    *services.Process
	tasks  []*task
	server *services.Process
}

// task is a TaskManager, over its restarts.
type task struct {
	services.Process
	id     string // what the JobManager knows it by
	starts int
}

// Start installs, configures and starts a cluster, and returns when its slots are there. It must be stopped.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	o.TaskManagers, o.Slots, o.TaskMemory = max(o.TaskManagers, 1), cmp.Or(o.Slots, 2), cmp.Or(o.TaskMemory, "1400m")
	dist, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	jar, err := JobServer(ctx)
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil { // Flink wants URLs of its folders
		return nil, err
	}
	c := &Cluster{o: o, dist: dist, Jar: jar, memory: map[string]memory{}}
	if err := services.FreePorts(&c.o.Port, &c.ports.RPC, &c.ports.Blob, &c.ports.Jobs, &c.ports.Artifacts); err != nil {
		return nil, err
	}
	c.REST = fmt.Sprintf("localhost:%d", c.o.Port)
	c.Checkpoints, c.Savepoints = c.path("checkpoints"), c.path("savepoints")
	c.job = &services.Process{Name: "the JobManager", Log: c.path("jobmanager.log")}
	c.server = &services.Process{Name: "the job server", Log: c.path("jobserver.log")}
	for i := range o.TaskManagers {
		name := fmt.Sprintf("taskmanager-%d", i)
		c.tasks = append(c.tasks, &task{Process: services.Process{Name: "the " + name, Log: c.path(name + ".log")}})
	}
	if err := c.configure(); err != nil {
		return nil, err
	}
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) path(name string) string { return filepath.Join(c.o.Dir, name) }

func (c *Cluster) startAll(ctx context.Context) error {
	if err := c.startJobManager(ctx); err != nil {
		return err
	}
	for _, t := range c.tasks { // they look for the JobManager until it is there
		if err := c.startTask(ctx, t); err != nil {
			return err
		}
	}
	return c.Ready(ctx)
}

func (c *Cluster) startJobManager(ctx context.Context) error {
	return c.java(ctx, c.job, "GET_JM_RESOURCE_PARAMS", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint")
}

func (c *Cluster) startTask(ctx context.Context, t *task) error {
	t.starts++
	t.id = fmt.Sprintf("%s-%d", short(&t.Process), t.starts)
	return c.java(ctx, &t.Process, "GET_TM_RESOURCE_PARAMS", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
		"-D", "taskmanager.resource-id="+t.id)
}

// StartJobManager starts a JobManager that was killed, on its ports, and returns when the TaskManagers that run have found it.
// It knows of no jobs.
func (c *Cluster) StartJobManager(ctx context.Context) error {
	if err := c.startJobManager(ctx); err != nil {
		return err
	}
	return c.Ready(ctx)
}

// StartTaskManager starts a TaskManager that was killed, and returns when the cluster has it, and no longer the one before it. If
// no JobManager runs it does not wait.
func (c *Cluster) StartTaskManager(ctx context.Context, i int) error {
	if err := c.startTask(ctx, c.tasks[i]); err != nil || !c.job.Running() {
		return err
	}
	return c.Ready(ctx)
}

// StartJobServer starts the cluster's job server, the first one or again after it was killed, then on the same port, and returns
// its host:port when it takes connections. It knows of no jobs that one before it was given.
func (c *Cluster) StartJobServer(ctx context.Context) (addr string, err error) {
	addr = fmt.Sprintf("localhost:%d", c.ports.Jobs)
	args := append(opens(), "-Xmx512m", "-XX:+UseSerialGC", c.temp(), "-jar", c.Jar, "--flink-master="+c.REST, "--job-host=localhost", fmt.Sprintf("--job-port=%d", c.ports.Jobs),
		fmt.Sprintf("--artifact-port=%d", c.ports.Artifacts), "--expansion-port=-1", "--artifacts-dir="+c.path("artifacts"))
	if err := c.server.Start(nil, "java", args...); err != nil {
		return "", err
	}
	return addr, c.server.Until(ctx, time.Minute, func() bool { return services.Listens(addr) })
}

// KillTaskManager ends a TaskManager as kill -9 does.
func (c *Cluster) KillTaskManager(i int) error { return c.tasks[i].Kill() }

// KillJobManager ends the JobManager as kill -9 does.
func (c *Cluster) KillJobManager() error { return c.job.Kill() }

// KillJobServer ends the job server as kill -9 does.
func (c *Cluster) KillJobServer() error { return c.server.Kill() }

// PIDs are the ids of the processes that run, by the names of their logs without .log: jobmanager, taskmanager-0, jobserver.
func (c *Cluster) PIDs() map[string]int {
	out := map[string]int{}
	for _, p := range c.running() {
		out[short(p)] = p.PID()
	}
	return out
}

func short(p *services.Process) string { return strings.TrimSuffix(filepath.Base(p.Log), ".log") }

func (c *Cluster) running() []*services.Process {
	all := []*services.Process{c.server}
	for _, t := range c.tasks {
		all = append(all, &t.Process)
	}
	return slices.DeleteFunc(append(all, c.job), func(p *services.Process) bool { return !p.Running() })
}

// Stop ends everything, the JobManager last. To stop twice is to stop once.
func (c *Cluster) Stop() error {
	var errs []error
	for _, p := range c.running() {
		errs = append(errs, p.Stop())
	}
	return errors.Join(errs...)
}
