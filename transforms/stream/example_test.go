package stream_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/block"
	_ "github.com/glulam/glulam/transforms/lines"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

func init() {
	register.Function2x0(watch)
	register.Emitter1[block.Block]()
}

// watch is a stage of one's own between scoring and writing.
func watch(b block.Block, emit func(block.Block)) {
	columns := b.Record.Schema().FieldIndices("prediction")
	prediction := b.Record.Column(columns[0]).(*array.Float64)
	for i := range prediction.Len() {
		if p := prediction.Value(i); p > 0.3 {
			fmt.Printf("watch message %d: %.3f\n", b.Origin.Offset[i], p)
		}
	}
	emit(b)
}

// A pipeline of one's own around the transforms: messages are read, scored, looked at, and written with the whole message kept.
func Example() {
	if !beam.Initialized() {
		beam.Init()
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "flights.jsonl"), filepath.Join(dir, "scored.jsonl")
	if err := os.WriteFile(in, []byte(`{"hour": 6}`+"\n"+`{"hour": 20}`+"\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	links := stream.Links{
		Run: "example", From: stream.Endpoint{URL: "jsonl:" + in}, To: stream.Endpoint{URL: "jsonl:" + out},
		Rejected: stream.Endpoint{URL: "jsonl:" + filepath.Join(dir, "rejected.jsonl")},
	}
	p, s := beam.NewPipelineWithRoot()
	messages := stream.Read(s, stream.ReadOptions{Links: links, Columns: []block.Column{
		{Column: format.Column{Name: "message", Kind: format.RawRow}}, // what is written back
		{Column: format.Column{Name: "hour"}, Feature: true},
	}})
	scored, refused := score.Score(s, score.Options{Model: "../../testdata/flights/one_feature.txt"}, messages.Blocks)
	watched := beam.ParDo(s, watch, scored)
	stream.Write(s, stream.WriteOptions{Links: links, Version: "example"}, watched, messages.Rejected, refused)
	if _, err := runners.Run(context.Background(), p, runners.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	lines, err := os.ReadFile(out)
	fmt.Print(string(lines))
	fmt.Println(err)
	// Output:
	// watch message 12: 0.337
	// {"hour": 6,"prediction":0.13492269860746287}
	// {"hour": 20,"prediction":0.33680827058674057}
	// <nil>
}
