package flink

import (
	"encoding/json"
	"errors"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
)

// Options say how a job runs on Flink. Their zero values are the defaults.
type Options struct {
	// Cluster is the address of the JobManager's REST interface, host:port or a URL; "[local]" is a cluster of the job server's own,
	// for trying things out.
	Cluster string
	// JobServer is Beam's job server for Flink: host:port of one that runs, or the path of its jar, which is started for the job.
	JobServer string
	// Workers says where rows are scored: WorkersProcess ("" is that), WorkersLoopback, or host:port of a pool.
	Workers string
	// Binary is where glulam is on the TaskManagers' machines; "" is where this process has it.
	Binary string

	Parallelism    int // slots; 0 is 1
	MaxParallelism int // 0: Flink's

	CheckpointInterval time.Duration // 0: DefaultCheckpoint for streams, none for batches
	CheckpointTimeout  time.Duration // 0: Flink's, 10 minutes
	CheckpointMode     string        // "exactly-once" ("" is that) or "at-least-once"
	Unaligned          bool          // checkpoints overtake rows
	StateBackend       string        // "hashmap" or "rocksdb"; "": the cluster's
	StateStorage       string        // URL of a folder for checkpoints; "": the cluster's
	Savepoint          string        // to start from; "": from the beginning
	AllowLost          bool          // of a savepoint, state that no step wants is let go
	Savepoints         string        // folder for the one that a stop makes; "": the cluster's
	FirstOutput        time.Duration // workers that have done nothing by then are warned of; 0: DefaultFirstOutput

	BundleTime  time.Duration // the longest a bundle lasts; 0: DefaultBundle for streams, Beam's for batches
	ObjectReuse bool
	Retries     int           // how often a failed job starts again; 0: the cluster's strategy, with checkpoints without end
	RetryDelay  time.Duration // between them

	// Extra are Beam's pipeline options by name, for what is not here. Values are numbers, booleans or texts.
	Extra map[string]string
}

// Workers that are no pool.
const (
	WorkersProcess  = "process"  // each TaskManager starts the binary
	WorkersLoopback = "loopback" // this process is the worker
)

// Defaults of Options.
const (
	DefaultCheckpoint  = 10 * time.Second
	DefaultBundle      = 10 * time.Millisecond
	DefaultFirstOutput = time.Minute

	Local = "[local]" // Cluster of a job server's own
)

// Elsewhere says that the workers are not in this process.
func (o *Options) Elsewhere() bool { return o.Workers != WorkersLoopback }

// Check reports all that is wrong, as *fault.Error whose Field is the flag.
func (o *Options) Check() error {
	var errs []error
	bad := func(flag, hint, format string, args ...any) {
		e := fault.New(fault.Usage, "", format, args...).OnField(flag)
		if hint != "" {
			e = e.WithHint("%s", hint)
		}
		errs = append(errs, e)
	}
	switch {
	case o.Cluster == "":
		bad("flink", "give the address of the JobManager's REST interface, such as localhost:8081, or [local]", "no cluster given")
	case o.Cluster != Local:
		if _, err := NewClient(o.Cluster); err != nil {
			errs = append(errs, err)
		}
	}
	switch _, _, err := net.SplitHostPort(o.JobServer); {
	case o.JobServer == "":
		bad("job-server", "give host:port of one that runs, or the path of its jar (docs/flink.md says where to get it)", "no job server given")
	case strings.HasSuffix(o.JobServer, ".jar"):
		if _, err := os.Stat(o.JobServer); err != nil {
			bad("job-server", "", "%w", err)
		}
	case err != nil:
		bad("job-server", "", "%q is neither host:port nor a jar", o.JobServer)
	case o.Cluster == Local:
		bad("flink", "give the path of its jar", "a job server that runs has a cluster already")
	}
	if w := o.Workers; w != "" && w != WorkersProcess && w != WorkersLoopback {
		if host, port, err := net.SplitHostPort(w); err != nil || host == "" || port == "" {
			bad("workers", "", "%q: process, loopback, or host:port of a pool", w)
		}
	}
	if o.Binary != "" && o.Workers != "" && o.Workers != WorkersProcess {
		bad("worker-binary", "", "only with --workers process")
	}
	for _, n := range []struct {
		flag string
		n    int
		most int
	}{{"parallelism", o.Parallelism, 32768}, {"max-parallelism", o.MaxParallelism, 32768}, {"retries", o.Retries, 1 << 30}} {
		if n.n < 0 || n.n > n.most {
			bad(n.flag, "", "%d: from 1 to %d", n.n, n.most)
		}
	}
	if o.MaxParallelism > 0 && o.MaxParallelism < o.Parallelism && o.MaxParallelism <= 32768 {
		bad("max-parallelism", "", "%d is less than the parallelism of %d", o.MaxParallelism, o.Parallelism)
	}
	for _, d := range []struct {
		flag  string
		d     time.Duration
		least time.Duration
	}{{"checkpoint-interval", o.CheckpointInterval, 10 * time.Millisecond}, {"checkpoint-timeout", o.CheckpointTimeout, 10 * time.Millisecond}, {"bundle-time", o.BundleTime, time.Millisecond}, {"retry-delay", o.RetryDelay, time.Millisecond},
		{"first-output", o.FirstOutput, time.Second}} {
		if d.d != 0 && d.d < d.least {
			bad(d.flag, "", "%s is less than %s: a time such as 10s", d.d, d.least)
		}
	}
	if !slices.Contains([]string{"", "exactly-once", "at-least-once"}, o.CheckpointMode) {
		bad("checkpoint-mode", "", "%q: exactly-once or at-least-once", o.CheckpointMode)
	}
	if o.Unaligned && o.CheckpointMode == "at-least-once" {
		bad("unaligned", "", "only with --checkpoint-mode exactly-once")
	}
	if !slices.Contains([]string{"", "hashmap", "rocksdb"}, o.StateBackend) {
		bad("state-backend", "", "%q: hashmap or rocksdb", o.StateBackend)
	}
	if o.AllowLost && o.Savepoint == "" {
		bad("allow-lost-state", "", "only with --savepoint")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Extra)) {
		if own, ok := owned[name]; ok {
			bad("flink-option", "", "%s has a flag of its own: %s", name, own)
		}
	}
	return errors.Join(errs...)
}

