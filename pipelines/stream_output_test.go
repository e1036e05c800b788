package pipelines_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/stream"
)

// consume reads n messages of a topic, committed ones only.
func consume(t *testing.T, addr, topic string, n int) (records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(records) < n {
		f := client.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("%d of %d messages of %s: %v", len(records), n, topic, err)
		}
		records = append(records, f.Records()...)
	}
	return records
}

// TestStreamAvroOut: predictions in Avro, of messages in Avro and in JSON, at least once and exactly once, have the bits of those
// in JSON, and the fields that are kept are those of the messages. An independent reader reads them by the schemas that were
// registered, one for each of the messages'. Dead letters hold messages as they came.
func TestStreamAvroOut(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(inputs(t)["jsonl"][0])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	lines = lines[:min(len(lines), 1000)]
	in := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(in, append(bytes.Join(lines, []byte("\n")), '\n'), 0o666); err != nil {
		t.Fatal(err)
	}
	base := pipelines.Stream{Model: "../testdata/flights/lightgbm.txt", From: "jsonl:" + in, To: "jsonl:" + dir + "/json.jsonl", Rejected: "jsonl:" + dir + "/none.jsonl", Columns: []string{"id", "carrier"},
		Decide: []string{`delayed = prediction > 0.1`}}
	if err := runStream(t, base).Cleanup(); err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID         int64   `json:"id"`
		Carrier    *string `json:"carrier"`
		Prediction float64 `json:"prediction"`
		Delayed    bool    `json:"delayed"`
	}
	var want []row
	out, _ := os.ReadFile(dir + "/json.jsonl")
	for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		want = append(want, r)
	}
	schemas, values := avroRows(t, lines)
	reject := append(binary.BigEndian.AppendUint32([]byte{0}, 1), values[0][5:]...)
	unknown := []byte{0, 0, 0, 0, 77, 1, 2}

	for name, x := range map[string]struct {
		messages [][]byte
		fields   int // of the registered schemas
		schemas  int
		rejected [][]byte
		change   func(*pipelines.Stream)
	}{
		"avro":              {append(slices.Clone(values), unknown), 36, 2, [][]byte{unknown}, func(s *pipelines.Stream) { s.Columns = nil }},
		"avro columns":      {values, 4, 1, nil, func(*pipelines.Stream) {}},
		"avro exactly once": {append(slices.Clone(values), unknown), 4, 1, [][]byte{unknown}, func(s *pipelines.Stream) { s.Delivery = stream.ExactlyOnce }},
		"avro, a rule fails": {append(slices.Clone(values), reject), 37, 2, [][]byte{values[0], reject}, func(s *pipelines.Stream) {
			s.Columns, s.Derive = nil, []string{`checked = id == ` + string(idOf(t, lines[0])) + ` ? 1/0 : 2`}
		}},
		"json": {lines, 4, 1, nil, func(s *pipelines.Stream) { s.Values = "" }},
		"avro, rules": {values, 6, 1, nil, func(s *pipelines.Stream) {
			s.Columns, s.Derive = []string{"distance", "id", "gap", "carrier"}, []string{"gap = sched_arr_time - sched_dep_time", "distance = distance * 1.0"}
		}},
		"json, rules": {lines, 6, 1, nil, func(s *pipelines.Stream) {
			s.Values, s.Columns, s.Derive = "", []string{"distance", "id", "gap", "carrier"}, []string{"gap = sched_arr_time - sched_dep_time", "distance = distance * 1.0"}
		}},
		"json exactly once": {lines, 4, 1, nil, func(s *pipelines.Stream) { s.Values, s.Delivery = "", stream.ExactlyOnce }},
	} {
		t.Run(name, func(t *testing.T) {
			registry := srfake.New()
			defer registry.Close()
			for i, s := range schemas {
				registry.SeedSchema("flights-value", i+1, i+1, sr.Schema{Schema: s})
			}
			var asked atomic.Int64
			registry.Intercept(func(w http.ResponseWriter, req *http.Request) bool {
				away := strings.Contains(req.URL.Path, "scored-value") && asked.Add(1) <= 2
				if away {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				return away
			})
			k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "flights", "scored", "rejected"))
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			addr := k.ListenAddrs()[0]
			produce(t, addr, x.messages)
			spec := base
			spec.From, spec.To, spec.Rejected = "kafka://"+addr+"/flights", "kafka://"+addr+"/scored", "kafka://"+addr+"/rejected"
			spec.Values, spec.ValuesTo, spec.Options = "avro", "avro", map[string]string{"schema.registry.url": registry.URL(), "fetch.max.wait.ms": "50"}
			spec.Name = strings.ReplaceAll(t.Name(), "/", "-")
			x.change(&spec)
			j := runUntil(t, spec, int64(len(x.messages)))
			if n := j.Stats().Retries.Load(); n < 1 {
				t.Errorf("%d retries", n)
			}
			if err := j.Cleanup(); err != nil {
				t.Error(err)
			}
			want := want
			if len(x.rejected) == 2 {
				want = want[1:]
			}
			parsed := map[uint32]*avro.Schema{}
			got := consume(t, addr, "scored", len(want))
			if len(got) != len(want) {
				t.Fatalf("%d messages, not %d", len(got), len(want))
			}
			for i, r := range got {
				id := binary.BigEndian.Uint32(r.Value[1:])
				if parsed[id] == nil {
					parsed[id] = avro.MustParse(schemaOf(t, registry, "scored-value", id))
				}
				var row map[string]any
				if rest, err := parsed[id].Decode(r.Value[5:], &row); err != nil || len(rest) > 0 || len(row) != x.fields {
					t.Fatalf("%d fields, %d bytes left, %v", len(row), len(rest), err)
				}
				w := want[i]
				if math.Float64bits(row["prediction"].(float64)) != math.Float64bits(w.Prediction) || row["delayed"] != w.Delayed {
					t.Fatalf("row %d: %v, not %v", i, row, w)
				}
				if spec.Values == "avro" && row["id"] != w.ID || w.Carrier != nil && row["carrier"] != *w.Carrier || w.Carrier == nil && row["carrier"] != nil {
					t.Fatalf("row %d: %v, not %v", i, row, w)
				}
				if spec.Columns == nil && !bytes.HasPrefix(r.Value[5:], values[i+len(values)-len(want)][5:]) {
					t.Fatalf("row %d has other bytes than its message", i)
				}
			}
			if len(parsed) != x.schemas {
				t.Errorf("%d schemas of outputs", len(parsed))
			}
			if len(x.rejected) == 0 {
				return
			}
			for i, r := range consume(t, addr, "rejected", len(x.rejected)) {
				letter, err := fault.ParseLetter(r.Value)
				if err != nil || !bytes.Equal(letter.Raw, x.rejected[i]) {
					t.Errorf("%v %s", err, r.Value)
				}
			}
		})
	}
}

