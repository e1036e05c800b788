package avro

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// NewEncoder makes an encoder of rows of a schema. Where that has a column of format.Head, messages begin with it, and the prefix
// and the schema are those that the decoder gave it; otherwise the encoder asks the Registrar, whose error is NewEncoder's.
//
// Errors: fault.Schema for columns other than Output.Fields says, and those of Output.Schema; fault.Internal for what another
// format began. Append's are fault.BadText for a text that is not UTF-8, and fault.WrongType for a null that the schema does not
// have, with the Field.
func NewEncoder(o Output, schema *arrow.Schema) (format.Encoder, error) {
	e := &encoder{schema: schema, head: -1}
	var fields []arrow.Field
	for i, f := range schema.Fields() {
		if from, ok := f.Metadata.GetValue(format.MetaHead); ok {
			if from != Name || e.head >= 0 || f.Type.ID() != arrow.BINARY {
				return nil, fault.New(fault.Internal, "", "no beginning of one message in Avro").OnField(f.Name)
			}
			e.head = i
		}
		if !format.IsBytes(f) {
			fields = append(fields, f)
		}
	}
	if o.Fields == nil {
		o.Fields = fields
	}
	for _, f := range o.Fields {
		i := slices.IndexFunc(schema.Fields(), func(have arrow.Field) bool { return !format.IsBytes(have) && fits(have, f) })
		if i < 0 || len(fields) != len(o.Fields) {
			return nil, fault.New(fault.Schema, "", "the columns are %s, and the output's schema was made for %s", listOf(fields), listOf(o.Fields))
		}
		e.columns = append(e.columns, column{index: i, name: f.Name, write: writeOf(f.Type), optional: f.Nullable})
	}
	h, err := o.head(nil, nil)
	if err != nil {
		return nil, err
	}
	if e.head < 0 {
		if err := h.register(o.Registrar); err != nil {
			return nil, err
		}
		e.prefix = h.prefix
	}
	return e, nil
}

// fits says whether values of a field can be written as those of another one.
func fits(have, want arrow.Field) bool {
	return have.Name == want.Name && arrow.TypeEqual(have.Type, want.Type) && (want.Nullable || !have.Nullable)
}

func listOf(fields []arrow.Field) string {
	var names []string
	for _, f := range fields {
		name := f.Name + " " + f.Type.String()
		if f.Nullable {
			name += "?"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// encoder is a [format.Encoder].
type encoder struct {
	schema  *arrow.Schema
	head    int // the column that messages begin with; -1: none
	prefix  []byte
	columns []column
}

type column struct {
	index    int
	name     string
	write    write
	optional bool
}

// Append implements [format.Encoder].
func (e *encoder) Append(dst []byte, rec arrow.RecordBatch, i int) ([]byte, error) {
	if e.head >= 0 {
		dst = append(dst, rec.Column(e.head).(*array.Binary).Value(i)...)
	} else {
		dst = append(dst, e.prefix...)
	}
	var err *fault.Error
	for c := range e.columns {
		col := &e.columns[c]
		if dst, err = writeMaybe(dst, col.write, col.optional, rec.Column(col.index), i); err != nil {
			return dst, err.OnField(col.name)
		}
	}
	return dst, nil
}
