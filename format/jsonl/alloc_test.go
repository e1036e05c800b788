package jsonl

import (
	"bytes"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/format"
)

// Reading allocates for a batch and a column, never for a row.
func TestReaderAllocations(t *testing.T) {
	data := bytes.Repeat(flights(t), 40)
	cols := append(flightColumns(), format.Column{Name: "row", Kind: format.RawRow}, format.Column{Name: "tailnum", Kind: format.Raw})
	r, err := Format{}.Open(t.Context(), fileOf(t, data), &format.Layout{}, whole, cols)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 4 { // buffers grow
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	var rows int64
	runs := 0
	n := testing.AllocsPerRun(50, func() {
		b, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		rows += b.Record.NumRows()
		runs++
	})
	if most := float64(6*len(cols) + 10); n > most || rows < int64(runs)*1000 {
		t.Errorf("%v allocations for a batch of %d rows, more than %v", n, rows/int64(runs), most)
	}
}

// Neither do members that come in ever another order, or whose strings have escapes.
func TestReaderAllocationsOddRows(t *testing.T) {
	var data []byte
	for i := range 100_000 {
		for k, m := range []string{`"a":1.5`, `"b": "x\ny"`, `"c":{"d":[1,2,{"e":"f"}],"g":"h"}`, `"a rather long name of a member":0`} {
			sep := byte(',')
			if k == 0 {
				sep = '{'
			}
			data = append(data, sep)
			if i>>k&1 == 1 {
				data = append(data, m...)
			} else {
				data = append(data, `"z":null`...)
			}
		}
		data = append(data, "}\n"...)
	}
	cols := []format.Column{{Name: "a"}, {Name: "b", Kind: format.Text}, {Name: "c.d", Kind: format.Raw}}
	r, err := Format{}.Open(t.Context(), fileOf(t, data), &format.Layout{}, whole, cols)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	next := func() {
		b, err := r.Next()
		if err != nil || len(b.Rejected) > 0 || b.Record.NumRows() != format.BatchRows {
			t.Fatal(err, b)
		}
	}
	next()
	next()
	if n := testing.AllocsPerRun(10, next); n > 40 {
		t.Errorf("%v allocations for a batch", n)
	}
}

func TestWriterAllocations(t *testing.T) {
	var rec arrow.RecordBatch
	r, err := Format{}.Open(t.Context(), fileOf(t, flights(t)), &format.Layout{}, whole, flightColumns())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	rec = b.Record
	w, err := Format{}.NewWriter(io.Discard, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	write := func() {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if n := testing.AllocsPerRun(10, write); n > 0 {
		t.Errorf("%v allocations for %d rows", n, rec.NumRows())
	}
}
