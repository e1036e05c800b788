package block

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
)

// Column is a column that a source reads.
type Column struct {
	format.Column
	// Feature: only the model needs it (MetaFeature).
	Feature bool
}

// Marker marks what a reader gives with what its columns are for. Not safe for concurrent use.
type Marker struct {
	Columns []Column

	from, to *arrow.Schema // the last record's
}

// Read lists the columns as a reader is asked for them.
func (m *Marker) Read() []format.Column {
	out := make([]format.Column, len(m.Columns))
	for i, c := range m.Columns {
		out[i] = c.Column
	}
	return out
}

// Mark gives the record with MetaFeature on the columns that have it, and with nulls for what is missing in columns of
// numbers that are kept: NaN says that to the model, but an output in another format should have nothing there. The result
// must be released; it shares memory with rec.
func (m *Marker) Mark(rec arrow.RecordBatch) arrow.RecordBatch {
	if m.from != rec.Schema() {
		fields := rec.Schema().Fields()
		for i, c := range m.Columns {
			if c.Feature {
				fields[i].Metadata = arrow.NewMetadata([]string{MetaFeature}, []string{"1"})
			}
			fields[i].Nullable = true
		}
		m.from, m.to = rec.Schema(), arrow.NewSchema(fields, nil)
	}
	cols := slices.Clone(rec.Columns())
	for i, c := range m.Columns {
		if a, ok := cols[i].(*array.Float64); ok && c.Kind == format.Number && !c.Feature {
			cols[i] = nullForNaN(a)
			defer cols[i].Release()
		}
	}
	return array.NewRecordBatch(m.to, cols, rec.NumRows())
}

// nullForNaN gives the same numbers with nulls instead of NaN; they are not copied.
func nullForNaN(a *array.Float64) arrow.Array {
	valid := make([]byte, bitutil.CeilByte(a.Len())/8)
	nulls := 0
	for i, v := range a.Float64Values() {
		if v == v {
			bitutil.SetBit(valid, i)
		} else {
			nulls++
		}
	}
	data := array.NewData(a.DataType(), a.Len(), []*memory.Buffer{memory.NewBufferBytes(valid), memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(a.Float64Values()))}, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
