package csv

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/arrowtext"
)

// appender appends cell i of a column of one type.
type appender func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error)

// cellWriter knows how cells are quoted.
type cellWriter struct {
	delim   byte
	quoted  [256]bool // bytes that a cell is quoted for
	number  string    // what stands for a null in a column of numbers
	text    string    // and in all others
	nulls   []string  // texts that would be read back as null
	scratch []byte
}

func newCellWriter(delim byte, nulls format.Nulls) cellWriter {
	w := cellWriter{delim: delim, nulls: nulls.Text}
	if len(nulls.Number) > 0 {
		w.number = nulls.Number[0]
	}
	if len(nulls.Text) > 0 {
		w.text = nulls.Text[0]
	}
	for _, c := range []byte{delim, '"', '\r', '\n'} {
		w.quoted[c] = true
	}
	return w
}

// appender is how cells of field are written.
func (w *cellWriter) appender(field arrow.Field) appender {
	if isRaw(field, format.MetaRaw) || isRaw(field, format.MetaRawRow) {
		return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
			return append(b, arr.(*array.Binary).Value(i)...), nil
		}
	}
	switch field.Type.ID() {
	case arrow.FLOAT64:
		return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
			if arr.IsNull(i) {
				return append(b, w.number...), nil
			}
			return appendFloat(b, arr.(*array.Float64).Value(i), 64), nil
		}
	case arrow.FLOAT32:
		return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
			if arr.IsNull(i) {
				return append(b, w.number...), nil
			}
			return appendFloat(b, float64(arr.(*array.Float32).Value(i)), 32), nil
		}
	case arrow.INT64:
		return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
			if arr.IsNull(i) {
				return append(b, w.number...), nil
			}
			return strconv.AppendInt(b, arr.(*array.Int64).Value(i), 10), nil
		}
	case arrow.INT32:
		return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
			if arr.IsNull(i) {
				return append(b, w.number...), nil
			}
			return strconv.AppendInt(b, int64(arr.(*array.Int32).Value(i)), 10), nil
		}
	case arrow.STRING:
		return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
			if arr.IsNull(i) {
				return append(b, w.text...), nil
			}
			return w.cell(b, arr.(*array.String).Value(i)), nil
		}
	}
	null := w.text
	switch id := field.Type.ID(); {
	case arrow.IsInteger(id), arrow.IsFloating(id), arrow.IsDecimal(id), id == arrow.BOOL:
		null = w.number
	}
	return func(w *cellWriter, b []byte, arr arrow.Array, i int) ([]byte, error) {
		if isNull(arr, i) {
			return append(b, null...), nil
		}
		var err error
		w.scratch, err = arrowtext.AppendCSV(w.scratch[:0], arr, i)
		if err != nil {
			return b, err
		}
		return w.cell(b, unsafe.String(unsafe.SliceData(w.scratch), len(w.scratch))), nil
	}
}

// appendFloat appends v with the fewest digits that read back as the same v.
func appendFloat(b []byte, v float64, bits int) []byte {
	switch {
	case v != v:
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "inf"...)
	case math.IsInf(v, -1):
		return append(b, "-inf"...)
	case v == math.Trunc(v) && math.Abs(v) < 1<<24 && (v != 0 || !math.Signbit(v)):
		return strconv.AppendInt(b, int64(v), 10) // the same digits, sooner
	}
	return arrowtext.AppendFloat(b, v, bits)
}

// cell appends a text, in quotes where it must have them or would be read back as null without.
func (w *cellWriter) cell(b []byte, text string) []byte {
	if w.special(text) {
		return appendQuoted(b, text)
	}
	for _, n := range w.nulls {
		if text == n {
			return appendQuoted(b, text)
		}
	}
	return append(b, text...)
}

// special reports whether text holds a byte that a cell is quoted for.
func (w *cellWriter) special(text string) bool {
	for i := range len(text) {
		if w.quoted[text[i]] {
			return true
		}
	}
	return false
}

func appendQuoted(b []byte, text string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(text) {
		if text[i] == '"' {
			b = append(b, text[from:i+1]...)
			from = i
		}
	}
	return append(append(b, text[from:]...), '"')
}

// isNull reports whether value i of arr is null, be it through what it refers to.
func isNull(arr arrow.Array, i int) bool {
	for !arr.IsNull(i) {
		switch a := arr.(type) {
		case *array.Dictionary:
			arr, i = a.Dictionary(), a.GetValueIndex(i)
		case *array.RunEndEncoded:
			arr, i = a.Values(), a.GetPhysicalIndex(i)
		case array.ExtensionArray:
			arr = a.Storage()
		default:
			return arr.DataType().ID() == arrow.NULL
		}
	}
	return true
}
