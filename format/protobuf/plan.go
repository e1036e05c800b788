package protobuf

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// find gives the descriptor of a type.
func find(set []byte, name string) (protoreflect.MessageDescriptor, error) {
	var fs descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &fs); err != nil || len(fs.File) == 0 {
		return nil, fault.New(fault.Corrupt, "", "this is no FileDescriptorSet").WithHint("protoc --include_imports --descriptor_set_out=FILE makes one")
	}
	files, err := protodesc.NewFiles(&fs)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "", "%w", err).WithHint("protoc needs --include_imports, so that the set has what its files import")
	}
	if d, err := files.FindDescriptorByName(protoreflect.FullName(name)); err == nil {
		if md, ok := d.(protoreflect.MessageDescriptor); ok {
			return md, nil
		}
	}
	e := fault.New(fault.NotFound, "", "the descriptor set has no message type %s", fault.Quote(name))
	if names := typesOf(files); len(names) > 0 && len(names) <= 20 {
		return nil, e.WithHint("it has %s", strings.Join(names, ", "))
	}
	return nil, e
}

// typesOf lists the types at the top of files, but those of Google's.
func typesOf(files *protoregistry.Files) (names []string) {
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Messages().Len() {
			if name := string(f.Messages().Get(i).FullName()); !strings.HasPrefix(name, "google.protobuf.") {
				names = append(names, name)
			}
		}
		return true
	})
	slices.Sort(names)
	return names
}

// wanted is a column and the fields on the way to it.
type wanted struct {
	column int
	path   []protoreflect.FieldDescriptor
	// last is the last of path or, of a wrapper, the field in it.
	last protoreflect.FieldDescriptor
	what shape
}

// shape is what a field's value is.
type shape uint8

const (
	scalar shape = iota
	timestamp
	composite // list, map or message
)

// wrappers are messages that stand for the value in them, so that it can be missing.
var wrappers = map[protoreflect.FullName]bool{}

func init() {
	for _, t := range []string{"Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"} {
		wrappers[protoreflect.FullName("google.protobuf."+t+"Value")] = true
	}
}

// valueOf gives the field of a wrapper; nil: it is none.
func valueOf(fd protoreflect.FieldDescriptor) protoreflect.FieldDescriptor {
	if fd.IsList() || fd.IsMap() || fd.Message() == nil || !wrappers[fd.Message().FullName()] {
		return nil
	}
	return fd.Message().Fields().ByNumber(1)
}

func isTimestamp(md protoreflect.MessageDescriptor) bool {
	return md.FullName() == "google.protobuf.Timestamp" && md.Fields().ByName("seconds") != nil && md.Fields().ByName("nanos") != nil
}

// plan finds the fields of columns.
func (d *decoder) plan(cols []format.Column, taken []string) error {
	asked := map[protoreflect.Name]bool{}
	for i, c := range cols {
		if c.Kind == format.RawRow {
			d.whole = append(d.whole, i)
			continue
		}
		w, err := d.resolve(c)
		if err != nil {
			return err
		}
		w.column = i
		asked[w.path[0].Name()] = true
		d.fields = append(d.fields, w)
	}
	for _, name := range taken {
		if fd := d.message.Fields().ByName(protoreflect.Name(name)); fd != nil && !asked[fd.Name()] {
			return fault.New(fault.Schema, "", "the output adds a member of this name to the message").OnField(name).WithHint("say which fields to keep")
		}
	}
	return nil
}

// resolve follows the path of a column.
func (d *decoder) resolve(c format.Column) (wanted, error) {
	var w wanted
	refuse := func(format string, args ...any) (wanted, error) {
		return w, fault.New(fault.Schema, "", format, args...).OnField(c.Source())
	}
	names := strings.Split(c.Source(), ".")
	md := d.message
	for i, name := range names {
		fd := md.Fields().ByName(protoreflect.Name(name))
		if fd == nil {
			fd = md.Fields().ByJSONName(name)
		}
		if fd == nil {
			return w, d.lacks(md, name, c.Source())
		}
		w.path = append(w.path, fd)
		if md = fd.Message(); i == len(names)-1 {
			break
		}
		if md == nil || fd.IsList() || fd.IsMap() {
			return refuse("%s is %s, not a message", strings.Join(names[:i+1], "."), nameOf(fd))
		}
	}
	w.last = w.path[len(w.path)-1]
	switch v := valueOf(w.last); {
	case v != nil:
		w.last = v
	case w.last.IsList() || w.last.IsMap():
		w.what = composite
	case md != nil && isTimestamp(md):
		w.what = timestamp
	case md != nil:
		w.what = composite
	}
	switch k := w.last.Kind(); {
	case c.Kind != format.Number:
	case w.what != scalar || k == protoreflect.BytesKind || k == protoreflect.EnumKind:
		return refuse("a number is needed, and %s is %s", c.Source(), nameOf(w.last))
	}
	return w, nil
}

// lacks is the error of a type without a field.
func (d *decoder) lacks(md protoreflect.MessageDescriptor, name, path string) error {
	var have []format.ColumnInfo
	for i := range md.Fields().Len() {
		have = append(have, format.ColumnInfo{Name: string(md.Fields().Get(i).Name())})
	}
	e := fault.New(fault.Schema, "", "%s has no field %s", md.FullName(), name).OnField(path)
	if hint := format.DidYouMean([]string{name}, have); hint != "" {
		return e.WithHint("%s", hint)
	}
	return e
}

// nameOf says what a field is.
func nameOf(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "a map"
	case fd.IsList():
		return "a list"
	case fd.Message() != nil:
		return "of type " + string(fd.Message().FullName())
	case fd.Enum() != nil:
		return "an enum"
	}
	return fmt.Sprint("of type ", fd.Kind())
}

// count walks over a message before anything is made of it, and bounds how many messages are in it and how deeply. What is not
// well formed the library refuses.
func count(md protoreflect.MessageDescriptor, b []byte, left *int, depth int) *fault.Error {
	if *left--; *left < 0 {
		return fault.New(fault.RowTooLarge, "", "a message has more messages in it than any needs")
	}
	if depth > maxDepth {
		return bad("messages are nested more than %d deep", maxDepth)
	}
	for len(b) > 0 {
		n, t, size := protowire.ConsumeTag(b)
		if size < 0 {
			return bad("%w", protowire.ParseError(size))
		}
		b = b[size:]
		if size = protowire.ConsumeFieldValue(n, t, b); size < 0 {
			return bad("%w", protowire.ParseError(size))
		}
		fd := md.Fields().ByNumber(n)
		if fd != nil && fd.Message() != nil {
			var in []byte
			switch t {
			case protowire.BytesType:
				in, _ = protowire.ConsumeBytes(b)
			case protowire.StartGroupType:
				in, _ = protowire.ConsumeGroup(n, b)
			}
			deeper := depth + 1
			if fd.IsList() {
				deeper++
			}
			if err := count(fd.Message(), in, left, deeper); err != nil {
				return err
			}
		}
		b = b[size:]
	}
	return nil
}
