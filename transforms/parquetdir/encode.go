package parquetdir

import (
	"bytes"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/glulam/glulam/fault"
)

// encoder turns records of one schema into messages of Arrow's IPC format. The schema's own message is said once a spool.
type encoder struct {
	schema *arrow.Schema
	head   []byte // the schema's message
	buf    bytes.Buffer
	w      *ipc.Writer
}

// streamEnd ends a stream of Arrow's IPC format.
var streamEnd = []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}

func newEncoder(schema *arrow.Schema) (*encoder, error) {
	e := &encoder{schema: schema}
	w := ipc.NewWriter(&e.buf, ipc.WithSchema(schema))
	if err := w.Close(); err != nil {
		return nil, fault.New(fault.Internal, "", "%w", err)
	}
	head, ok := bytes.CutSuffix(e.buf.Bytes(), streamEnd)
	if !ok {
		return nil, fault.New(fault.Internal, "", "an Arrow stream that does not end as they do")
	}
	e.head = bytes.Clone(head)
	e.w = ipc.NewWriter(&e.buf, ipc.WithSchema(schema))
	return e, nil
}

// append appends the messages of a record that has rows.
func (e *encoder) append(dst []byte, rec arrow.RecordBatch) ([]byte, error) {
	e.buf.Reset()
	if err := e.w.Write(rec); err != nil {
		return dst, fault.New(fault.Internal, "", "%w", err)
	}
	return append(dst, bytes.TrimPrefix(e.buf.Bytes(), e.head)...), nil // the first record comes with the schema
}

// schemaOf reads the message of a schema.
func schemaOf(head []byte) (*arrow.Schema, error) {
	r, err := ipc.NewReader(io.MultiReader(bytes.NewReader(head), bytes.NewReader(streamEnd)))
	if err != nil {
		return nil, err
	}
	defer r.Release()
	return r.Schema(), nil
}
