package protobuf

import (
	"cmp"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/internal/rows"
)

// set puts a field of a message into its column.
func (d *decoder) set(w *wanted, m protoreflect.Message) *fault.Error {
	for _, fd := range w.path[:len(w.path)-1] {
		if !m.Has(fd) {
			return nil
		}
		m = m.Get(fd).Message()
	}
	fd := w.path[len(w.path)-1]
	if fd.HasPresence() && !m.Has(fd) {
		return nil
	}
	v := m.Get(fd)
	if w.last != fd { // a wrapper
		v = v.Message().Get(w.last)
	}
	c := d.columns
	switch w.what {
	case composite:
		var err *fault.Error
		if d.json, err = d.appendField(d.json[:0], fd, v); err != nil {
			return err
		}
		return c.JSON(w.column, d.json, nameOf(fd))
	case timestamp:
		text, err := appendTimestamp(nil, v.Message())
		if err != nil {
			return err.OnField(c.Path(w.column))
		}
		return c.Text(w.column, text)
	}
	switch w.last.Kind() {
	case protoreflect.BoolKind:
		return c.Bool(w.column, v.Bool())
	case protoreflect.EnumKind:
		return c.Text(w.column, []byte(symbol(w.last, v)))
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return c.Float(w.column, v.Float())
	case protoreflect.StringKind:
		return c.Text(w.column, []byte(v.String()))
	case protoreflect.BytesKind:
		return d.setBytes(w.column, v.Bytes())
	}
	if i, ok := v.Interface().(uint64); ok {
		return c.Uint(w.column, i)
	}
	if i, ok := v.Interface().(uint32); ok {
		return c.Uint(w.column, uint64(i))
	}
	return c.Int(w.column, v.Int())
}

// setBytes sets bytes, which are not a number.
func (d *decoder) setBytes(column int, v []byte) *fault.Error {
	if d.columns.Kind(column) == format.Raw {
		return d.columns.JSON(column, appendBytes(nil, v), "bytes")
	}
	for _, c := range v {
		if c >= 0x80 {
			return fault.New(fault.BadText, "", "%d bytes that are not ASCII, and nothing says which text they are", len(v)).OnField(d.columns.Path(column))
		}
	}
	return d.columns.Text(column, v)
}

// symbol is the name of an enum's value, or the number of one that is not known.
func symbol(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	if s := fd.Enum().Values().ByNumber(v.Enum()); s != nil {
		return string(s.Name())
	}
	return strconv.Itoa(int(v.Enum()))
}

// appendMessage appends a message as a JSON object.
func (d *decoder) appendMessage(dst []byte, m protoreflect.Message) (_ []byte, err *fault.Error) {
	dst = append(dst, '{')
	first := len(dst)
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.HasPresence() && !m.Has(fd) {
			continue
		}
		if len(dst) > first {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendQuote(dst, string(fd.Name())), ':') // a name has letters and digits only
		if dst, err = d.appendField(dst, fd, m.Get(fd)); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendField appends the value of a field.
func (d *decoder) appendField(dst []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) (_ []byte, err *fault.Error) {
	switch {
	case fd.IsList():
		dst = append(dst, '[')
		for i := range v.List().Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = d.appendValue(dst, fd, v.List().Get(i)); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case fd.IsMap():
		return d.appendMap(dst, fd, v.Map())
	}
	return d.appendValue(dst, fd, v)
}

// appendMap appends a map, its members in order.
func (d *decoder) appendMap(dst []byte, fd protoreflect.FieldDescriptor, m protoreflect.Map) (_ []byte, err *fault.Error) {
	var keys []protoreflect.MapKey
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return cmp.Compare(a.String(), b.String()) })
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = rows.AppendText(dst, []byte(k.String())); !ok {
			return dst, rows.NotText([]byte(k.String()))
		}
		dst = append(dst, ':')
		if dst, err = d.appendValue(dst, fd.MapValue(), m.Get(k)); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendValue appends one value.
func (d *decoder) appendValue(dst []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) ([]byte, *fault.Error) {
	if len(dst) > d.room {
		return dst, fault.New(fault.RowTooLarge, "", "a message is more than %d bytes of JSON", d.room)
	}
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		m := v.Message()
		if wrappers[m.Descriptor().FullName()] {
			fd = m.Descriptor().Fields().ByNumber(1)
			return d.appendValue(dst, fd, m.Get(fd))
		}
		if isTimestamp(m.Descriptor()) {
			dst, err := appendTimestamp(append(dst, '"'), m)
			return append(dst, '"'), err
		}
		return d.appendMessage(dst, m)
	case protoreflect.EnumKind:
		if fd.Enum().Values().ByNumber(v.Enum()) == nil {
			return strconv.AppendInt(dst, int64(v.Enum()), 10), nil
		}
		return strconv.AppendQuote(dst, symbol(fd, v)), nil
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool()), nil
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return rows.AppendFloat(dst, v.Float()), nil
	case protoreflect.StringKind:
		out, ok := rows.AppendText(dst, []byte(v.String()))
		if !ok {
			return dst, rows.NotText([]byte(v.String()))
		}
		return out, nil
	case protoreflect.BytesKind:
		return appendBytes(dst, v.Bytes()), nil
	}
	return append(dst, v.String()...), nil // a whole number
}

func appendBytes(dst, b []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}

// appendTimestamp appends a time as in RFC 3339, with as many digits as it needs.
func appendTimestamp(dst []byte, m protoreflect.Message) ([]byte, *fault.Error) {
	fields := m.Descriptor().Fields()
	s, ns := m.Get(fields.ByName("seconds")).Int(), m.Get(fields.ByName("nanos")).Int()
	const year1, year10000 = -62135596800, 253402300800
	if s < year1 || s >= year10000 || ns < 0 || ns > 999_999_999 || s == math.MinInt64 {
		return dst, fault.New(fault.WrongType, "", "a timestamp of %d s and %d ns is not within the years 1 to 9999", s, ns)
	}
	return time.Unix(s, ns).UTC().AppendFormat(dst, time.RFC3339Nano), nil
}
