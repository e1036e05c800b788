package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
)

// lowerType gives the type that a column of dt is written as.
func lowerType(dt arrow.DataType) (arrow.DataType, error) {
	switch t := dt.(type) {
	case *arrow.DictionaryType:
		return lowerType(t.ValueType)
	case *arrow.RunEndEncodedType:
		return lowerType(t.Encoded())
	case *arrow.DurationType:
		return arrow.PrimitiveTypes.Int64, nil
	case *arrow.StringViewType:
		return arrow.BinaryTypes.String, nil
	case *arrow.BinaryViewType:
		return arrow.BinaryTypes.Binary, nil
	case *arrow.Decimal32Type:
		return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, nil
	case *arrow.Decimal64Type:
		return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, nil
	case *arrow.Date64Type:
		return arrow.FixedWidthTypes.Date32, nil
	case *arrow.StructType:
		fields, err := lowerFields(t.Fields())
		if err != nil || len(fields) == 0 {
			return nil, errors.Join(err, errEmptyStruct(fields))
		}
		return arrow.StructOf(fields...), nil
	case *arrow.MapType:
		fields, err := lowerFields([]arrow.Field{t.KeyField(), t.ItemField()})
		if err != nil {
			return nil, err
		}
		m := arrow.MapOfFields(fields[0], fields[1])
		m.KeysSorted = t.KeysSorted
		return m, nil
	case *arrow.ListType:
		fields, err := lowerFields([]arrow.Field{t.ElemField()})
		if err != nil {
			return nil, err
		}
		return arrow.ListOfField(fields[0]), nil
	case *arrow.LargeListType:
		fields, err := lowerFields([]arrow.Field{t.ElemField()})
		if err != nil {
			return nil, err
		}
		return arrow.LargeListOfField(fields[0]), nil
	case *arrow.FixedSizeListType:
		fields, err := lowerFields([]arrow.Field{t.ElemField()})
		if err != nil {
			return nil, err
		}
		return arrow.ListOfField(fields[0]), nil // which can leave out what lies under nulls
	case arrow.ExtensionType:
		low, err := lowerType(t.StorageType())
		if err != nil || arrow.TypeEqual(low, t.StorageType()) {
			return dt, err
		}
		return low, nil
	}
	switch dt.ID() {
	case arrow.DENSE_UNION, arrow.SPARSE_UNION, arrow.LIST_VIEW, arrow.LARGE_LIST_VIEW,
		arrow.INTERVAL_MONTHS, arrow.INTERVAL_DAY_TIME, arrow.INTERVAL_MONTH_DAY_NANO:
		return nil, fmt.Errorf("there is nothing in Parquet like the Arrow type %s", dt)
	}
	return dt, nil
}

func errEmptyStruct(fields []arrow.Field) error {
	if len(fields) == 0 {
		return errors.New("there are no structs without members in Parquet")
	}
	return nil
}

