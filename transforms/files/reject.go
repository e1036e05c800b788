package files

import (
	"bufio"
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
)

// WriteRejected writes dead letters (PCollection<block.Rejected>) as JSON lines to temporary files, like Write. stage tells
// the files of several sinks of one run apart; for those of Read it must be "read", because Commit counts them.
func WriteRejected(s beam.Scope, o WriteOptions, stage string, rejected beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("glulam.files.WriteRejected."+stage), &rejectFn{Options: o, Stage: stage}, rejected)
}

// rejectFn writes letters.
type rejectFn struct {
	Options WriteOptions
	Stage   string

	sink sink
	buf  *bufio.Writer
	line []byte
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
	if f.line, err = r.Letter.AppendJSON(f.line[:0]); err != nil {
		return err
	}
	f.line = append(f.line, '\n')
	if _, err := f.buf.Write(f.line); err != nil {
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
