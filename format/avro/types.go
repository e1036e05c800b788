package avro

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
)

// typeOf is the type that values of an Arrow type have. See doc.go.
func typeOf(t arrow.DataType) (n avro.SchemaNode, ok bool) {
	switch t := t.(type) {
	case *arrow.ListType:
		item, ok := typeOf(t.Elem())
		if t.ElemField().Nullable {
			item = nullable(item).Type
		}
		return avro.SchemaNode{Type: "array", Items: &item}, ok
	case *arrow.TimestampType:
		n = avro.SchemaNode{Type: "long", LogicalType: map[arrow.TimeUnit]string{arrow.Millisecond: "timestamp-millis", arrow.Microsecond: "timestamp-micros", arrow.Nanosecond: "timestamp-nanos"}[t.Unit]}
		if ok = n.LogicalType != ""; t.TimeZone == "" {
			n.LogicalType = "local-" + n.LogicalType
		}
		return n, ok
	}
	n.Type = map[arrow.Type]string{
		arrow.FLOAT64: "double", arrow.FLOAT32: "float", arrow.INT64: "long", arrow.UINT32: "long", arrow.INT32: "int", arrow.INT16: "int", arrow.INT8: "int",
		arrow.UINT16: "int", arrow.UINT8: "int", arrow.BOOL: "boolean", arrow.STRING: "string", arrow.LARGE_STRING: "string", arrow.BINARY: "bytes", arrow.DATE32: "int",
	}[t.ID()]
	if t.ID() == arrow.DATE32 {
		n.LogicalType = "date"
	}
	return n, n.Type != ""
}

// write appends value i of a column, which is not null.
type write func(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error)

// writeOf gives the writer of a type that typeOf has.
func writeOf(t arrow.DataType) write {
	switch t := t.(type) {
	case *arrow.ListType:
		return writeList(t)
	case *arrow.Float64Type:
		return func(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error) {
			return binary.LittleEndian.AppendUint64(dst, math.Float64bits(col.(*array.Float64).Value(i))), nil
		}
	case *arrow.Float32Type:
		return func(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error) {
			return binary.LittleEndian.AppendUint32(dst, math.Float32bits(col.(*array.Float32).Value(i))), nil
		}
	case *arrow.BooleanType:
		return writeBoolean
	case *arrow.StringType, *arrow.LargeStringType:
		return writeText
	case *arrow.BinaryType:
		return func(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error) {
			v := col.(*array.Binary).Value(i)
			return append(binary.AppendVarint(dst, int64(len(v))), v...), nil
		}
	}
	return writeWhole
}

func writeBoolean(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error) {
	if col.(*array.Boolean).Value(i) {
		return append(dst, 1), nil
	}
	return append(dst, 0), nil
}

func writeText(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error) {
	v := col.(array.StringLike).Value(i)
	if !utf8.ValidString(v) {
		return dst, fault.New(fault.BadText, "", "the text %s is not UTF-8", fault.Quote(v))
	}
	return append(binary.AppendVarint(dst, int64(len(v))), v...), nil
}

func writeWhole(dst []byte, col arrow.Array, i int) ([]byte, *fault.Error) {
	var v int64
	switch a := col.(type) {
	case *array.Int64:
		v = a.Value(i)
	case *array.Int32:
		v = int64(a.Value(i))
	case *array.Int16:
		v = int64(a.Value(i))
	case *array.Int8:
		v = int64(a.Value(i))
	case *array.Uint32:
		v = int64(a.Value(i))
	case *array.Uint16:
		v = int64(a.Value(i))
	case *array.Uint8:
		v = int64(a.Value(i))
	case *array.Date32:
		v = int64(a.Value(i))
	case *array.Timestamp:
		v = int64(a.Value(i))
	default:
		return dst, fault.New(fault.Internal, "", "a column of type %s", col.DataType())
	}
	return binary.AppendVarint(dst, v), nil
}

// writeList writes a list as one block.
func writeList(t *arrow.ListType) write {
	item, optional := writeOf(t.Elem()), t.ElemField().Nullable
	return func(dst []byte, col arrow.Array, i int) (_ []byte, err *fault.Error) {
		a := col.(*array.List)
		from, to := a.ValueOffsets(i)
		if from == to {
			return append(dst, 0), nil
		}
		dst = binary.AppendVarint(dst, to-from)
		for values := a.ListValues(); from < to; from++ {
			if dst, err = writeMaybe(dst, item, optional, values, int(from)); err != nil {
				return dst, err
			}
		}
		return append(dst, 0), nil
	}
}

// writeMaybe writes a value, which is a union with null if it is optional.
func writeMaybe(dst []byte, w write, optional bool, col arrow.Array, i int) ([]byte, *fault.Error) {
	switch null := col.IsNull(i); {
	case null && optional:
		return append(dst, 0), nil
	case null:
		return dst, fault.New(fault.WrongType, "", "a value is missing that the schema says is always there")
	case optional:
		dst = append(dst, 2)
	}
	return w(dst, col, i)
}
