package stream

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Output says how predictions stand in the values of messages, where that is not JSON. It travels to the workers as JSON.
type Output struct {
	Format  string
	Options map[string]string
	// Topic is what the sink writes to, which schemas are named after.
	Topic string
	// Keep lists the fields of messages that are kept as they were encoded, by path; nil: all. With Whole only.
	Keep []string
	// Whole says that decoders give columns of format.Head.
	Whole bool
	// Columns are those that the encoder writes, as SetFields has them.
	Columns []byte
}

// SetFields sets the columns that the encoder writes: all but those of format.IsBytes.
func (o *Output) SetFields(fields []arrow.Field) error {
	var buf bytes.Buffer
	err := ipc.NewWriter(&buf, ipc.WithSchema(arrow.NewSchema(fields, nil))).Close()
	o.Columns = buf.Bytes()
	return err
}

// Fields are the columns that SetFields set; nil without.
func (o *Output) Fields() ([]arrow.Field, error) {
	if o.Columns == nil {
		return nil, nil
	}
	r, err := ipc.NewReader(bytes.NewReader(o.Columns))
	if err != nil {
		return nil, fault.New(fault.Internal, "", "the outputs' columns: %w", err)
	}
	defer r.Release()
	return append([]arrow.Field{}, r.Schema().Fields()...), nil
}

// CheckOutput reports what is wrong with v.Output by itself. Nothing is looked for.
func (v Values) CheckOutput() error {
	if v.Output == nil {
		return nil
	}
	c, err := v.writer()
	if err == nil && c.CheckOutput != nil {
		err = c.CheckOutput(v)
	}
	return err
}

// Announce prepares for the outputs before a run, once, where it is started: see Codec.Announce.
func (v Values) Announce() error {
	if v.Output == nil {
		return nil
	}
	c, err := v.writer()
	if err == nil && c.Announce != nil {
		err = c.Announce(v)
	}
	return err
}

// writer finds the codec of what is written.
func (v Values) writer() (Codec, error) {
	var out Values
	if v.Output != nil {
		out.Format = v.Output.Format
	}
	c, err := CodecOf(out)
	if err == nil && c.NewEncoder == nil {
		return c, fault.New(fault.Usage, "", "%s is not written", out.Format).WithHint("take json or avro")
	}
	return c, err
}

func (v Values) encoder(schema *arrow.Schema) (format.Encoder, error) {
	c, err := v.writer()
	if err != nil {
		return nil, err
	}
	return c.NewEncoder(v, schema)
}

// Path is what stands behind the hosts of a URL: a topic, a stream, a subject. "" for what is no URL.
func (e Endpoint) Path() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

// isRow says whether an error of an encoder is about the row.
func isRow(err error) bool {
	switch fault.CodeOf(err) {
	case fault.BadText, fault.NumberRange, fault.WrongType:
		return true
	}
	return false
}

// refusal is a row that is not written.
type refusal struct {
	row     int
	code    fault.Code
	field   string
	message string
}

// refuse notes why a row is not written.
func refuse(row int, code fault.Code, err error) refusal {
	r := refusal{row: row, code: code, message: fmt.Sprintf("the prediction is not written: %v", err)}
	if fe, ok := err.(*fault.Error); ok && isRow(err) {
		r.field = fe.Field
		r.message = fmt.Sprintf("the prediction is not written: %v", fe.Err)
	}
	return r
}
