package flink

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

func TestOptionsCheck(t *testing.T) {
	jar := filepath.Join(t.TempDir(), "x.jar")
	if err := os.WriteFile(jar, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	good := Options{Cluster: "localhost:8081", JobServer: "localhost:8099"}
	for _, x := range []struct {
		change func(*Options)
		fields string // of the errors, in their order
	}{
		{func(*Options) {}, ""},
		{func(o *Options) { o.Cluster, o.JobServer = Local, jar }, ""},
		{func(o *Options) { o.Cluster = Local }, "flink"}, // that server has a cluster already
		{func(o *Options) { o.Cluster, o.JobServer = "", "" }, "flink job-server"},
		{func(o *Options) { o.Cluster = "localhost" }, "flink"},
		{func(o *Options) { o.JobServer = "nowhere.jar" }, "job-server"},
		{func(o *Options) { o.JobServer = "nowhere" }, "job-server"},
		{func(o *Options) { o.Workers = "nowhere" }, "workers"},
		{func(o *Options) { o.Workers = "pool:50000" }, ""},
		{func(o *Options) { o.Workers, o.Binary = WorkersLoopback, "/x" }, "worker-binary"},
		{func(o *Options) { o.Parallelism, o.MaxParallelism, o.Retries = -1, 40000, -2 }, "parallelism max-parallelism retries"},
		{func(o *Options) { o.Parallelism, o.MaxParallelism = 4, 2 }, "max-parallelism"},
		{func(o *Options) { o.CheckpointInterval, o.BundleTime, o.FirstOutput = time.Nanosecond, -time.Second, 1 }, "checkpoint-interval bundle-time first-output"},
		{func(o *Options) { o.CheckpointMode = "maybe" }, "checkpoint-mode"},
		{func(o *Options) { o.Unaligned, o.CheckpointMode = true, "at-least-once" }, "unaligned"},
		{func(o *Options) { o.StateBackend = "paper" }, "state-backend"},
		{func(o *Options) { o.AllowLost = true }, "allow-lost-state"},
		{func(o *Options) { o.Extra = map[string]string{"checkpointing_interval": "0"} }, "flink-option"},
		{func(o *Options) { o.Extra = map[string]string{"streaming": "false"} }, "flink-option"},
		{func(o *Options) { o.Extra = map[string]string{"sdk_worker_parallelism": "2"} }, ""},
	} {
		o := good
		x.change(&o)
		var fields []string
		err := o.Check()
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				fe := (*fault.Error)(nil)
				if !errors.As(err, &fe) || fe.Code != fault.Usage {
					t.Errorf("%+v: %v is no usage", o, err)
					continue
				}
				fields = append(fields, fe.Field)
			}
		}
		if got := strings.Join(fields, " "); got != x.fields {
			t.Errorf("%+v: %v: errors of %q, want %q", o, err, got, x.fields)
		}
	}
}

func TestOptionsPipeline(t *testing.T) {
	o := Options{}
	if diff := cmp.Diff(map[string]any{
		"streaming": true, "parallelism": 1, "checkpointing_interval": int64(10_000), "max_bundle_time_mills": int64(10),
		"externalized_checkpoints_enabled": true, "retain_externalized_checkpoints_on_cancellation": true,
	}, o.Pipeline(true, false)); diff != "" {
		t.Errorf("a stream's defaults: %s", diff)
	}
	if diff := cmp.Diff(map[string]any{"parallelism": 1}, o.Pipeline(false, true)); diff != "" {
		t.Errorf("a batch's defaults: %s", diff)
	}
	if diff := cmp.Diff(map[string]any{
		"streaming": true, "parallelism": 1, "max_bundle_time_mills": int64(10), "shutdown_sources_after_idle_ms": 0,
		"externalized_checkpoints_enabled": true, "retain_externalized_checkpoints_on_cancellation": true,
	}, o.Pipeline(true, true)); diff != "" {
		t.Errorf("the defaults of a stream with an end: %s", diff)
	}
	o = Options{
		Parallelism: 2, MaxParallelism: 64, CheckpointInterval: time.Second, CheckpointTimeout: time.Minute, CheckpointMode: "at-least-once", Unaligned: true,
		StateBackend: "rocksdb", StateStorage: "file:///c", Savepoint: "file:///s", AllowLost: true, BundleTime: 5 * time.Millisecond, ObjectReuse: true,
		Retries: 3, RetryDelay: 2 * time.Second, Extra: map[string]string{"a": "b", "n": "1.5", "t": "true", "l": `["x"]`},
	}
	if diff := cmp.Diff(map[string]any{
		"streaming": true, "parallelism": 2, "max_parallelism": 64, "checkpointing_interval": int64(1000), "checkpoint_timeout_millis": int64(60_000),
		"checkpointing_mode": "AT_LEAST_ONCE", "unaligned_checkpoint_enabled": true, "state_backend": "rocksdb", "state_backend_storage_path": "file:///c",
		"savepoint_path": "file:///s", "allow_non_restored_state": true, "max_bundle_time_mills": int64(5), "object_reuse": true,
		"number_of_execution_retries": 3, "execution_retry_delay": int64(2000), "a": "b", "n": 1.5, "t": true, "l": []any{"x"},
		"externalized_checkpoints_enabled": true, "retain_externalized_checkpoints_on_cancellation": true,
	}, o.Pipeline(true, false)); diff != "" {
		t.Errorf("all of them: %s", diff)
	}
}

// TestSlot holds the hashes against values that others give for them; that readers come to slots of their own is for the
// end-to-end tests.
func TestSlot(t *testing.T) {
	for text, want := range map[string]uint64{"": 0, "hello": 0xcbd8a7b341bd9b02, "hello, world": 0x342fac623a5ebc8e, "19 Jan 2038 at 3:14:07 AM": 0xb89e5988b737affc, "The quick brown fox jumps over the lazy dog.": 0xcd99481f9ee902c9} {
		if got := murmur3([]byte(text)); got != int32(uint32(want)) {
			t.Errorf("murmur3(%q) = %08x, want %08x", text, uint32(got), uint32(want))
		}
	}
	if got := bufferHash([]byte{1, 255}); got != 31*(31-1)+1 {
		t.Errorf("bufferHash: %d", got)
	}
	seen := map[int]int{}
	for i := range 1000 {
		seen[Slot(strconv.Itoa(i), 3, 0)]++
	}
	if len(seen) != 4 || seen[-1] == 0 || seen[0] < 50 || seen[1] < 50 || seen[2] < 50 {
		t.Error(seen)
	}
	for p, want := range map[int]int{1: 128, 85: 128, 86: 256, 128: 256, 100_000: 1 << 15} {
		if got := DefaultMaxParallelism(p); got != want {
			t.Errorf("DefaultMaxParallelism(%d) = %d, want %d", p, got, want)
		}
	}
}
