package pipelines_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	_ "github.com/glulam/glulam/transforms/lines"
)

func runStream(t *testing.T, s pipelines.Stream) *pipelines.StreamJob {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j, err := s.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, root := beam.NewPipelineWithRoot()
	j.Build(root)
	if _, err := runners.Run(ctx, p, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestStreamIsBatch: the same rows give the same bytes in a stream as in a batch run.
func TestStreamIsBatch(t *testing.T) {
	in := inputs(t)["jsonl"]
	dir := t.TempDir()
	out := filepath.Join(dir, "batch")
	m, _ := run(t, pipelines.Batch{Model: "../testdata/flights/lightgbm.txt", Input: in, Output: out, Shards: 1})
	want := texts(t, out, m.Outputs)
	j := runStream(t, pipelines.Stream{Model: "../testdata/flights/lightgbm.txt", From: "jsonl:" + in[0], To: "jsonl:" + dir + "/scored/", Rejected: "jsonl:" + dir + "/rejected/"})
	got, err := os.ReadFile(filepath.Join(dir, "scored/part-00000.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%d bytes from the stream, %d from the batch run, and they differ", len(got), len(want))
	}
	if n := int64(bytes.Count(got, []byte("\n"))); j.Stats().Scored.Load() != n || j.Stats().Rows.Load() != n {
		t.Errorf("%d rows in the file, %d scored, %d read", n, j.Stats().Scored.Load(), j.Stats().Rows.Load())
	}
	if err := j.Cleanup(); err != nil {
		t.Error(err)
	}
}

// TestStreamRejects: rows that cannot be scored become dead letters, the others are scored.
func TestStreamRejects(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(in, []byte("{\"hour\": 6, \"id\": 1}\n\n{\"hour\": \"six\", \"id\": 2}\nnothing\n{\"hour\": null, \"id\": 3}"), 0o666); err != nil {
		t.Fatal(err)
	}
	j := runStream(t, pipelines.Stream{Model: "../testdata/flights/one_feature.txt", From: "jsonl:" + in, To: "jsonl:" + dir + "/out.jsonl", Rejected: "jsonl:" + dir + "/rejected.jsonl", Columns: []string{"id"}})
	scored, _ := os.ReadFile(dir + "/out.jsonl")
	rejected, _ := os.ReadFile(dir + "/rejected.jsonl")
	if n := bytes.Count(scored, []byte("\n")); n != 2 || !strings.HasPrefix(string(scored), `{"id":1,"prediction":0.1`) {
		t.Errorf("scored:\n%s", scored)
	}
	if n := bytes.Count(rejected, []byte("\n")); n != 2 || !strings.Contains(string(rejected), `"code":"wrong_type","field":"hour"`) || !strings.Contains(string(rejected), `"raw":"nothing"`) {
		t.Errorf("rejected:\n%s", rejected)
	}
	if c := j.Stats().Codes(); c["wrong_type"] != 1 || c["bad_json"] != 1 {
		t.Errorf("codes %v", c)
	}
}
