package arrowtext

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// appendNested appends a list, struct or map as JSON, whatever it stands in. On an error dst comes back as it was.
func appendNested(dst []byte, arr arrow.Array, i int) ([]byte, error) {
	var out []byte
	var err error
	switch a := arr.(type) {
	case *array.Struct:
		out, err = appendStruct(dst, a, i)
	case *array.Map:
		out, err = appendMap(dst, a, i)
	case array.ListLike:
		out, err = appendList(dst, a, i)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

func appendStruct(dst []byte, a *array.Struct, i int) ([]byte, error) {
	fields := a.DataType().(*arrow.StructType).Fields()
	dst = append(dst, '{')
	var err error
	for k := range fields {
		if k > 0 {
			dst = append(dst, ',')
		}
		if dst, err = value.text(dst, fields[k].Name); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, a.Field(k), i, value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendList(dst []byte, a array.ListLike, i int) ([]byte, error) {
	values := a.ListValues()
	start, end := a.ValueOffsets(i)
	dst = append(dst, '[')
	var err error
	for k := start; k < end; k++ {
		if k > start {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, values, int(k), value); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, a *array.Map, i int) ([]byte, error) {
	keys, items := a.Keys(), a.Items()
	start, end := a.ValueOffsets(i)
	object := textual(keys.DataType())
	open, shut := byte('['), byte(']')
	if object {
		open, shut = '{', '}'
	}
	dst = append(dst, open)
	var err error
	for k := start; k < end; k++ {
		if k > start {
			dst = append(dst, ',')
		}
		if !object {
			dst = append(dst, `{"key":`...)
		}
		if dst, err = appendValue(dst, keys, int(k), value); err != nil {
			return dst, err
		}
		if !object {
			dst = append(dst, `,"value"`...)
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, items, int(k), value); err != nil {
			return dst, err
		}
		if !object {
			dst = append(dst, '}')
		}
	}
	return append(dst, shut), nil
}

// textual reports whether values of type dt always are JSON strings: a map's keys are never null.
func textual(dt arrow.DataType) bool {
	if d, ok := dt.(*arrow.DictionaryType); ok {
		dt = d.ValueType
	}
	switch dt.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}