// owned are the pipeline options that have flags.
var owned = map[string]string{
	"streaming": "whether the input has an end says that", "flink_master": "--flink", "parallelism": "--parallelism", "max_parallelism": "--max-parallelism",
	"checkpointing_interval": "--checkpoint-interval", "checkpoint_timeout_millis": "--checkpoint-timeout", "checkpointing_mode": "--checkpoint-mode",
	"unaligned_checkpoint_enabled": "--unaligned", "state_backend": "--state-backend", "state_backend_storage_path": "--state-storage", "savepoint_path": "--savepoint",
	"allow_non_restored_state": "--allow-lost-state", "max_bundle_time_mills": "--bundle-time", "object_reuse": "--object-reuse",
	"number_of_execution_retries": "--retries", "execution_retry_delay": "--retry-delay",
}

// Pipeline gives Beam's pipeline options, by name. streaming says that the job is none of Flink's batches, ends that its input has
// an end all the same.
func (o *Options) Pipeline(streaming, ends bool) map[string]any {
	all := map[string]any{}
	for name, text := range o.Extra {
		all[name] = value(text)
	}
	set := func(name string, v any, given bool) {
		if given {
			all[name] = v
		}
	}
	interval, bundle := o.CheckpointInterval, o.BundleTime
	if streaming {
		if interval == 0 && !ends {
			interval = DefaultCheckpoint
		}
		if bundle == 0 {
			bundle = DefaultBundle
		}
	}
	// Without streaming=true, bundles of a streaming job end at checkpoints only; the Go SDK does not send it.
	set("streaming", true, streaming)
	// With checkpoints, sources wait for ever at their end, so that checkpoints go on; a source that ended would let a splittable DoFn
	// spin without any.
	set("shutdown_sources_after_idle_ms", 0, streaming && ends)
	set("parallelism", max(1, o.Parallelism), true)
	set("max_parallelism", o.MaxParallelism, o.MaxParallelism > 0)
	set("checkpointing_interval", interval.Milliseconds(), interval > 0)
	set("checkpoint_timeout_millis", o.CheckpointTimeout.Milliseconds(), o.CheckpointTimeout > 0)
	set("checkpointing_mode", strings.ToUpper(strings.ReplaceAll(o.CheckpointMode, "-", "_")), o.CheckpointMode != "")
	set("unaligned_checkpoint_enabled", true, o.Unaligned)
	set("externalized_checkpoints_enabled", true, streaming && o.Extra["externalized_checkpoints_enabled"] == "")
	set("retain_externalized_checkpoints_on_cancellation", true, streaming && o.Extra["retain_externalized_checkpoints_on_cancellation"] == "")
	set("state_backend", o.StateBackend, o.StateBackend != "")
	set("state_backend_storage_path", o.StateStorage, o.StateStorage != "")
	set("savepoint_path", o.Savepoint, o.Savepoint != "")
	set("allow_non_restored_state", true, o.AllowLost)
	set("max_bundle_time_mills", bundle.Milliseconds(), bundle > 0)
	set("object_reuse", true, o.ObjectReuse)
	set("number_of_execution_retries", o.Retries, o.Retries > 0)
	set("execution_retry_delay", o.RetryDelay.Milliseconds(), o.RetryDelay > 0)
	return all
}

// value reads an extra option: a number, a boolean, JSON in brackets, or a text.
func value(text string) any {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b
	}
	var v any
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &v) == nil {
		return v
	}
	return text
}
