package cli

import (
	"errors"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/runners/flink"
)

// FlinkFlags are those of commands whose pipeline can run on Flink.
type FlinkFlags struct {
	Flink        string `placeholder:"HOST:PORT" group:"flink" help:"address of the JobManager's REST interface; [local] is a cluster of the job server's own, for trying out"`
	JobServer    string `placeholder:"HOST:PORT or JAR" group:"flink" help:"Beam's job server for Flink: one that runs, or the jar of one that is started for the job"`
	Workers      string `placeholder:"WHERE" group:"flink" help:"process: each TaskManager starts glulam; loopback: this process scores; host:port of a pool that glulam worker serves; default: process"`
	WorkerBinary string `placeholder:"PATH" group:"flink" help:"where glulam is on the TaskManagers' machines; default: where it is here"`

	Parallelism    positive `placeholder:"N" group:"flink" help:"slots that the job takes; default: 1"`
	MaxParallelism positive `placeholder:"N" group:"flink" help:"slots that it can ever take, starting from a savepoint; default: Flink's"`

	CheckpointInterval lasting `placeholder:"TIME" group:"flink" help:"how often a checkpoint begins; default: 10s for a stream, never for a batch"`
	CheckpointTimeout  lasting `placeholder:"TIME" group:"flink" help:"a checkpoint that takes longer is given up; default: 10m"`
	CheckpointMode     string  `placeholder:"HOW" group:"flink" help:"exactly-once or at-least-once; default: exactly-once"`
	Unaligned          bool    `group:"flink" help:"checkpoints overtake rows that wait"`
	StateBackend       string  `placeholder:"NAME" group:"flink" help:"hashmap or rocksdb; default: the cluster's"`
	StateStorage       string  `placeholder:"URL" group:"flink" help:"folder of checkpoints; default: the cluster's"`
	Savepoint          string  `placeholder:"URL" group:"flink" help:"savepoint or retained checkpoint to start from"`
	AllowLostState     bool    `group:"flink" help:"let go what no step wants of a savepoint"`
	SavepointDir       string  `placeholder:"URL" group:"flink" help:"folder for the savepoint that Ctrl-C makes; default: the cluster's"`

	BundleTime  lasting  `placeholder:"TIME" group:"flink" help:"the longest a bundle lasts; default: 10ms for a stream"`
	ObjectReuse bool     `group:"flink" help:"Flink's steps do not copy rows between them"`
	Retries     positive `placeholder:"N" group:"flink" help:"how often a job that failed starts again; default: the cluster's strategy"`
	RetryDelay  lasting  `placeholder:"TIME" group:"flink" help:"how long it waits before that"`
	FirstOutput lasting  `placeholder:"TIME" group:"flink" help:"warn of workers that have done nothing by then; default: 1m"`
	FlinkOption settings `placeholder:"NAME=VALUE" group:"flink" help:"any other pipeline option of Beam; may be given again"`
}

// options gives what runs a pipeline.
func (f *FlinkFlags) options(runner, job string, streaming bool) runners.Options {
	return runners.Options{Runner: runner, Job: job, Version: pipelines.Version, Streaming: streaming, Flink: f.flink()}
}

func (f *FlinkFlags) flink() flink.Options {
	return flink.Options{
		Cluster: f.Flink, JobServer: f.JobServer, Workers: f.Workers, Binary: f.WorkerBinary, Parallelism: int(f.Parallelism), MaxParallelism: int(f.MaxParallelism),
		CheckpointInterval: time.Duration(f.CheckpointInterval), CheckpointTimeout: time.Duration(f.CheckpointTimeout), CheckpointMode: f.CheckpointMode,
		Unaligned: f.Unaligned, StateBackend: f.StateBackend, StateStorage: f.StateStorage, Savepoint: f.Savepoint, AllowLost: f.AllowLostState, Savepoints: f.SavepointDir,
		BundleTime: time.Duration(f.BundleTime), ObjectReuse: f.ObjectReuse, Retries: int(f.Retries), RetryDelay: time.Duration(f.RetryDelay), FirstOutput: time.Duration(f.FirstOutput),
		Extra: f.FlinkOption,
	}
}

// check reports what is wrong with them as *fault.Error whose Field is the flag: for another runner, that any is given.
func (f *FlinkFlags) check(runner string) error {
	if runner == runners.Flink {
		o := f.flink()
		return o.Check()
	}
	var errs []error
	v := reflect.ValueOf(*f)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			errs = append(errs, fault.New(fault.Usage, "", "it is for --runner flink").OnField(kebab(v.Type().Field(i).Name)))
		}
	}
	return errors.Join(errs...)
}

// kebab is a field's name as kong makes a flag of it.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
