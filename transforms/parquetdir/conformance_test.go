package parquetdir

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/streamtest"
)

// asMessages writes messages as blocks of one column. Closing it is the end of its stream: that is when readers see rows.
type asMessages struct {
	*sink
	next int64
}

var valueSchema = arrow.NewSchema([]arrow.Field{{Name: "value", Type: arrow.BinaryTypes.String}}, nil)

func (a *asMessages) Write(ctx context.Context, messages []stream.Message) error {
	if len(messages) == 0 {
		return a.sink.Write(ctx, messages)
	}
	rb := array.NewRecordBuilder(memory.DefaultAllocator, valueSchema)
	defer rb.Release()
	b := &block.Block{Origin: block.Origin{Source: "test/0"}, Model: "sha256:0"}
	for _, m := range messages {
		rb.Field(0).(*array.StringBuilder).Append(string(m.Value))
		b.Origin.Offset = append(b.Origin.Offset, a.next)
		b.Times = append(b.Times, m.Time)
		b.Envelopes = append(b.Envelopes, m.Envelope)
		a.next++
	}
	b.Record = rb.NewRecordBatch()
	defer b.Record.Release()
	return a.sink.WriteBlock(ctx, b)
}

func (a *asMessages) Close() error {
	return errors.Join(a.sink.End(context.Background(), false), a.sink.Close())
}

// TestConformance holds what every sink keeps.
func TestConformance(t *testing.T) {
	streamtest.Sink(t, streamtest.SinkSetup{New: func(t *testing.T) streamtest.Output {
		dir := t.TempDir()
		return streamtest.Output{
			Open: func(t *testing.T) stream.Sink { return &asMessages{sink: openSink(t, targetOf(t, dir, nil), 0, 1)} },
			Read: func(t *testing.T, _ int) (out []stream.Message) {
				parts, err := filepath.Glob(filepath.Join(dir, "window=*", "*.parquet"))
				if err != nil {
					t.Fatal(err)
				}
				slices.Sort(parts)
				for _, name := range parts {
					out = append(out, valuesIn(t, name)...)
				}
				return out
			},
		}
	}})
}

// valuesIn are the values in a part.
func valuesIn(t *testing.T, name string) (out []stream.Message) {
	f, err := file.OpenParquetFile(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1000}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	records, err := r.GetRecordReader(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	for records.Next() {
		column := records.RecordBatch().Column(0).(*array.String)
		for i := range column.Len() {
			out = append(out, stream.Message{Value: []byte(column.Value(i))})
		}
	}
	return out
}
