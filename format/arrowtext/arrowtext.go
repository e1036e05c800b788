package arrowtext

import (
	"encoding/base64"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format/number"
)

// AppendCSV appends value i of arr to dst as the text of a CSV cell, which the caller quotes if it must. A null appends
// nothing. See the package's table for what each type looks like. i must be in range.
//
// Errors are *fault.Error that say neither file nor row: fault.BadText for a string inside a list, struct or map that is
// not UTF-8, fault.Unsupported for a type that Arrow has grown since. dst is then returned as it was given.
//
// Safe for concurrent use with different arrays; Arrow itself does not let two goroutines first look into one dictionary.
func AppendCSV(dst []byte, arr arrow.Array, i int) ([]byte, error) {
	return appendValue(dst, arr, i, cell)
}

// AppendJSON appends value i of arr to dst as a JSON value without any white space. A null appends null. See the
// package's table for what each type looks like. i must be in range.
//
// Errors are *fault.Error that say neither file nor row: fault.BadText for a string that is not UTF-8,
// fault.Unsupported for a type that Arrow has grown since. dst is then returned as it was given.
//
// Safe for concurrent use with different arrays; Arrow itself does not let two goroutines first look into one dictionary.
func AppendJSON(dst []byte, arr arrow.Array, i int) ([]byte, error) {
	return appendValue(dst, arr, i, value)
}

// form is what a value is written as.
type form uint8

const (
	cell  form = iota // text without quotes, null is nothing
	value             // JSON
)

func (f form) null(dst []byte) []byte {
	if f == value {
		dst = append(dst, "null"...)
	}
	return dst
}

// quote puts the quotes of JSON around what write appends, which must need no escapes.
func (f form) quote(dst []byte, write func([]byte) []byte) []byte {
	if f == cell {
		return write(dst)
	}
	return append(write(append(dst, '"')), '"')
}

func (f form) base64(dst, data []byte) []byte {
	return f.quote(dst, func(dst []byte) []byte { return base64.StdEncoding.AppendEncode(dst, data) })
}

func (f form) text(dst []byte, s string) ([]byte, error) {
	if f == cell {
		return append(dst, s...), nil
	}
	out, ok := AppendQuoted(dst, s)
	if !ok {
		return dst, fault.New(fault.BadText, "", "the text %s is not UTF-8, which JSON cannot hold", fault.Quote(s))
	}
	return out, nil
}

func appendValue(dst []byte, arr arrow.Array, i int, f form) ([]byte, error) {
	if arr.IsNull(i) {
		return f.null(dst), nil
	}
	switch a := arr.(type) {
	case *array.Null:
		return f.null(dst), nil
	case *array.Boolean:
		return strconv.AppendBool(dst, a.Value(i)), nil
	case *array.Int8:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10), nil
	case *array.Int16:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10), nil
	case *array.Int32:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10), nil
	case *array.Int64:
		return strconv.AppendInt(dst, a.Value(i), 10), nil
	case *array.Uint8:
		return strconv.AppendUint(dst, uint64(a.Value(i)), 10), nil
	case *array.Uint16:
		return strconv.AppendUint(dst, uint64(a.Value(i)), 10), nil
	case *array.Uint32:
		return strconv.AppendUint(dst, uint64(a.Value(i)), 10), nil
	case *array.Uint64:
		return strconv.AppendUint(dst, a.Value(i), 10), nil
	case *array.Float16:
		return f.float(dst, number.Half(a.Value(i).Uint16()), 32), nil
	case *array.Float32:
		return f.float(dst, float64(a.Value(i)), 32), nil
	case *array.Float64:
		return f.float(dst, a.Value(i), 64), nil
	case *array.Decimal32:
		return appendDecimal(dst, strconv.FormatInt(int64(a.Value(i)), 10), a.DataType()), nil
	case *array.Decimal64:
		return appendDecimal(dst, strconv.FormatInt(int64(a.Value(i)), 10), a.DataType()), nil
	case *array.Decimal128:
		return appendDecimal(dst, a.Value(i).BigInt().String(), a.DataType()), nil
	case *array.Decimal256:
		return appendDecimal(dst, a.Value(i).BigInt().String(), a.DataType()), nil
	case *array.String:
		return f.text(dst, a.Value(i))
	case *array.LargeString:
		return f.text(dst, a.Value(i))
	case *array.StringView:
		return f.text(dst, a.Value(i))
	case *array.Binary:
		return f.base64(dst, a.Value(i)), nil
	case *array.LargeBinary:
		return f.base64(dst, a.Value(i)), nil
	case *array.BinaryView:
		return f.base64(dst, a.Value(i)), nil
	case *array.FixedSizeBinary:
		return f.base64(dst, a.Value(i)), nil
	case *array.Dictionary:
		return appendValue(dst, a.Dictionary(), a.GetValueIndex(i), f)
	case *array.RunEndEncoded:
		return appendValue(dst, a.Values(), a.GetPhysicalIndex(i), f)
	case array.Union:
		child := a.ChildID(i)
		if dense, ok := a.(*array.DenseUnion); ok {
			i = int(dense.ValueOffset(i))
		}
		return appendValue(dst, a.Field(child), i, f)
	case array.ExtensionArray:
		return appendExtension(dst, a, i, f)
	case *array.Struct, array.ListLike:
		return appendNested(dst, arr, i)
	}
	if out, ok := appendTemporal(dst, arr, i, f); ok {
		return out, nil
	}
	return dst, fault.New(fault.Unsupported, "", "no text form for Arrow type %s", arr.DataType())
}

// appendExtension knows the canonical extensions whose storage would not read well.
func appendExtension(dst []byte, a array.ExtensionArray, i int, f form) ([]byte, error) {
	storage := a.Storage()
	switch a.ExtensionType().ExtensionName() {
	case "arrow.uuid":
		if s, ok := storage.(*array.FixedSizeBinary); ok && len(s.Value(i)) == 16 {
			return f.quote(dst, func(dst []byte) []byte { return appendUUID(dst, s.Value(i)) }), nil
		}
	case "arrow.bool8":
		if s, ok := storage.(*array.Int8); ok {
			return strconv.AppendBool(dst, s.Value(i) != 0), nil
		}
	}
	return appendValue(dst, storage, i, f)
}

func appendUUID(dst, id []byte) []byte {
	const hex = "0123456789abcdef"
	for k, b := range id {
		if k == 4 || k == 6 || k == 8 || k == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[b>>4], hex[b&15])
	}
	return dst
}