func lowerFields(fields []arrow.Field) (out []arrow.Field, err error) {
	out = slices.Clone(fields)
	for i := range out {
		if out[i].Type, err = lowerType(out[i].Type); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lowerArray gives arr as the type that lowerType has for it. The caller releases the result.
func lowerArray(arr arrow.Array, to arrow.DataType) (arrow.Array, error) {
	if list, ok := arr.(array.ListLike); ok && hidesValues(list) {
		shown, err := withoutHidden(list)
		if err != nil {
			return nil, err
		}
		defer shown.Release()
		arr = shown
	}
	if arrow.TypeEqual(arr.DataType(), to) {
		arr.Retain()
		return arr, nil
	}
	switch a := arr.(type) {
	case *array.Dictionary:
		values, err := lowerArray(a.Dictionary(), to)
		if err != nil {
			return nil, err
		}
		defer values.Release()
		return compute.TakeArray(compute.WithAllocator(context.Background(), goMemory), values, a.Indices())
	case *array.RunEndEncoded:
		values, err := lowerArray(a.Values(), to)
		if err != nil {
			return nil, err
		}
		defer values.Release()
		b := array.NewInt64Builder(goMemory)
		defer b.Release()
		for i := range a.Len() {
			b.Append(int64(a.GetPhysicalIndex(i)))
		}
		index := b.NewArray()
		defer index.Release()
		return compute.TakeArray(compute.WithAllocator(context.Background(), goMemory), values, index)
	case *array.Duration:
		return retype(a, to, nil), nil
	case array.ExtensionArray:
		return lowerArray(a.Storage(), to)
	case *array.StringView, *array.BinaryView, *array.Decimal32, *array.Decimal64, *array.Date64:
		return lowerValues(arr, to)
	}
	// Nested: the same with other children.
	var types []arrow.DataType
	switch t := to.(type) {
	case *arrow.StructType:
		for _, f := range t.Fields() {
			types = append(types, f.Type)
		}
	case *arrow.MapType:
		types = append(types, t.Elem())
	case arrow.ListLikeType:
		types = append(types, t.Elem())
	default:
		return nil, fmt.Errorf("no way from %s to %s", arr.DataType(), to)
	}
	var children []arrow.ArrayData
	defer func() {
		for _, c := range children {
			c.Release()
		}
	}()
	for i, c := range arr.Data().Children() {
		child := array.MakeFromData(c)
		low, err := lowerArray(child, types[i])
		child.Release()
		if err != nil {
			return nil, err
		}
		low.Data().Retain()
		children = append(children, low.Data())
		low.Release()
	}
	return retype(arr, to, children), nil
}

// hidesValues reports whether a list has values where it is null, as lists of one size always have. pqarrow does not
// write that.
func hidesValues(a array.ListLike) bool {
	if _, ok := a.(*array.FixedSizeList); ok {
		return true
	}
	for i := 0; a.NullN() > 0 && i < a.Len(); i++ {
		if start, end := a.ValueOffsets(i); end > start && a.IsNull(i) {
			return true
		}
	}
	return false
}

// withoutHidden copies a list without the values that lie under nulls. A list of one size becomes one of any.
func withoutHidden(a array.ListLike) (arrow.Array, error) {
	var runs []arrow.Array
	defer func() {
		for _, r := range runs {
			r.Release()
		}
	}()
	_, wide := a.(*array.LargeList)
	var offsets []byte
	total := int64(0)
	from, to := int64(0), int64(0) // the run of values that is not in runs yet
	cut := func() {
		if to > from {
			runs = append(runs, array.NewSlice(a.ListValues(), from, to))
		}
	}
	for i := range a.Len() + 1 {
		if wide {
			offsets = binary.LittleEndian.AppendUint64(offsets, uint64(total))
		} else {
			offsets = binary.LittleEndian.AppendUint32(offsets, uint32(total))
		}
		if i == a.Len() || a.IsNull(i) {
			continue
		}
		start, end := a.ValueOffsets(i)
		if start != to {
			cut()
			from = start
		}
		to = end
		total += end - start
	}
	cut()
	if total > math.MaxInt32 && !wide {
		return nil, errors.New("lists with more than 2^31 values in one batch")
	}
	if len(runs) == 0 {
		runs = append(runs, array.NewSlice(a.ListValues(), 0, 0))
	}
	values, err := array.Concatenate(runs, goMemory)
	if err != nil {
		return nil, err
	}
	defer values.Release()
	dt := a.DataType()
	if t, ok := dt.(*arrow.FixedSizeListType); ok {
		dt = arrow.ListOfField(t.ElemField())
	}
	bufs := []*memory.Buffer{nil, memory.NewBufferBytes(offsets)}
	if a.NullN() > 0 {
		bufs[0] = memory.NewBufferBytes(validity(a.Len(), a.IsValid))
	}
	data := array.NewData(dt, a.Len(), bufs, []arrow.ArrayData{values.Data()}, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// retype gives the same buffers another type.
func retype(arr arrow.Array, to arrow.DataType, children []arrow.ArrayData) arrow.Array {
	d := arr.Data()
	data := array.NewData(to, d.Len(), d.Buffers(), children, d.NullN(), d.Offset())
	defer data.Release()
	return array.MakeFromData(data)
}

// lowerValues copies value by value.
func lowerValues(arr arrow.Array, to arrow.DataType) (arrow.Array, error) {
	b := array.NewBuilder(goMemory, to)
	defer b.Release()
	b.Reserve(arr.Len())
	for i := range arr.Len() {
		if arr.IsNull(i) {
			b.AppendNull()
			continue
		}
		switch a := arr.(type) {
		case *array.StringView:
			b.(*array.StringBuilder).Append(a.Value(i))
		case *array.BinaryView:
			b.(*array.BinaryBuilder).Append(a.Value(i))
		case *array.Decimal32:
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(int64(a.Value(i))))
		case *array.Decimal64:
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(int64(a.Value(i))))
		case *array.Date64:
			const day = 24 * 60 * 60 * 1000
			if a.Value(i)%day != 0 {
				return nil, fault.New(fault.Unsupported, "", "the date %d is not a whole day, which Parquet's dates are", a.Value(i))
			}
			b.(*array.Date32Builder).Append(arrow.Date32(a.Value(i) / day))
		}
	}
	return b.NewArray(), nil
}
