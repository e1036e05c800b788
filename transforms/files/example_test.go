package files_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/files"
)

// Two columns of a CSV file become JSON lines; a row that does not parse becomes a dead letter. Between Read and Write a
// pipeline of one's own would do something with the blocks.
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
	in, out := filepath.Join(dir, "rows.csv"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("flight,carrier,hour\n1029,UA,6\n1403,B6,late\n2243,AA,20\n"), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	release, err := files.Prepare(out, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer release()

	p, s := beam.NewPipelineWithRoot()
	csv, jsonl := files.Format{Name: "csv"}, files.Format{Name: "jsonl"}
	plan := files.Plan(s, files.PlanOptions{Run: "example", Files: []files.Input{{Path: in, Name: "rows.csv"}}, Format: csv})
	rows := files.Read(s, files.ReadOptions{Run: "example", Format: csv, Columns: []block.Column{
		{Column: format.Column{Name: "carrier", Kind: format.Text}},
		{Column: format.Column{Name: "hour", Kind: format.Number}},
	}}, plan.Units)
	write := files.WriteOptions{Temp: files.TempDir(out, "example"), Format: jsonl}
	files.Commit(s, files.CommitOptions{Dir: out, Temp: write.Temp, Format: jsonl, Manifest: files.Manifest{Glulam: "example", Spec: []byte("null")}},
		plan.Reports, rows.Reports, files.Write(s, write, rows.Blocks), files.WriteRejected(s, write, "read", rows.Rejected))
	if _, err := runners.Run(context.Background(), p, runners.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"part-00000.jsonl", "rejected/part-00000.jsonl"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		fmt.Print(string(text))
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// {"carrier":"UA","hour":6}
	// {"carrier":"AA","hour":20}
	// {"source":"rows.csv","row":2,"offset":30,"code":"bad_number","field":"hour","message":"\"late\" is not a number","stage":"read","raw":"1403,B6,late"}
}
