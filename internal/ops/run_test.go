package ops_test

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/internal/ops"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/lines"
	"github.com/glulam/glulam/transforms/stream"
)

// TestRun scrapes a run while messages flow through a pipe.
func TestRun(t *testing.T) {
	beam.Init()
	in, out := io.Pipe()
	standard := lines.Standard
	lines.Standard.In = in
	t.Cleanup(func() { lines.Standard = standard })

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir := filepath.ToSlash(t.TempDir())
	job, err := pipelines.Stream{
		Model: "../../testdata/flights/one_feature.txt", From: "jsonl:-", To: "jsonl:" + dir + "/out.jsonl", Rejected: "jsonl:" + dir + "/rejected.jsonl",
		Columns: []string{"id"}, EventTime: "at", EventUnit: "s", Window: time.Minute,
	}.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := job.ModelInfo()
	s, err := ops.Serve(ops.Options{Addr: "localhost:0", Links: job.Links, Version: "v1", Model: ops.Model{Digest: m.Digest, Name: m.Name, Format: m.Format, Engine: m.Engine}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if code, body := get(t, s, "/readyz"); code != 503 {
		t.Errorf("ready before the run: %d %s", code, body)
	}
	p, root := beam.NewPipelineWithRoot()
	job.Build(root)
	ended := make(chan error, 1)
	go func() {
		_, err := runners.Run(ctx, p, runners.Options{})
		ended <- err
	}()
	// until waits for an answer that has all of these lines.
	until := func(path string, has ...string) {
		t.Helper()
		for {
			_, body := get(t, s, path)
			missing := ""
			for _, line := range has {
				if !strings.Contains("\n"+body, "\n"+line+"\n") {
					missing = line
				}
			}
			if missing == "" {
				return
			}
			select {
			case err := <-ended:
				t.Fatalf("the run has ended (%v), and %s has no line %q:\n%s", err, path, missing, body)
			case <-ctx.Done():
				t.Fatalf("%s has no line %q:\n%s", path, missing, body)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	write := func(text string) {
		t.Helper()
		if _, err := io.WriteString(out, text); err != nil {
			t.Fatal(err)
		}
	}
	until("/readyz", "ready")
	write("{\"hour\": 6, \"id\": 1, \"at\": 1380607200}\n")
	until("/metrics", "glulam_stream_messages_read_total 1", "glulam_stream_rows_scored_total 1", "glulam_stream_commits_total 1",
		"glulam_stream_batch_messages_sum 1", "glulam_stream_latency_seconds_count 1", "glulam_stream_own_latency_seconds_count 1",
		"glulam_stream_readers_open 1", "glulam_stream_watermark_timestamp_seconds 1.3806072e+09",
		`glulam_model_info{digest="`+m.Digest+`",engine="`+m.Engine+`",format="`+m.Format+`",name="`+m.Name+`"} 1`)
	write("nothing\n{\"hour\": 7, \"id\": 2, \"at\": 1380607201}\n{\"hour\": null, \"id\": 3, \"at\": 1380607320}\n")
	until("/metrics", "glulam_stream_messages_read_total 4", "glulam_stream_rows_scored_total 3", `glulam_stream_rows_rejected_total{code="bad_json"} 1`,
		"glulam_stream_watermark_timestamp_seconds 1.38060732e+09",
		// The first minute is over.
		"glulam_window_end_timestamp_seconds 1.38060726e+09", `glulam_window_rows{model="`+m.Digest+`"} 2`, `glulam_window_missing_ratio{feature="hour",model="`+m.Digest+`"} 0`)
	until("/readyz", "ready")
	stream.Drain(job.Links.Run)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if code, body := get(t, s, "/readyz"); code != 503 || !strings.HasPrefix(body, "draining") {
		t.Errorf("after a drain: %d %s", code, body)
	}
	if code, _ := get(t, s, "/healthz"); code != 200 {
		t.Errorf("healthz: %d", code)
	}
	out.Close()
	if err := job.Cleanup(); err != nil {
		t.Error(err)
	}
}
