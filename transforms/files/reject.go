package files

import (
	"bufio"
	"context"
	"encoding/base64"
	"unicode/utf8"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
)

// WriteRejected writes dead letters (PCollection<block.Rejected>) as JSON lines to temporary files, like Write. stage tells
// the files of several sinks of one run apart; for those of Read it must be "read", because Commit counts them.
func WriteRejected(s beam.Scope, o WriteOptions, stage string, rejected beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("glulam.files.WriteRejected."+stage), &rejectFn{Options: o, Stage: stage}, rejected)
}

// letterLine is a dead letter as its file has it.
type letterLine struct {
	Source    string     `json:"source"`
	Row       int64      `json:"row,omitzero"`
	Offset    int64      `json:"offset"`
	Code      fault.Code `json:"code"`
	Field     string     `json:"field,omitzero"`
	Message   string     `json:"message"`
	Stage     string     `json:"stage"`
	Model     string     `json:"model,omitzero"`
	Raw       *string    `json:"raw,omitzero"`
	RawBase64 string     `json:"raw_base64,omitzero"` // instead of raw when the row is not UTF-8
}

func lineOf(l *fault.Letter) letterLine {
	out := letterLine{Source: l.Source, Row: l.Row, Offset: l.Offset, Code: l.Code, Field: l.Field, Message: l.Message, Stage: l.Stage, Model: l.Model}
	switch {
	case l.Raw == nil:
	case utf8.Valid(l.Raw):
		raw := string(l.Raw)
		out.Raw = &raw
	default:
		out.RawBase64 = base64.StdEncoding.EncodeToString(l.Raw)
	}
	return out
}

// rejectFn writes letters.
type rejectFn struct {
	Options WriteOptions
	Stage   string

	sink sink
	buf  *bufio.Writer
}

// StartBundle begins without a file.
func (f *rejectFn) StartBundle(func(Report)) { f.sink.reset() }

// ProcessElement appends a letter.
func (f *rejectFn) ProcessElement(_ context.Context, r block.Rejected, emit func(Report)) error {
	isNew, err := f.sink.next(r.Unit, r.Part, emit)
	if err == nil && isNew {
		err = f.begin(&r)
	}
	if err != nil {
		return fault.Wire(err)
	}
	line, err := json.Marshal(lineOf(&r.Letter), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	if _, err := f.buf.Write(append(line, '\n')); err != nil {
		return fault.Wire(err)
	}
	f.sink.report.Rows++
	f.sink.report.Codes[string(r.Letter.Code)]++
	return nil
}

func (f *rejectFn) begin(r *block.Rejected) error {
	report := Report{Kind: kindLetters, Stage: f.Stage, Unit: r.Unit, Part: r.Part, Codes: map[string]int64{}}
	if err := f.sink.begin(f.Options.Temp, "rejected-"+f.Stage, report); err != nil {
		return err
	}
	f.buf = bufio.NewWriterSize(f.sink.file, 64<<10)
	f.sink.flush = f.buf.Flush
	return nil
}

// FinishBundle closes the last file.
func (f *rejectFn) FinishBundle(_ context.Context, emit func(Report)) error {
	return fault.Wire(f.sink.finish(emit))
}
