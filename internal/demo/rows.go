package demo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/format/parquet"
	"github.com/glulam/glulam/testdata/flights"
	"github.com/glulam/glulam/transforms/block"
)

// flight is a row as it is sent.
type flight struct {
	at   time.Time // the hour it was to leave in
	json []byte    // one object
}

// readFlights gives the embedded rows in the order of their hours.
func readFlights(ctx context.Context) ([]flight, error) {
	f, err := format.NewFile("rows.parquet", bytes.NewReader(flights.Rows), int64(len(flights.Rows)))
	if err != nil {
		return nil, err
	}
	layout, err := parquet.Format{}.Describe(ctx, f)
	if err != nil {
		return nil, err
	}
	pieces, err := parquet.Format{}.Split(ctx, f, layout, 64<<20)
	if err != nil {
		return nil, err
	}
	var marker block.Marker
	for _, c := range layout.Columns {
		kind := format.Native
		if arrow.IsFloating(c.Type.ID()) { // float32 is to be written with the digits of the float64 that models see
			kind = format.Number
		}
		marker.Columns = append(marker.Columns, block.Column{Column: format.Column{Name: c.Name, Kind: kind}})
	}
	var out []flight
	for _, p := range pieces {
		r, err := parquet.Format{}.Open(ctx, f, layout, p, marker.Read())
		if err != nil {
			return nil, err
		}
		out, err = appendFlights(out, r, &marker)
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b flight) int { return cmp.Compare(a.at.Unix(), b.at.Unix()) })
	return out, nil
}

// appendFlights adds the rows of a reader.
func appendFlights(out []flight, r format.Reader, marker *block.Marker) ([]flight, error) {
	for {
		batch, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if out, err = appendBatch(out, marker.Mark(batch.Record)); err != nil {
			return nil, err
		}
	}
}

// appendBatch adds the rows of a record, which it releases.
func appendBatch(out []flight, rec arrow.RecordBatch) ([]flight, error) {
	defer rec.Release()
	enc, err := jsonl.NewEncoder(rec.Schema())
	if err != nil {
		return nil, err
	}
	at, err := hours(rec)
	if err != nil {
		return nil, err
	}
	for i := range int(rec.NumRows()) {
		text, err := enc.Append(nil, rec, i)
		if err != nil {
			return nil, err
		}
		out = append(out, flight{at: at(i), json: text})
	}
	return out, nil
}

// hours reads the column time_hour.
func hours(rec arrow.RecordBatch) (func(i int) time.Time, error) {
	for i, f := range rec.Schema().Fields() {
		if col, ok := rec.Column(i).(*array.Timestamp); ok && f.Name == "time_hour" {
			unit := f.Type.(*arrow.TimestampType).Unit
			return func(i int) time.Time { return col.Value(i).ToTime(unit) }, nil
		}
	}
	return nil, errors.New("the rows have no time_hour")
}
