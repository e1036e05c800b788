package jsonl_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// Rows go in, typed columns come out; rows that do not fit come out as letters; what is kept is kept byte for byte.
func Example() {
	const data = `{"id": "a7", "weather": {"temp": 62.06}, "delay": null}
{"id": "b\u0031", "weather": {"temp": 58}, "delay": 12}
{"id": "c3", "weather": {"temp": "warm"}}
`
	ctx := context.Background()
	file, err := format.NewFile("rows.jsonl", strings.NewReader(data), int64(len(data)))
	if err != nil {
		fmt.Println(err)
		return
	}
	f := jsonl.Format{}
	layout, err := f.Describe(ctx, file)
	if err != nil {
		fmt.Println(err)
		return
	}
	pieces, err := f.Split(ctx, file, layout, 64<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, piece := range pieces {
		r, err := f.Open(ctx, file, layout, piece, []format.Column{
			{Name: "temp", Path: "weather.temp"}, // format.Number
			{Name: "id", Kind: format.Raw},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer r.Close()
		for {
			batch, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println("temperatures:", batch.Record.Column(0).(*array.Float64).Float64Values())
			for _, l := range batch.Rejected {
				fmt.Printf("row %d: %s: %s: %s\n", l.Row, l.Code, l.Field, l.Message)
			}

			w, err := f.NewWriter(os.Stdout, batch.Record.Schema())
			if err == nil {
				err = w.Write(batch.Record)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	// Output:
	// temperatures: [62.06 58]
	// row 3: wrong_type: weather.temp: a number is needed, not a string: "warm"
	// {"temp":62.06,"id":"a7"}
	// {"temp":58,"id":"b\u0031"}
}

// A record that has a member for which there is no column is refused rather than cut.
func ExampleOptions_closed() {
	const data = `{"id":1}
{"id":2,"note":"late"}
`
	file, err := format.NewFile("rows.jsonl", bytes.NewReader([]byte(data)), int64(len(data)))
	if err != nil {
		fmt.Println(err)
		return
	}
	f := jsonl.Format{Options: jsonl.Options{Closed: true, Known: []string{"id"}}}
	r, err := f.Open(context.Background(), file, &format.Layout{}, format.Piece{End: -1, Rows: -1}, []format.Column{{Name: "id"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	batch, err := r.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batch.Record.NumRows(), "row,", batch.Rejected[0].Code, batch.Rejected[0].Field)
	// Output: 1 row, unknown_column note
}
