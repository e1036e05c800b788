package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// reader reads a piece. Its batches do not cross row groups.
type reader struct {
	ctx    context.Context
	plan   *plan
	ft     *footer
	schema *arrow.Schema
	piece  format.Piece
	stored int64 // the piece's bytes in the file

	group int   // the next row group to open
	left  int64 // rows of the open row group that are still to come
	done  int64 // rows of the piece in batches so far
	given int64 // bytes said to be taken so far
	pace  int64 // about how many bytes of text a row has
	err   error
	batch format.Batch
	zeros []int64
	rows  []int64
}

// Open reads a piece that Split made. Columns are found in the file's footer, by name or by path into structs; each may be
// asked for more than once. Kinds:
//
//   - Number takes integers, floats of any width, booleans, decimals and columns of nothing but nulls.
//   - Text takes strings and binary data, also of a dictionary. A row whose text is not UTF-8 is rejected (BadText).
//   - Native takes everything.
//   - Raw and RawRow are fault.Internal: Parquet has no such thing.
//
// All columns that are missing, ambiguous or of a type that does not fit are in one fault.Schema error.
func (o Format) Open(ctx context.Context, f *format.File, _ *format.Layout, p format.Piece, cols []format.Column) (r format.Reader, err error) {
	defer guard(f.Name, &err)
	ft, err := readFooter(f)
	if err != nil {
		return nil, err
	}
	if p.Start < 0 || p.End < p.Start || p.End > int64(ft.groups()) || p != ft.piece(int(p.Start), int(p.End)) {
		return nil, fault.New(fault.Changed, f.Name, "row groups %d to %d with %d rows from row %d on are not in this file", p.Start, p.End, p.Rows, p.FirstRow+1).
			WithHint("it was changed or replaced after it was split")
	}
	pl, err := makePlan(ft, cols, o.Options)
	if err != nil {
		return nil, err
	}
	return &reader{ctx: ctx, plan: pl, ft: ft, piece: p, group: int(p.Start),
		schema: arrow.NewSchema(pl.fields, nil), stored: ft.starts[p.End] - ft.starts[p.Start]}, nil
}

// Next gives the next batch, or io.EOF.
func (r *reader) Next() (b *format.Batch, err error) {
	if r.err != nil {
		return nil, r.err
	}
	defer func() {
		if err != nil {
			r.release()
			r.err = err
		}
	}()
	defer guard(r.ft.file.Name, &err)
	r.release()
	if err := r.ctx.Err(); err != nil {
		return nil, context.Cause(r.ctx)
	}
	for r.left == 0 {
		if r.group == int(r.piece.End) {
			return nil, io.EOF
		}
		if err := r.open(r.group); err != nil {
			return nil, err
		}
		r.group++
	}
	return r.next()
}

// open goes to a row group.
func (r *reader) open(group int) error {
	r.left = r.ft.rows(group)
	if r.left == 0 {
		return nil
	}
	text := int64(0)
	for _, l := range r.plan.loaders {
		if err := l.open(r.ft, group); err != nil {
			return r.fail(err, group, l.path())
		}
	}
	for _, t := range r.plan.texts {
		if err := t.open(r.ft, group); err != nil {
			return r.fail(err, group, t.path())
		}
		text += r.ft.meta.RowGroups[group].Columns[t.column].MetaData.TotalUncompressedSize
	}
	for _, n := range r.plan.nested {
		if err := n.open(r.ctx, group); err != nil {
			return r.fail(err, group, n.path())
		}
	}
	r.pace = max(r.pace, text/r.left)
	return nil
}

// fail says where err happened.
func (r *reader) fail(err error, group int, column string) error {
	var fe *fault.Error
	switch {
	case errors.As(err, &fe):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errBudget), errors.Is(err, errLongRow):
		return fault.New(fault.TooLarge, r.ft.file.Name, "row group %d, column %s: %w", group, column, err).
			WithHint("read fewer columns, or write the file with smaller pages")
	case errors.Is(err, errEncoding):
		return fault.New(fault.Unsupported, r.ft.file.Name, "row group %d, column %s: %w", group, column, err).
			WithHint("write the column with another encoding, as dictionary or plain")
	}
	return fault.New(fault.Corrupt, r.ft.file.Name, "row group %d, column %s: %w", group, column, err)
}

