package parity

import (
	"context"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	alloc "github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/format/number"
)

// WriteJSON writes columns of the table as JSON lines, from which Memory reads the same values: with the bits of all numbers,
// and with a text that is empty apart from one that is missing, which CSV cannot tell.
func (t *Table) WriteJSON(ctx context.Context, w io.Writer, columns []format.Column) error {
	in, err := t.read(ctx, columns)
	if err != nil {
		return err
	}
	defer in.close()
	var out format.Writer
	for {
		n, err := in.ready()
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		rec, err := in.take(n)
		if err != nil {
			return err
		}
		plain := plainRecord(rec)
		if out == nil {
			if out, err = (jsonl.Format{}).NewWriter(w, plain.Schema()); err != nil {
				return t.named(err)
			}
		}
		err = out.Write(plain)
		plain.Release()
		rec.Release()
		if err != nil {
			return t.named(err)
		}
	}
	if out == nil {
		return fault.New(fault.Empty, t.Name, "there is no row")
	}
	return out.Close()
}

// plainRecord has the columns whose digits in JSON stand for other values as such for which they do not: narrow floats as
// float64, and booleans as the numbers that they count as. The caller releases it.
func plainRecord(rec arrow.RecordBatch) arrow.RecordBatch {
	fields := slices.Clone(rec.Schema().Fields())
	columns := make([]arrow.Array, len(fields))
	for i, c := range rec.Columns() {
		columns[i] = plainColumn(c)
		fields[i].Type = columns[i].DataType()
		defer columns[i].Release()
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, rec.NumRows())
}

// plainColumn gives a column of plainRecord, which the caller releases.
func plainColumn(c arrow.Array) arrow.Array {
	values, at := c, func(i int) int { return i }
	if d, ok := c.(*array.Dictionary); ok {
		values, at = d.Dictionary(), d.GetValueIndex
	}
	var value func(i int) float64
	switch v := values.(type) {
	case *array.Float32:
		value = func(i int) float64 { return float64(v.Value(i)) }
	case *array.Float16:
		value = func(i int) float64 { return number.Half(v.Value(i).Uint16()) }
	case *array.Boolean:
		value = func(i int) float64 {
			if v.Value(i) {
				return 1
			}
			return 0
		}
	default:
		c.Retain()
		return c
	}
	b := array.NewFloat64Builder(alloc.DefaultAllocator)
	defer b.Release()
	for i := range c.Len() {
		if c.IsNull(i) || values.IsNull(at(i)) {
			b.AppendNull()
		} else {
			b.Append(value(at(i)))
		}
	}
	return b.NewFloat64Array()
}
