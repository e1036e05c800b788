// Command pipeline is somebody's own Beam pipeline around glulam's score transform: it has rows of its own, scores them,
// and asks something of the predictions that glulam knows nothing about.
//
//	go run ./examples/pipeline --model testdata/flights/category_ordered.txt
//
// The parts are in the order of the data: rows.go turns structs into blocks, main.go puts the graph together, delays.go
// reads the blocks that come out.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/score"
)

var modelPath = flag.String("model", "testdata/flights/category_ordered.txt", "model file")

func main() {
	flag.Parse()
	beam.Init() // in a process that a runner started as its worker, this does not return

	slog.SetDefault(slog.New(runners.QuietBeam(slog.NewTextHandler(os.Stderr, nil))))
	p := beam.NewPipeline()
	build(p.Root(), *modelPath, schedule)
	if _, err := runners.Run(context.Background(), p, runners.Options{Job: "delays"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// build makes the graph: days -> blocks -> score -> delays by carrier -> print.
func build(s beam.Scope, model string, days []day) {
	blocks := beam.ParDo(s, &toBlock{}, beam.CreateList(s, days))
	scored, rejected := score.Score(s, score.Options{
		Model: model,
		Keep:  []string{"carrier"}, // of the columns that came in; the prediction comes behind
	}, blocks)
	report(s, scored)
	complain(s, rejected)
}
