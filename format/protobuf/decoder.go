package protobuf

import (
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/internal/rows"
)

// Options say what messages are.
type Options struct {
	// Nulls are the strings that mean missing, as in JSON. Default: none.
	Nulls format.Nulls
	// Taken are top-level fields that the type must not have, unless they are asked for. Default: none.
	Taken []string
	// Descriptors is a FileDescriptorSet with everything that its files import.
	Descriptors []byte
	// Message is the type's full name: pkg.Type.
	Message string
	// Confluent says that messages have the prefix of Confluent's serializers: a byte 0, a schema's id in 4 bytes, and which of
	// the schema's types it is.
	Confluent bool
}

// NewDecoder makes a decoder. Errors: fault.Corrupt for descriptors that are none, fault.NotFound if they do not have the type,
// fault.Schema for columns that the type cannot fill.
func NewDecoder(o Options, cols []format.Column) (format.Decoder, error) {
	md, err := find(o.Descriptors, o.Message)
	if err != nil {
		return nil, err
	}
	c, err := rows.New(cols, o.Nulls, rows.JSON)
	if err != nil {
		return nil, err
	}
	d := &decoder{columns: c, most: format.RowsOf(len(cols)), message: md, index: indexOf(md), confluent: o.Confluent}
	if err := d.plan(cols, o.Taken); err != nil {
		return nil, err
	}
	return d, nil
}

// decoder is a [format.Decoder].
type decoder struct {
	columns   *rows.Columns
	most      int
	message   protoreflect.MessageDescriptor
	index     []int // of the type in its file, and in the types around it
	confluent bool
	fields    []wanted
	whole     []int // columns that the whole message goes into

	batch   format.Batch
	row     []int64
	letters []fault.Letter
	json    []byte
	room    int // bytes of JSON that the message may be
}

// Decode implements [format.Decoder].
func (d *decoder) Decode(values [][]byte) (*format.Batch, error) {
	if len(values) > d.most {
		return nil, fault.New(fault.Internal, "", "%d messages at once, at most %d", len(values), d.most)
	}
	d.columns.Reset()
	d.row, d.letters = d.row[:0], d.letters[:0]
	for i, v := range values {
		d.columns.Begin()
		if bad := d.value(v); bad != nil {
			l := fault.LetterOf(bad, "read", v)
			if l.Row = int64(i) + 1; len(v) > format.MaxRow {
				l.Raw = v[:4<<10]
			}
			d.letters = append(d.letters, l)
			continue
		}
		d.columns.Finish()
		d.row = append(d.row, int64(i)+1)
	}
	d.batch = format.Batch{Record: d.columns.Record(), Row: d.row, Rejected: d.letters}
	return &d.batch, nil
}

// maxDepth is how deeply messages may be nested, as in JSON.
const maxDepth = 64

// value decodes a message into the current row.
func (d *decoder) value(v []byte) (err *fault.Error) {
	switch {
	case v == nil:
		return fault.New(fault.Tombstone, "", "a message without a value")
	case len(v) > format.MaxRow:
		return fault.New(fault.RowTooLarge, "", "the record is larger than %d MiB", format.MaxRow>>20)
	}
	if d.confluent {
		if v, err = d.afterPrefix(v); err != nil {
			return err
		}
	}
	// The library makes some hundred bytes of a message of two.
	left := 1<<16 + len(v)/8
	if err := count(d.message, v, &left, 1); err != nil {
		return err
	}
	m := dynamicpb.NewMessage(d.message)
	if err := (proto.UnmarshalOptions{Resolver: noExtensions, RecursionLimit: 2 * maxDepth}).Unmarshal(v, m); err != nil {
		return bad("%w", err)
	}
	d.room = min(format.MaxRow, 64<<10+64*len(v))
	for i := range d.fields {
		if err := d.set(&d.fields[i], m); err != nil {
			return err
		}
	}
	if len(d.whole) == 0 {
		return nil
	}
	if d.json, err = d.appendMessage(d.json[:0], m); err != nil {
		return err
	}
	for _, i := range d.whole {
		if err := d.columns.JSON(i, d.json, ""); err != nil {
			return err
		}
	}
	return nil
}

var noExtensions = new(protoregistry.Types)

func bad(format string, args ...any) *fault.Error {
	return fault.New(fault.BadMessage, "", format, args...)
}

// afterPrefix passes over the prefix of Confluent's serializers.
func (d *decoder) afterPrefix(v []byte) ([]byte, *fault.Error) {
	if len(v) < 6 || v[0] != 0 {
		return nil, bad("a message begins with a byte 0, a schema's id in 4 bytes and the index of its type")
	}
	v = v[5:]
	next := func() int64 {
		i, n := binary.Varint(v)
		if n <= 0 {
			return -1
		}
		v = v[n:]
		return i
	}
	n := next()
	index := []int{0} // which is also written as no index at all
	switch {
	case n < 0 || n > maxDepth:
		return nil, bad("the index of the message's type is none")
	case n > 0:
		index = index[:0]
		for range n {
			index = append(index, int(next()))
		}
	}
	if !slices.Equal(index, d.index) {
		return nil, bad("the message is of type %v of its schema, and %s is type %v of its file", index, d.message.FullName(), d.index)
	}
	return v, nil
}

// indexOf says where a type stands in its file, and in the types around it.
func indexOf(md protoreflect.MessageDescriptor) (index []int) {
	for d := protoreflect.Descriptor(md); ; d = d.Parent() {
		m, ok := d.(protoreflect.MessageDescriptor)
		if !ok {
			slices.Reverse(index)
			return index
		}
		index = append(index, m.Index())
	}
}
