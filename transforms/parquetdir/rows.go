package parquetdir

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

var timeType = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}

// shape makes records of blocks as the files have them: text that stands as it came in a message becomes a column of text,
// and the event time comes last. It keeps the schema of the last block.
type shape struct {
	from, to *arrow.Schema
}

// schema gives the files' schema for that of blocks.
func (s *shape) schema(from *arrow.Schema) (*arrow.Schema, error) {
	if s.from == from {
		return s.to, nil
	}
	fields := from.Fields()
	for i, f := range fields {
		switch {
		case f.Name == TimeColumn:
			return nil, fault.New(fault.Schema, "", "the files have a column %s of their own", TimeColumn).OnField(f.Name).
				WithHint("leave it out: --columns lists the columns to keep")
		case f.Type.ID() == arrow.DICTIONARY:
			return nil, fault.New(fault.Unsupported, "", "a column of type %s", f.Type).OnField(f.Name)
		case isText(f):
			fields[i].Type = arrow.BinaryTypes.String
		}
		fields[i].Nullable = true
		fields[i].Metadata = arrow.Metadata{}
	}
	to := arrow.NewSchema(append(fields, arrow.Field{Name: TimeColumn, Type: timeType}), nil)
	if s.to == nil || !s.to.Equal(to) { // else the old pointer stays: it is the same
		s.to = to
	}
	s.from = from
	return s.to, nil
}

// isText says whether a column is the text of messages, or of values in them.
func isText(f arrow.Field) bool {
	return f.Type.ID() == arrow.BINARY && (f.Metadata.FindKey(format.MetaRaw) >= 0 || f.Metadata.FindKey(format.MetaRawRow) >= 0)
}

// record gives the block's rows as the files have them. It shares memory with the block, and must be released.
func (s *shape) record(b *block.Block) (arrow.RecordBatch, error) {
	schema, err := s.schema(b.Record.Schema())
	if err != nil {
		return nil, err
	}
	n := int(b.Record.NumRows())
	if len(b.Times) != n {
		return nil, fault.New(fault.Internal, "", "%d rows with %d event times", n, len(b.Times))
	}
	columns := make([]arrow.Array, 0, schema.NumFields())
	for i, c := range b.Record.Columns() {
		if want := schema.Field(i).Type; !arrow.TypeEqual(c.DataType(), want) {
			old := c.Data()
			data := array.NewData(want, old.Len(), old.Buffers(), nil, old.NullN(), old.Offset())
			c = array.MakeFromData(data)
			data.Release()
		} else {
			c.Retain()
		}
		columns = append(columns, c)
	}
	data := array.NewData(timeType, n, []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(b.Times))}, nil, 0, 0)
	columns = append(columns, array.MakeFromData(data))
	data.Release()
	defer release(columns)
	return array.NewRecordBatch(schema, columns, int64(n)), nil
}

func release(columns []arrow.Array) {
	for _, c := range columns {
		c.Release()
	}
}

// run is some rows one after another: from to to-1.
type run struct{ from, to int64 }

// pick gives the rows of runs as a record of its own. It must be released.
func pick(rec arrow.RecordBatch, runs []run) (arrow.RecordBatch, error) {
	if len(runs) == 1 {
		return rec.NewSlice(runs[0].from, runs[0].to), nil
	}
	parts := make([]arrow.RecordBatch, len(runs))
	for i, r := range runs {
		parts[i] = rec.NewSlice(r.from, r.to)
		defer parts[i].Release()
	}
	return join(parts)
}

// join puts records of one schema one behind the other. The result must be released.
func join(parts []arrow.RecordBatch) (arrow.RecordBatch, error) {
	if len(parts) == 1 {
		parts[0].Retain()
		return parts[0], nil
	}
	rows := int64(0)
	for _, p := range parts {
		rows += p.NumRows()
	}
	columns := make([]arrow.Array, 0, parts[0].NumCols())
	defer func() { release(columns) }()
	pieces := make([]arrow.Array, len(parts))
	for c := range int(parts[0].NumCols()) {
		for i, p := range parts {
			pieces[i] = p.Column(c)
		}
		whole, err := array.Concatenate(pieces, memory.DefaultAllocator)
		if err != nil {
			return nil, fault.New(fault.Internal, "", "%w", err)
		}
		columns = append(columns, whole)
	}
	return array.NewRecordBatch(parts[0].Schema(), columns, rows), nil
}
