package csv_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
)

const flights = `carrier,dep_time,distance
UA,517,1400
AA,"54,2",1089
B6,,1576
"DL,554,762
EV,600,229
`

func Example() {
	if err := read(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// row 2, byte 38: bad_number: dep_time "54,2" is not a number
	// row 4, byte 62: bad_quote: carrier a quoted field without a proper end
	// carrier,dep_time,distance,miles,dep_time
	// UA,517,1400,1400,517
	// B6,,1576,1576,NaN
	// EV,600,229,229,600
}

func read() error {
	ctx := context.Background()
	file, err := format.NewFile("flights.csv", strings.NewReader(flights), int64(len(flights)))
	if err != nil {
		return err
	}
	var f csv.Format
	layout, err := f.Describe(ctx, file)
	if err != nil {
		return err
	}
	pieces, err := f.Split(ctx, file, layout, 1<<20)
	if err != nil {
		return err
	}
	r, err := f.Open(ctx, file, layout, pieces[0], []format.Column{
		{Name: "row", Kind: format.RawRow},
		{Name: "miles", Path: "distance"}, // as a number
		{Name: "dep_time"},
	})
	if err != nil {
		return err
	}
	defer r.Close()
	var w format.Writer
	for {
		batch, err := r.Next()
		if err == io.EOF {
			return w.Close()
		}
		if err != nil {
			return err
		}
		for _, l := range batch.Rejected {
			fmt.Printf("row %d, byte %d: %s: %s %s\n", l.Row, l.Offset, l.Code, l.Field, l.Message)
		}
		if w == nil {
			if w, err = f.NewWriter(os.Stdout, batch.Record.Schema()); err != nil {
				return err
			}
		}
		if err := w.Write(batch.Record); err != nil {
			return err
		}
	}
}
