package files

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

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
	f     *os.File
	bytes int64
}

// newTemp makes a file of a name that no other bundle, and no other try of this one, has.
func newTemp(dir, stem string) (*temp, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, unwritable(dir, err)
	}
	path := filepath.Join(dir, stem+"-"+rand.Text()[:10])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, unwritable(path, err)
	}
	return &temp{f: f}, nil
}

// Write writes through; errors are faults with the file's name.
func (t *temp) Write(p []byte) (int, error) {
	n, err := t.f.Write(p)
	t.bytes += int64(n)
	if err != nil {
		err = unwritable(t.f.Name(), err)
	}
	return n, err
}

// close makes the file durable.
func (t *temp) close() error {
	err := t.f.Sync()
	if cerr := t.f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return unwritable(t.f.Name(), err)
	}
	return nil
}

// discard drops the file.
func (t *temp) discard() {
	t.f.Close()
	os.Remove(t.f.Name())
}

// writeFn writes one temporary file for each unit, or part of one, that a bundle brings.
type writeFn struct {
	Options WriteOptions

	format format.Format
	file   *temp
	writer format.Writer
	schema *arrow.Schema
	report Report
}

// Setup makes the format.
func (f *writeFn) Setup() error {
	var err error
	f.format, err = f.Options.Format.Open()
	return fault.Wire(err)
}

// StartBundle forgets a file that a failed bundle left.
func (f *writeFn) StartBundle(func(Report)) {
	if f.file != nil {
		f.file.discard()
		f.file = nil
	}
}

// ProcessElement appends a block.
func (f *writeFn) ProcessElement(_ context.Context, b block.Block, emit func(Report)) error {
	if f.file != nil && (f.report.Unit != b.Origin.Unit || f.report.Part != b.Origin.Part) {
		if err := f.finish(emit); err != nil {
			return fault.Wire(err)
		}
	}
	if f.file == nil {
		if err := f.begin(&b); err != nil {
			return fault.Wire(err)
		}
	}
	if b.Record.Schema() != f.schema && !b.Record.Schema().Equal(f.schema) {
		return fault.Wire(fault.New(fault.Schema, b.Origin.Source, "its columns are not those of the rows before it: %v, then %v", f.schema, b.Record.Schema()).
			WithHint("inputs of one run must have the same columns"))
	}
	if err := f.writer.Write(b.Record); err != nil {
		return fault.Wire(err)
	}
	f.report.Rows += b.Record.NumRows()
	return nil
}

func (f *writeFn) begin(b *block.Block) error {
	f.schema = b.Record.Schema()
	f.report = Report{Kind: kindWritten, Unit: b.Origin.Unit, Part: b.Origin.Part}
	head, err := headBytes(f.format, f.schema)
	if err != nil {
		return err
	}
	f.report.Head = head
	if f.file, err = newTemp(f.Options.Temp, fmt.Sprintf("part-%05d-%05d", b.Origin.Unit, b.Origin.Part)); err != nil {
		return err
	}
	f.writer, err = f.format.NewWriter(f.file, f.schema)
	return err
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

func (f *writeFn) finish(emit func(Report)) error {
	if err := f.writer.Close(); err != nil {
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
func (f *writeFn) FinishBundle(_ context.Context, emit func(Report)) error {
	if f.file == nil {
		return nil
	}
	return fault.Wire(f.finish(emit))
}