// idOf is the id of a row.
func idOf(t *testing.T, line []byte) []byte {
	var r struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	return append(r.ID, ".0"...)
}

// schemaOf is the text of a schema of a subject.
func schemaOf(t *testing.T, r *srfake.Registry, subject string, id uint32) string {
	t.Helper()
	for version := 1; ; version++ {
		s, ok := r.GetSchema(subject, version)
		if !ok {
			t.Fatalf("%s has no schema %d", subject, id)
		}
		if s.ID == int(id) {
			return s.Schema.Schema
		}
	}
}

// TestStreamAvroFile: bare data in and out, by a schema that is in a file before anything is written. A schema that the registry
// does not let in ends the run.
func TestStreamAvroFile(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(inputs(t)["jsonl"][0])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))[:50]
	schemas, values := avroRows(t, lines)
	var bare [][]byte
	for i := 0; i < len(values); i += 2 {
		bare = append(bare, values[i][5:])
	}
	in, out := filepath.Join(dir, "in.avsc"), filepath.Join(dir, "out.avsc")
	os.WriteFile(in, []byte(schemas[0]), 0o666)
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "flights", "scored", "rejected"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	addr := k.ListenAddrs()[0]
	produce(t, addr, bare)
	spec := pipelines.Stream{Model: "../testdata/flights/lightgbm.txt", From: "kafka://" + addr + "/flights", To: "kafka://" + addr + "/scored", Rejected: "kafka://" + addr + "/rejected",
		Values: "avro", ValuesTo: "avro", Outputs: []string{"prediction", "model", "leaf"}, Options: map[string]string{"avro-schema": in, "avro-schema-out": out, "fetch.max.wait.ms": "50"}}
	if err := runUntil(t, spec, int64(len(bare))).Cleanup(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	s := avro.MustParse(string(text))
	for i, r := range consume(t, addr, "scored", len(bare)) {
		var row map[string]any
		if rest, err := s.Decode(r.Value, &row); err != nil || len(rest) > 0 || !bytes.HasPrefix(r.Value, bare[i]) {
			t.Fatal(err)
		}
		if _, ok := row["leaf_0"].(int32); !ok || len(row["model"].(string)) == 0 {
			t.Fatal(row)
		}
	}

	registry := srfake.New()
	defer registry.Close()
	registry.Intercept(func(w http.ResponseWriter, req *http.Request) bool {
		refused := strings.Contains(req.URL.Path, "scored-value")
		if refused {
			w.WriteHeader(http.StatusConflict)
			w.Write([]byte(`{"error_code":409,"message":"incompatible"}`))
		}
		return refused
	})
	spec.Name, spec.Options = "refused", map[string]string{"avro-schema": in, "schema.registry.url": registry.URL(), "fetch.max.wait.ms": "50"}
	err = failStream(t, spec)
	if fault.CodeOf(err) != fault.Unwritable || !strings.Contains(err.Error(), "incompatible") {
		t.Error(err)
	}
}

// failStream runs a job that fails.
func failStream(t *testing.T, spec pipelines.Stream) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j, err := spec.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Cleanup()
	p, root := beam.NewPipelineWithRoot()
	j.Build(root)
	_, err = runners.Run(ctx, p, runners.Options{})
	return err
}
