package avro

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
)

// Name is the format's name in the metadata of fields: see format.RawRow and format.Head.
const Name = "avro"

// A Registrar gives schemas their ids.
type Registrar interface {
	// Register gives the id of a schema, the same whenever it is asked. One with format.ErrAgain in its chain may be had later;
	// any other error is for good.
	Register(schema string) (id uint32, err error)
}

// Output says which records rows become: fields that are kept of the messages that came in, with their own types and bytes, and
// behind them columns. Names that Avro does not have get _ for what it does not take: plane.seats is plane_seats. It is not
// changed, and may be used by several decoders and encoders at once if Registrar may.
type Output struct {
	// Name is the record's full name. Default: that of the message's schema and Scored, or Scored without one.
	Name string
	// Keep lists fields of messages by path, in the order of the output; nil: all. Those that a message's schema lacks its output
	// lacks. For columns of kind format.Head; nothing is kept elsewhere.
	Keep []string
	// Fields are the columns, in order, all but those of format.IsBytes, by name. Default: those of the encoder's schema.
	Fields []arrow.Field
	// Registrar knows ids of the records' schemas, which messages then begin with. nil: they are bare data.
	Registrar Registrar
}

// Schema gives the schema of the records that messages of a schema become; nil: that of rows that come without one. Errors:
// fault.Schema for names that are taken twice, none or of types that Avro has not, with the Field; fault.BadSchema for what is no
// schema of a record.
func (o *Output) Schema(in *Schema) (string, error) {
	if in == nil {
		h, err := o.head(nil, nil)
		if err != nil {
			return "", err
		}
		return h.schema, nil
	}
	root, names, err := parse(*in)
	if err != nil {
		return "", err
	}
	h, err := o.head(root, names)
	switch {
	case err != nil:
		return "", err
	case len(h.missing) > 0:
		return "", lacks(root, h.missing)
	}
	return h.schema, nil
}

// Check says whether the names of kept fields and columns can stand in one record. It is Schema's error where the schema of
// messages is not known yet.
func (o *Output) Check() error {
	m := maker{seen: map[string]string{}}
	for _, path := range o.Keep {
		m.add(path, avro.SchemaField{Type: avro.SchemaNode{Type: "null"}})
	}
	m.columns(o.Fields)
	if m.err != nil {
		return m.err
	}
	return nil
}

// maker collects the fields of a record.
type maker struct {
	fields []avro.SchemaField
	seen   map[string]string // a field's name -> what it is of
	err    *fault.Error
}

func (m *maker) fail(field, format string, args ...any) {
	if m.err == nil {
		m.err = fault.New(fault.Schema, "", format, args...).OnField(field)
	}
}

// add adds a field for what is called name.
func (m *maker) add(name string, f avro.SchemaField) {
	f.Name = nameOf(name)
	switch first, twice := m.seen[f.Name]; {
	case f.Name == "":
		m.fail(name, "a field of an Avro record has a name")
	case twice && first == name:
		m.fail(name, "the output has two fields of this name")
	case twice:
		m.fail(name, "the output has the field %s of %s already", f.Name, fault.Quote(first))
	}
	m.seen[f.Name] = name
	m.fields = append(m.fields, f)
}

// columns adds columns.
func (m *maker) columns(fields []arrow.Field) {
	for _, f := range fields {
		t, ok := typeOf(f.Type)
		if !ok {
			m.fail(f.Name, "columns of type %s are not written to Avro", f.Type)
			continue
		}
		if f.Nullable {
			m.add(f.Name, nullable(t))
		} else {
			m.add(f.Name, avro.SchemaField{Type: t})
		}
	}
}

// record makes the text of a record of the fields.
func (m *maker) record(name string, names map[string]*node) (string, *fault.Error) {
	if m.err != nil {
		return "", m.err
	}
	if names[name] != nil {
		return "", fault.New(fault.Schema, "", "the messages' schema has a type %s already, which would be the record's name", name).OnField(name)
	}
	n := avro.SchemaNode{Type: "record", Name: name, Fields: m.fields}
	s, err := n.Schema()
	if err != nil {
		return "", fault.New(fault.Schema, "", "the output's schema: %w", err).OnField(name)
	}
	return s.String(), nil
}

// nullable is a field that may be null, and is if somebody reads data of before it was there.
func nullable(t avro.SchemaNode) avro.SchemaField {
	branches := []avro.SchemaNode{{Type: "null"}}
	if t.Type == "union" {
		branches = append(branches, t.Branches...)
	} else {
		branches = append(branches, t)
	}
	return avro.SchemaField{Type: avro.SchemaNode{Type: "union", Branches: branches}, HasDefault: true}
}

// nameOf makes a name valid: letters, digits and _, and no digit first.
func nameOf(s string) string {
	var b strings.Builder
	for i, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		digit := '0' <= c && c <= '9'
		if digit && i == 0 {
			b.WriteByte('_')
		}
		if letter || digit {
			b.WriteRune(c)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

// IsName says whether s is a full name of a type: words that nothing has to be changed in, with dots between them.
func IsName(s string) bool {
	return !slices.ContainsFunc(strings.Split(s, "."), func(word string) bool { return word == "" || nameOf(word) != word })
}

// name is the full name of the record that messages of a schema become.
func (o *Output) name(root *node) string {
	const scored = "Scored"
	switch {
	case o.Name != "":
		return o.Name
	case root == nil:
		return scored
	}
	full, _ := fullName(root.tree)
	return full + scored
}
