package avro

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/internal/rows"
)

// A Resolver knows schemas by their ids.
type Resolver interface {
	// Schema gives the schema of an id. An error of code fault.BadSchema is about the id: messages with it are letters. One
	// with format.ErrAgain in its chain is Decode's, which may be called again; any other ends Decode for good.
	Schema(id uint32) (Schema, error)
}

// Options say what messages are.
type Options struct {
	// Nulls are the strings that mean missing, as in JSON. Default: none.
	Nulls format.Nulls
	// Taken are top-level fields that messages must not have (fault.DuplicateName), unless they are asked for. Default: none.
	Taken []string
	// Schema is that of all messages, which then have no prefix. nil: they have one, and Resolver knows the schemas.
	Schema   *Schema
	Resolver Resolver
	// Output says what rows become, for columns of kind format.Head; RawRow columns are then messages as they came. Default: none.
	Output *Output
}

const (
	// maxSchemas is how many compiled schemas are kept, and how many refused ids.
	maxSchemas = 1000
	// pause is after how long an id that was refused is looked up again.
	pause = 10 * time.Second
	// schemaID is the Field of letters about schemas.
	schemaID = "schema id"
)

// NewDecoder makes a decoder. It is an error (fault.Schema) if Options.Schema has no field for a column or one that is taken,
// or if the outputs' schema cannot be made of it, and one (fault.BadSchema) if that is no schema of a record.
func NewDecoder(o Options, cols []format.Column) (format.Decoder, error) {
	d := &decoder{options: o, most: format.RowsOf(len(cols)), known: map[uint32]*plan{}, refused: map[uint32]refusal{}, now: time.Now}
	d.want, d.whole = wants(cols)
	for i, col := range cols {
		if col.Kind == format.Head {
			d.heads = append(d.heads, i)
		}
	}
	row := rows.JSON
	if len(d.heads) > 0 {
		if row = Name; o.Output == nil {
			return nil, fault.New(fault.Internal, "", "nobody says what the outputs are")
		}
	}
	c, err := rows.New(cols, o.Nulls, row)
	if err != nil {
		return nil, err
	}
	d.reader.columns = c
	if o.Schema == nil {
		if o.Resolver == nil {
			return nil, fault.New(fault.Internal, "", "no schema and no resolver")
		}
		return d, nil
	}
	root, names, ferr := parse(*o.Schema)
	if ferr != nil {
		return nil, ferr
	}
	d.fixed = planOf(root, d.want, o.Taken)
	if d.fixed.taken != "" {
		return nil, fault.New(fault.Schema, "", "the output adds a member of this name to the message").OnField(d.fixed.taken).WithHint("say which fields to keep")
	}
	if missing := absent(d.fixed.root, d.want, nil); len(missing) > 0 {
		var names []string
		for _, i := range missing {
			names = append(names, c.Path(i))
		}
		return nil, lacks(root, names)
	}
	if len(d.heads) > 0 {
		if d.fixed.head, ferr = o.Output.head(root, names); ferr != nil {
			return nil, ferr
		}
		if missing := d.fixed.head.missing; len(missing) > 0 {
			return nil, lacks(root, missing)
		}
	}
	return d, nil
}

// lacks is the error of a schema that has no fields of these names.
func lacks(root *node, names []string) error {
	slices.Sort(names)
	names = slices.Compact(names)
	var have []format.ColumnInfo
	for _, f := range root.fields {
		have = append(have, format.ColumnInfo{Name: f.name})
	}
	e := fault.New(fault.Schema, "", "the schema has no field %s", strings.Join(names, ", "))
	if hint := format.DidYouMean(names, have); hint != "" {
		return e.WithHint("%s", hint)
	}
	return e
}

// decoder is a [format.Decoder].
type decoder struct {
	options Options
	most    int
	want    *want
	whole   []int
	heads   []int
	fixed   *plan // of all messages; nil: by id
	known   map[uint32]*plan
	refused map[uint32]refusal
	now     func() time.Time

	reader  reader
	batch   format.Batch
	row     []int64
	letters []fault.Letter
}

// refusal is an id without a plan.
type refusal struct {
	err   *fault.Error
	until time.Time
}

// Decode implements [format.Decoder].
func (d *decoder) Decode(values [][]byte) (*format.Batch, error) {
	if len(values) > d.most {
		return nil, fault.New(fault.Internal, "", "%d messages at once, at most %d", len(values), d.most)
	}
	c := d.reader.columns
	c.Reset()
	d.row, d.letters = d.row[:0], d.letters[:0]
	for i, v := range values {
		c.Begin()
		bad, err := d.message(v)
		if err != nil {
			return nil, err
		}
		if bad != nil {
			l := fault.LetterOf(bad, "read", v)
			if l.Row = int64(i) + 1; len(v) > format.MaxRow {
				l.Raw = v[:4<<10]
			}
			d.letters = append(d.letters, l)
			continue
		}
		c.Finish()
		d.row = append(d.row, int64(i)+1)
	}
	d.batch = format.Batch{Record: c.Record(), Row: d.row, Rejected: d.letters}
	return &d.batch, nil
}

