package files

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
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

type rejectFn struct {
	Options WriteOptions
	Stage   string

	file   *temp
	buf    *bufio.Writer
	report Report
}

// StartBundle forgets a file that a failed bundle left.
func (f *rejectFn) StartBundle(func(Report)) {
	if f.file != nil {
		f.file.discard()
		f.file = nil
	}
}

// ProcessElement appends a letter.
func (f *rejectFn) ProcessElement(_ context.Context, r block.Rejected, emit func(Report)) error {
	if f.file != nil && (f.report.Unit != r.Unit || f.report.Part != r.Part) {
		if err := f.finish(emit); err != nil {
			return fault.Wire(err)
		}
	}
	if f.file == nil {
		file, err := newTemp(f.Options.Temp, fmt.Sprintf("rejected-%s-%05d-%05d", f.Stage, r.Unit, r.Part))
		if err != nil {
			return fault.Wire(err)
		}
		f.file, f.buf = file, bufio.NewWriterSize(file, 64<<10)
		f.report = Report{Kind: kindLetters, Stage: f.Stage, Unit: r.Unit, Part: r.Part, Codes: map[string]int64{}}
	}
	line, err := json.Marshal(lineOf(&r.Letter), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	if _, err := f.buf.Write(append(line, '\n')); err != nil {
		return fault.Wire(err)
	}
	f.report.Rows++
	f.report.Codes[string(r.Letter.Code)]++
	return nil
}

func (f *rejectFn) finish(emit func(Report)) error {
	if err := f.buf.Flush(); err != nil {
		return err
	}
	if err := f.file.close(); err != nil {
		return err
	}
	f.report.Temp, f.report.Bytes = filepath.Base(f.file.f.Name()), f.file.bytes
	f.file = nil
	emit(f.report)
	return nil
}

// FinishBundle closes the last file.
func (f *rejectFn) FinishBundle(_ context.Context, emit func(Report)) error {
	if f.file == nil {
		return nil
	}
	return fault.Wire(f.finish(emit))
}
