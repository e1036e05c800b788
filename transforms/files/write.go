package files

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

func init() {
	beam.RegisterDoFn(&writeFn{})
	beam.RegisterDoFn(&rejectFn{})
}

// WriteOptions say where rows go.
type WriteOptions struct {
	Temp   string // folder for temporary files, on the file system of the output; it need not exist
	Format Format
}

// Write writes blocks (PCollection<block.Block>) to temporary files and gives a report of each, for Commit. The order of
// rows within a unit is the blocks'.
func Write(s beam.Scope, o WriteOptions, blocks beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("glulam.files.Write"), &writeFn{Options: o}, blocks)
}

// temp is a temporary file that is being written.
type temp struct {
	path  string
	file  newFile
	bytes int64
}

// newTemp makes a file of a name that no other bundle, and no other try of this one, has.
func newTemp(dir, stem string) (*temp, error) {
	fsys, err := fsOf(dir)
	if err != nil {
		return nil, err
	}
	st := stateOf(dir)
	st.mu.RLock()
	defer st.mu.RUnlock()
	if st.stopped {
		return nil, &fault.Error{Code: fault.Interrupted, Err: errors.New("the run was stopped")}
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, unwritable(dir, err)
	}
	path := join(dir, stem+"-"+rand.Text()[:10])
	f, err := fsys.Create(path)
	if err != nil {
		return nil, unwritable(path, err)
	}
	return &temp{path: path, file: f}, nil
}

// Write writes through; errors are faults with the file's name.
func (t *temp) Write(p []byte) (int, error) {
	n, err := t.file.Write(p)
	t.bytes += int64(n)
	if err != nil {
		err = unwritable(t.path, err)
	}
	return n, err
}

// close makes the file durable.
func (t *temp) close() error {
	if err := t.file.Close(); err != nil {
		return unwritable(t.path, err)
	}
	return nil
}

// sink is what Write and WriteRejected have in common: a temporary file, and a report of it, for each unit, or part of
// one, that a bundle brings.
type sink struct {
	file   *temp // nil between files
	report Report
	flush  func() error // writes what is not in the file yet
}

// reset forgets a file that a failed bundle left.
func (s *sink) reset() {
	if s.file != nil {
		s.file.file.Discard()
		s.file = nil
	}
}

// next makes the file ready for rows of a part of a unit. If one is open for another part, that is finished and reported;
// isNew says that begin has to be called.
func (s *sink) next(unit, part int32, emit func(Report)) (isNew bool, err error) {
	if s.file != nil && (s.report.Unit != unit || s.report.Part != part) {
		err = s.finish(emit)
	}
	return s.file == nil, err
}

// begin opens a file for the report's unit and part. stem is how its name starts.
func (s *sink) begin(dir, stem string, r Report) (err error) {
	s.report = r
	s.file, err = newTemp(dir, fmt.Sprintf("%s-%05d-%05d", stem, r.Unit, r.Part))
	return err
}

// finish closes the file, if one is open, and reports it.
func (s *sink) finish(emit func(Report)) error {
	if s.file == nil {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.file.close(); err != nil {
		return err
	}
	_, s.report.Temp = splitPath(s.file.path)
	s.report.Bytes = s.file.bytes
	s.file = nil
	emit(s.report)
	return nil
}

// writeFn writes blocks.
type writeFn struct {
	Options WriteOptions

	format format.Format
	sink   sink
	writer format.Writer
	schema *arrow.Schema
}

// Setup makes the format.
func (f *writeFn) Setup() error {
	var err error
	f.format, err = f.Options.Format.Open()
	return fault.Wire(err)
}

// StartBundle begins without a file.
func (f *writeFn) StartBundle(func(Report)) { f.sink.reset() }

// ProcessElement appends a block.
func (f *writeFn) ProcessElement(_ context.Context, b block.Block, emit func(Report)) error {
	isNew, err := f.sink.next(b.Origin.Unit, b.Origin.Part, emit)
	if err == nil && isNew {
		err = f.begin(&b)
	}
	if err != nil {
		return fault.Wire(err)
	}
	if b.Record.Schema() != f.schema && !b.Record.Schema().Equal(f.schema) {
		return fault.Wire(fault.New(fault.Schema, b.Origin.Source, "its columns are not those of the rows before it: %v, then %v", f.schema, b.Record.Schema()).
			WithHint("inputs of one run must have the same columns"))
	}
	if err := f.writer.Write(b.Record); err != nil {
		return fault.Wire(err)
	}
	f.sink.report.Rows += b.Record.NumRows()
	return nil
}

func (f *writeFn) begin(b *block.Block) error {
	f.schema = b.Record.Schema()
	head, err := headBytes(f.format, f.schema)
	if err != nil {
		return err
	}
	if err := f.sink.begin(f.Options.Temp, "part", Report{Kind: kindWritten, Unit: b.Origin.Unit, Part: b.Origin.Part, Head: head}); err != nil {
		return err
	}
	if f.writer, err = f.format.NewWriter(f.sink.file, f.schema); err != nil {
		return err
	}
	f.sink.flush = f.writer.Close
	return nil
}

// FinishBundle closes the last file.
func (f *writeFn) FinishBundle(_ context.Context, emit func(Report)) error {
	return fault.Wire(f.sink.finish(emit))
}

// headBytes is how long a file without rows is: what is left out of all but the first when files are joined.
func headBytes(ff format.Format, schema *arrow.Schema) (int64, error) {
	if ff.Name() == "parquet" {
		return 0, nil
	}
	var buf bytes.Buffer
	w, err := ff.NewWriter(&buf, schema)
	if err != nil {
		return 0, err
	}
	err = w.Close()
	return int64(buf.Len()), err
}
