package pipelines_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
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
	_ "github.com/glulam/glulam/transforms/codecs"
	_ "github.com/glulam/glulam/transforms/kafka"
)

// avroRows gives rows of flights in Avro: every other one by a schema whose fields stand the other way round.
func avroRows(t *testing.T, lines [][]byte) (schemas [2]string, values [][]byte) {
	t.Helper()
	rows := make([]map[string]any, len(lines))
	types := map[string]string{}
	for i, line := range lines {
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&rows[i]); err != nil {
			t.Fatal(err)
		}
		for k, v := range rows[i] {
			switch v := v.(type) {
			case nil:
				if types[k] == "" {
					types[k] = "double"
				}
			case string:
				types[k] = "string"
			case bool:
				types[k] = "boolean"
			case json.Number:
				if types[k] = "double"; k == "id" {
					types[k] = "long"
				}
				if rows[i][k], _ = v.Float64(); k == "id" {
					rows[i][k], _ = v.Int64()
				}
			}
		}
	}
	var fields []string
	for k, typ := range types {
		fields = append(fields, `{"name":"`+k+`","type":["null","`+typ+`"]}`)
	}
	slices.Sort(fields)
	for i := range schemas {
		schemas[i] = `{"type":"record","name":"Flight","fields":[` + strings.Join(fields, ",") + `]}`
		slices.Reverse(fields)
	}
	for i, row := range rows {
		s := avro.MustParse(schemas[i%2])
		v, err := s.AppendEncode(binary.BigEndian.AppendUint32([]byte{0}, uint32(i%2+1)), row)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return schemas, values
}

// TestStreamAvro: rows in Avro, by schemas of a registry that is away at first, give the predictions that they give in JSON, byte
// for byte; a message whose schema the registry does not know is a dead letter.
func TestStreamAvro(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(inputs(t)["jsonl"][0])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	lines = lines[:min(len(lines), 2000)]
	in := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(in, append(bytes.Join(lines, []byte("\n")), '\n'), 0o666); err != nil {
		t.Fatal(err)
	}
	spec := pipelines.Stream{Model: "../testdata/flights/lightgbm.txt", From: "jsonl:" + in, To: "jsonl:" + dir + "/json.jsonl", Rejected: "jsonl:" + dir + "/none.jsonl", Columns: []string{"id"}}
	if err := runStream(t, spec).Cleanup(); err != nil {
		t.Fatal(err)
	}
	schemas, values := avroRows(t, lines)
	registry := srfake.New()
	defer registry.Close()
	for i, s := range schemas {
		registry.SeedSchema("flights-value", i+1, i+1, sr.Schema{Schema: s})
	}
	var asked atomic.Int64
	registry.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		away := asked.Add(1) <= 3
		if away {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return away
	})
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "flights"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	produce(t, k.ListenAddrs()[0], append(values, []byte{0, 0, 0, 0, 77, 1, 2}))

	spec.From, spec.To, spec.Rejected = "kafka://"+k.ListenAddrs()[0]+"/flights", "jsonl:"+dir+"/avro.jsonl", "jsonl:"+dir+"/rejected.jsonl"
	spec.Values, spec.Options = "avro", map[string]string{"schema.registry.url": registry.URL(), "fetch.max.wait.ms": "50"}
	j := runUntil(t, spec, int64(len(values))+1)
	if n := j.Stats().Retries.Load(); n < 2 {
		t.Errorf("%d retries", n)
	}
	if err := j.Cleanup(); err != nil {
		t.Error(err)
	}
	want, _ := os.ReadFile(dir + "/json.jsonl")
	got, _ := os.ReadFile(dir + "/avro.jsonl")
	if n := bytes.Count(want, []byte("\n")); n != len(lines) || !bytes.Equal(got, want) {
		t.Errorf("%d lines of JSON rows, %d of Avro's, and they differ", n, bytes.Count(got, []byte("\n")))
	}
	rejected, _ := os.ReadFile(dir + "/rejected.jsonl")
	if !strings.Contains(string(rejected), `"code":"bad_schema","field":"schema id","message":"asking for schema 77: `) || bytes.Count(rejected, []byte("\n")) != 1 {
		t.Errorf("rejected:\n%s", rejected)
	}
}

// runUntil runs a job until it has written so many predictions and dead letters. It still has to be cleaned up.
func runUntil(t *testing.T, spec pipelines.Stream, rows int64) *pipelines.StreamJob {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j, err := spec.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, root := beam.NewPipelineWithRoot()
	j.Build(root)
	go func() {
		defer j.Drain()
		for s := j.Stats(); ctx.Err() == nil && s.Scored.Load()+s.Rejected.Load() < rows; {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if _, err := runners.Run(ctx, p, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	return j
}

// produce writes messages to the topic flights.
func produce(t *testing.T, addr string, values [][]byte) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("flights"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Value: v}
	}
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// TestStreamValues: options go to the format of messages, and what does not fit is said before the run begins.
func TestStreamValues(t *testing.T) {
	ok := pipelines.Stream{Model: "m", From: "kafka://h:1/t", To: "kafka://h:1/u", Rejected: "kafka://h:1/r", Values: "avro", Options: map[string]string{"schema.registry.url": "http://h", "acks": "all"}}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*pipelines.Stream){
		`format of messages have an option "schema.registry.url"`: func(s *pipelines.Stream) { s.Values = "json" },
		`Avro needs schemas`:                       func(s *pipelines.Stream) { s.Options = nil },
		`jsonl has lines`:                          func(s *pipelines.Stream) { s.From = "jsonl:-" },
		`"xml" is no format`:                       func(s *pipelines.Stream) { s.ValuesTo = "xml" },
		`protobuf is not written`:                  func(s *pipelines.Stream) { s.ValuesTo = "protobuf" },
		`avro is written to brokers, not to jsonl`: func(s *pipelines.Stream) { s.ValuesTo, s.To = "avro", "jsonl:x" },
		`messages in json have no schema`:          func(s *pipelines.Stream) { s.ValuesTo, s.Values = "avro", "" },
		`have an option "auto.register.schemas"`: func(s *pipelines.Stream) {
			s.Options = map[string]string{"schema.registry.url": "http://h", "auto.register.schemas": "true"}
		},
		`no format of messages; there are avro, json, protobuf`: func(s *pipelines.Stream) { s.Values = "xml" },
		`protobuf needs the type`:                               func(s *pipelines.Stream) { s.Values, s.Options = "protobuf", map[string]string{"wire": "raw"} },
	} {
		s := ok
		change(&s)
		if err := s.Validate(); fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