// size is how many rows the next batch should have.
func (r *reader) size(group int) int {
	const (
		cells     = 32 << 20 // bytes of columns of one width
		leastRows = 64
	)
	n := min(r.left, format.BatchRows)
	n = min(n, max(leastRows, cells/max(1, r.plan.rowBytes)))
	n = min(n, max(1, format.BatchBytes/max(1, r.pace)))
	for _, c := range r.plan.nested {
		n = min(n, max(1, 4*format.BatchBytes/max(1, c.rowSize(group))))
	}
	return int(n)
}

// next makes a batch of the open row group, which has rows left.
func (r *reader) next() (*format.Batch, error) {
	group := r.group - 1
	n := r.size(group)
	for _, t := range r.plan.texts {
		var err error
		if n, err = t.fill(n, format.BatchBytes); err != nil {
			return nil, r.fail(err, group, t.path())
		}
	}
	text := int64(0)
	for _, t := range r.plan.texts {
		t.take(n)
		text += int64(t.offsets[n])
	}
	r.pace = text / int64(n)
	for _, l := range r.plan.loaders {
		if err := l.load(n); err != nil {
			return nil, r.fail(err, group, l.path())
		}
	}
	columns := make([]arrow.Array, 0, len(r.plan.outputs))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for i, o := range r.plan.outputs {
		arr, err := o.build(n)
		if err != nil {
			return nil, r.fail(err, group, r.plan.fields[i].Name)
		}
		columns = append(columns, arr)
	}
	first := r.piece.FirstRow + r.done + 1
	r.left -= int64(n)
	r.done += int64(n)

	b := &r.batch
	*b = format.Batch{Rejected: b.Rejected[:0], Bytes: r.share()}
	bad := r.badRows(b, first, n)
	if len(bad) > 0 {
		for i, c := range columns {
			kept, err := without(c, bad, r.plan.options.allocator())
			if err != nil {
				return nil, r.fail(err, group, r.plan.fields[i].Name)
			}
			c.Release()
			columns[i] = kept
		}
	}
	good := n - len(bad)
	b.Record = array.NewRecordBatch(r.schema, columns, int64(good))
	b.Row, b.Offset = r.numbers(first, n, bad)
	return b, nil
}

// share is how many of the piece's bytes count for this batch: in proportion to its rows, and all of them in the end.
func (r *reader) share() int64 {
	hi, lo := bits.Mul64(uint64(r.stored), uint64(r.done))
	upTo, _ := bits.Div64(hi, lo, uint64(r.piece.Rows))
	n := int64(upTo) - r.given
	r.given = int64(upTo)
	return n
}

// numbers gives the row numbers of a batch, and its offsets.
func (r *reader) numbers(first int64, n int, bad []int) (rows, offsets []int64) {
	r.rows = r.rows[:0]
	for i := range n {
		if len(bad) > 0 && bad[0] == i {
			bad = bad[1:]
			continue
		}
		r.rows = append(r.rows, first+int64(i))
	}
	if len(r.zeros) < len(r.rows) {
		r.zeros = make([]int64, format.BatchRows)
	}
	return r.rows, r.zeros[:len(r.rows)]
}

// badRows rejects the rows whose text is not UTF-8, each once, and gives them in order.
func (r *reader) badRows(b *format.Batch, first int64, n int) (bad []int) {
	var field map[int]string
	for _, c := range r.plan.checks {
		for _, i := range c.output.bad(n) {
			if field == nil {
				field = map[int]string{}
			}
			if _, known := field[i]; !known {
				field[i] = c.name
			}
		}
	}
	for i := 0; i < n && len(field) > 0; i++ {
		if name, ok := field[i]; ok {
			bad = append(bad, i)
			e := &fault.Error{Code: fault.BadText, Source: r.ft.file.Name, Row: first + int64(i), Field: name, Err: errNotUTF8}
			b.Rejected = append(b.Rejected, fault.LetterOf(e, "read", nil))
		}
	}
	return bad
}

var errNotUTF8 = errors.New("the text is not UTF-8")

func (r *reader) release() {
	if r.batch.Record != nil {
		r.batch.Record.Release()
		r.batch.Record = nil
	}
}

// Close gives back all memory. It does not close the file.
func (r *reader) Close() (err error) {
	defer guard(r.ft.file.Name, &err)
	r.release()
	for _, n := range r.plan.nested {
		n.close()
	}
	if r.err == nil {
		r.err = fmt.Errorf("parquet: Next after Close")
	}
	return nil
}