// message decodes a message into the current row, or says why it is a letter.
func (d *decoder) message(v []byte) (bad *fault.Error, err error) {
	came := v
	switch {
	case v == nil:
		return fault.New(fault.Tombstone, "", "a message without a value"), nil
	case len(v) > format.MaxRow:
		return fault.New(fault.RowTooLarge, "", "the record is larger than %d MiB", format.MaxRow>>20), nil
	}
	p := d.fixed
	if p == nil {
		if len(v) < 5 || v[0] != 0 {
			return noPrefix(v), nil
		}
		if p, bad, err = d.planOf(binary.BigEndian.Uint32(v[1:])); p == nil {
			return bad, err
		}
		v = v[5:]
	}
	if p.taken != "" {
		return fault.New(fault.DuplicateName, "", "the output adds a member of this name").OnField(p.taken), nil
	}
	if p.head != nil && !p.head.ready {
		if err := p.head.register(d.options.Output.Registrar); err != nil {
			return nil, err
		}
	}
	return d.datum(p, came, v), nil
}

// noPrefix is the error of a message that no serializer of a schema registry made.
func noPrefix(v []byte) *fault.Error {
	what := "it is not that"
	switch {
	case len(v) == 0:
		what = "it is empty"
	case v[0] == '{':
		what = "it looks like JSON"
	case v[0] == 0:
		what = "it ends there"
	}
	return fault.New(fault.BadMessage, "", "a message begins with a byte 0 and a schema's id in 4 bytes: %s", what)
}

// datum decodes what stands behind the prefix of a message.
func (d *decoder) datum(p *plan, came, v []byte) *fault.Error {
	r := &d.reader
	r.begin(v)
	if len(p.root.want.members) > 0 {
		if err := r.value(p.root); err != nil {
			return err
		}
	} else if err := r.skip(p.node); err != nil {
		return err
	}
	if r.pos != len(v) {
		return r.bad("%d bytes after the record", len(v)-r.pos)
	}
	switch {
	case p.head != nil:
		return d.output(p.head, came, v)
	case len(d.whole) == 0:
		return nil
	}
	r.begin(v)
	json, err := r.json(r.jsonBuf[:0], p.node)
	r.jsonBuf = json[:0]
	if err != nil {
		return err
	}
	for _, i := range d.whole {
		if err := r.columns.JSON(i, json, ""); err != nil {
			return err
		}
	}
	return nil
}

// output sets what the output begins with, and the message as it came.
func (d *decoder) output(h *head, came, v []byte) (err *fault.Error) {
	r := &d.reader
	r.begin(v)
	if r.scratch, err = h.append(r.scratch[:0], r); err != nil {
		return err
	}
	for i := 0; err == nil && i < len(d.heads); i++ {
		err = r.columns.Bytes(d.heads[i], r.scratch)
	}
	for i := 0; err == nil && i < len(d.whole); i++ {
		err = r.columns.Bytes(d.whole[i], came)
	}
	return err
}

// planOf gives the plan of an id, or why there is none.
func (d *decoder) planOf(id uint32) (*plan, *fault.Error, error) {
	if p := d.known[id]; p != nil {
		return p, nil, nil
	}
	no, ok := d.refused[id]
	if ok && d.now().Before(no.until) {
		return nil, no.err, nil
	}
	p, bad, err := d.lookUp(id)
	switch {
	case err != nil:
		return nil, nil, err
	case bad != nil:
		makeRoom(d.refused)
		d.refused[id] = refusal{bad, d.now().Add(pause)}
		return nil, bad, nil
	}
	delete(d.refused, id)
	makeRoom(d.known)
	d.known[id] = p
	return p, nil, nil
}

// makeRoom drops some element of a cache that is full.
func makeRoom[V any](cache map[uint32]V) {
	if len(cache) < maxSchemas {
		return
	}
	for id := range cache {
		delete(cache, id)
		return
	}
}

func (d *decoder) lookUp(id uint32) (*plan, *fault.Error, error) {
	s, err := d.options.Resolver.Schema(id)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Code == fault.BadSchema && !errors.Is(err, format.ErrAgain) {
		return nil, fault.New(fault.BadSchema, "", "%w", fe.Err).OnField(schemaID), nil
	}
	if err != nil {
		return nil, nil, err
	}
	root, names, bad := parse(s)
	if bad != nil {
		return nil, fault.New(fault.BadSchema, "", "schema %d: %w", id, bad.Err).OnField(schemaID), nil
	}
	p := planOf(root, d.want, d.options.Taken)
	if len(d.heads) == 0 || p.taken != "" {
		return p, nil, nil
	}
	if p.head, bad = d.options.Output.head(root, names); bad != nil {
		return nil, fault.New(fault.BadSchema, "", "schema %d: %w", id, bad.Err).OnField(bad.Field), nil
	}
	return p, nil, nil
}
