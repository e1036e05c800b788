package avro

import (
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// value reads a value and puts it where it is wanted.
func (r *reader) value(s *step) *fault.Error {
	if s.kind == unionKind {
		i, err := r.branch(s.node)
		if err != nil {
			return err
		}
		return r.value(s.children[i])
	}
	if s.want.members == nil {
		return r.leaf(s)
	}
	start := r.pos
	switch s.kind {
	case recordKind:
		if err := r.enter(); err != nil {
			return err
		}
		for i := range s.fields {
			f := &s.fields[i]
			var err *fault.Error
			if c := s.children[i]; c != nil {
				err = r.value(c)
			} else {
				err = r.skip(f.node)
			}
			if err != nil {
				return err
			}
		}
		r.depth--
	case mapKind:
		if err := r.mapped(s); err != nil {
			return err
		}
	case nullKind:
	default:
		return fault.New(fault.WrongType, "", "%s is %s, not an object", s.want.path, kindNames[s.kind]).OnField(r.columns.Path(s.want.members[anyOf(s.want.members)].all(nil)[0]))
	}
	if len(s.want.columns) == 0 {
		return nil
	}
	end := r.pos
	r.pos = start // once more, as a whole
	err := r.leaf(s)
	if err == nil && r.pos != end {
		err = fault.New(fault.Internal, "", "a value was read as two lengths")
	}
	return err
}

// anyOf gives the first name.
func anyOf(m map[string]*want) string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return slices.Min(names)
}

// mapped reads a map of which members are wanted.
func (r *reader) mapped(s *step) *fault.Error {
	return r.blocks(func() *fault.Error {
		key, err := r.text()
		if err != nil {
			return err
		}
		c := s.byKey[string(key)]
		if c == nil {
			return r.skip(s.item)
		}
		for _, i := range c.want.all(nil) {
			if r.columns.Set(i) {
				return fault.New(fault.DuplicateName, "", "the member occurs twice").OnField(c.want.path)
			}
		}
		return r.value(c)
	})
}

// leaf reads a value into its columns.
func (r *reader) leaf(s *step) *fault.Error {
	n := s.node
	columns := s.want.columns
	if err := r.count(); err != nil {
		return err
	}
	switch n.kind {
	case intKind, longKind:
		v, err := r.whole(n.kind)
		if err != nil {
			return err
		}
		return r.setWhole(columns, n, v)
	case floatKind, doubleKind:
		v, err := r.float(n.kind)
		for i := 0; err == nil && i < len(columns); i++ {
			err = r.columns.Float(columns[i], v)
		}
		return err
	case booleanKind:
		v, err := r.boolean()
		for i := 0; err == nil && i < len(columns); i++ {
			err = r.columns.Bool(columns[i], v)
		}
		return err
	case stringKind, enumKind:
		v, err := r.symbolOrText(n)
		for i := 0; err == nil && i < len(columns); i++ {
			err = r.columns.Text(columns[i], v)
		}
		return err
	case nullKind:
		return r.setNull(s.want)
	case bytesKind, fixedKind:
		v, err := r.bytes(n)
		if err != nil {
			return err
		}
		return r.setBytes(columns, n, v)
	}
	return r.setJSON(columns, n)
}

// setNull sets a value that is said to be missing. Its members are missing, too.
func (r *reader) setNull(w *want) (err *fault.Error) {
	for i := 0; err == nil && i < len(w.columns); i++ {
		err = r.columns.Null(w.columns[i])
	}
	return err
}

// setWhole sets a whole number. What is a date or a time is one in Text columns, so that no unit need be told.
func (r *reader) setWhole(columns []int, n *node, v int64) (err *fault.Error) {
	for i := 0; err == nil && i < len(columns); i++ {
		if k := r.columns.Kind(columns[i]); n.logical != plain && (k == format.Text || k == format.Native) {
			r.scratch = appendTime(r.scratch[:0], n.logical, v)
			err = r.columns.Text(columns[i], r.scratch)
			continue
		}
		err = r.columns.Int(columns[i], v)
	}
	return err
}

// setBytes sets bytes: a decimal is a number, a UUID a text, and others are neither.
func (r *reader) setBytes(columns []int, n *node, v []byte) (err *fault.Error) {
	for i := 0; err == nil && i < len(columns); i++ {
		c := columns[i]
		switch k := r.columns.Kind(c); {
		case n.logical == decimal:
			digits, ok := appendDecimal(r.scratch[:0], v, n)
			if !ok {
				return r.bad("a decimal of %d bytes is not one of at most %d digits", len(v), n.digits)
			}
			r.scratch = digits
			err = r.columns.Decimal(c, digits)
		case n.logical == uuid:
			r.scratch = appendUUID(r.scratch[:0], v)
			err = r.columns.Text(c, r.scratch)
		case k == format.Raw:
			r.scratch = appendBytes(r.scratch[:0], v)
			err = r.columns.JSON(c, r.scratch, "bytes")
		case k == format.Number:
			err = fault.New(fault.WrongType, "", "a number is needed, not %d bytes", len(v)).OnField(r.columns.Path(c))
		case !ascii(v):
			err = fault.New(fault.BadText, "", "%d bytes that are not ASCII, and no schema says which text they are", len(v)).OnField(r.columns.Path(c))
		default:
			err = r.columns.Text(c, v)
		}
	}
	return err
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// setJSON sets an array, a map or a record.
func (r *reader) setJSON(columns []int, n *node) *fault.Error {
	json, err := r.json(r.jsonBuf[:0], n)
	r.jsonBuf = json[:0]
	if err != nil {
		return err
	}
	for _, c := range columns {
		if err := r.columns.JSON(c, json, kindNames[n.kind]); err != nil {
			return err
		}
	}
	return nil
}
