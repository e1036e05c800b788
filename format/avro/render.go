package avro

import (
	"strconv"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format/internal/rows"
)

// json appends a value as JSON. Unions are the value alone.
func (r *reader) json(dst []byte, n *node) (_ []byte, err *fault.Error) {
	if err := r.count(); err != nil {
		return dst, err
	}
	if len(dst) > r.room {
		return dst, fault.New(fault.RowTooLarge, "", "a message of %d bytes is more than %d bytes of JSON", len(r.b), r.room)
	}
	switch n.kind {
	case nullKind:
		return append(dst, "null"...), nil
	case unionKind:
		i, err := r.branch(n)
		if err != nil {
			return dst, err
		}
		return r.json(dst, n.branches[i])
	case recordKind, mapKind, arrayKind:
		return r.nested(dst, n)
	case enumKind:
		i, err := r.symbol(n)
		if err != nil {
			return dst, err
		}
		return append(dst, n.quoted[i]...), nil
	}
	return r.scalar(dst, n)
}

func (r *reader) scalar(dst []byte, n *node) ([]byte, *fault.Error) {
	switch n.kind {
	case booleanKind:
		v, err := r.boolean()
		return strconv.AppendBool(dst, v), err
	case intKind, longKind:
		v, err := r.whole(n.kind)
		return strconv.AppendInt(dst, v, 10), err
	case floatKind, doubleKind:
		v, err := r.float(n.kind)
		return rows.AppendFloat(dst, v), err
	case stringKind:
		v, err := r.text()
		if err != nil {
			return dst, err
		}
		if !utf8.Valid(v) {
			return dst, rows.NotText(v)
		}
		dst, _ = rows.AppendText(dst, v)
		return dst, nil
	}
	v, err := r.bytes(n)
	switch {
	case err != nil:
	case n.logical == decimal:
		var ok bool
		if dst, ok = appendDecimal(dst, v, n); !ok {
			err = r.bad("a decimal of %d bytes is not one of at most %d digits", len(v), n.digits)
		}
	case n.logical == uuid:
		dst = append(appendUUID(append(dst, '"'), v), '"')
	default:
		dst = appendBytes(dst, v)
	}
	return dst, err
}

// nested appends what has members or items.
func (r *reader) nested(dst []byte, n *node) (_ []byte, err *fault.Error) {
	open, end := byte('{'), byte('}')
	if n.kind == arrayKind {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	first := len(dst)
	comma := func() {
		if len(dst) > first {
			dst = append(dst, ',')
		}
	}
	if n.kind == recordKind {
		if err := r.enter(); err != nil {
			return dst, err
		}
		for i := range n.fields {
			comma()
			dst = append(dst, n.fields[i].key...)
			if dst, err = r.json(dst, n.fields[i].node); err != nil {
				return dst, err
			}
		}
		r.depth--
		return append(dst, end), nil
	}
	err = r.blocks(func() (err *fault.Error) {
		comma()
		if n.kind == mapKind {
			key, err := r.text()
			if err != nil {
				return err
			}
			var ok bool
			if dst, ok = rows.AppendText(dst, key); !ok {
				return rows.NotText(key)
			}
			dst = append(dst, ':')
		}
		dst, err = r.json(dst, n.item)
		return err
	})
	return append(dst, end), err
}
