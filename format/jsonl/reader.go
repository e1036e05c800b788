package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Open reads one piece. Any path may be asked for: one that occurs in no record is missing in all of them. With
// [Options.Closed] see there.
//
// A piece of a plain file whose lines are not those that [Format.Split] counted, because the file changed meanwhile, is
// fault.Changed at its end.
func (f Format) Open(ctx context.Context, file *format.File, l *format.Layout, piece format.Piece, cols []format.Column) (format.Reader, error) {
	p := newParser()
	c, err := newColumns(p, cols, f.Nulls, piece.Rows)
	if err != nil {
		return nil, err
	}
	if f.Closed {
		p.close(f.Known)
	}
	p.take(f.Taken)
	start, left := max(piece.Start, l.Data), int64(-1)
	if file.Codec == format.Plain {
		end := file.Size
		if piece.End >= 0 {
			end = piece.End
		}
		left = max(0, end-start)
	}
	src, err := file.Stream(ctx, start)
	if err != nil {
		return nil, err
	}
	return &reader{
		file: file, piece: piece, src: src, lines: newLines(file.Name, src, start, left), parser: p, columns: c,
		row: make([]int64, 0, c.rows), offset: make([]int64, 0, c.rows), line: piece.FirstRow,
	}, nil
}

// reader is a [format.Reader].
type reader struct {
	file    *format.File
	piece   format.Piece
	src     *format.Stream
	lines   *lines
	parser  *parser
	columns *columns

	line  int64 // lines of the file before the next one
	taken int64 // of the file, already said in a batch
	err   error // what Next returned last, if it was final

	batch       format.Batch
	row, offset []int64
	letters     []fault.Letter
	raws        []byte // what letters refer to
}

// Next reads the next batch.
func (r *reader) Next() (*format.Batch, error) {
	if r.err != nil {
		return nil, r.err
	}
	r.columns.reset()
	r.row, r.offset, r.letters, r.raws = r.row[:0], r.offset[:0], r.letters[:0], r.raws[:0]
	blank, size := int64(0), int64(0)
	for len(r.row)+len(r.letters) < r.columns.rows && size < format.BatchBytes {
		ln, err := r.lines.next()
		if err == io.EOF {
			err = r.complete()
		}
		if err != nil {
			if err != io.EOF || len(r.row)+len(r.letters) == 0 && blank == 0 && r.src.Taken() == r.taken {
				r.err = err
				return nil, err
			}
			break
		}
		if ln.open && r.piece.End >= 0 && r.piece.End < r.file.Size {
			r.err = fault.New(fault.Changed, r.file.Name, "%w: at byte %d there was a line's end", errChanged, r.piece.End)
			return nil, r.err
		}
		size += ln.size
		r.line++
		if !r.take(ln) {
			blank++
		}
	}
	r.batch = format.Batch{
		Record: r.columns.record(len(r.row)), Row: r.row, Offset: r.offset, Rejected: r.letters, Blank: blank,
		Bytes: r.src.Taken() - r.taken,
	}
	r.taken += r.batch.Bytes
	return &r.batch, nil
}

// take puts a line into the columns or the letters; one that is blank it does not.
func (r *reader) take(ln line) bool {
	b, p := r.lines.buf, r.parser
	if ln.long {
		r.reject(ln, fault.RowTooLarge, "", fmt.Sprintf("the record is larger than %d MiB", format.MaxRow>>20))
		return true
	}
	if blanks(b, ln.start) == ln.end {
		return false
	}
	if !p.parse(b, ln.start, ln.end, len(r.row)) {
		r.reject(ln, p.code, "", p.refusal(ln.start))
		return true
	}
	switch p.oddCode {
	case "":
	case fault.DuplicateName:
		what := "the member occurs twice"
		if p.oddTaken {
			what = "the output adds a member of this name"
		}
		r.reject(ln, p.oddCode, p.oddName, what)
		return true
	default:
		r.reject(ln, p.oddCode, p.oddName, "the output has no column for this member")
		return true
	}
	if d, code, what := r.columns.add(p, b, len(r.row)); d != nil {
		r.reject(ln, code, d.path, what)
		return true
	}
	r.row = append(r.row, r.line)
	r.offset = append(r.offset, ln.offset)
	return true
}

// reject makes a letter of a line.
func (r *reader) reject(ln line, code fault.Code, field, message string) {
	raw := r.lines.buf[ln.start:ln.end]
	if n := len(raw); n > 0 && raw[n-1] == '\r' && !ln.long {
		raw = raw[:n-1]
	}
	from := len(r.raws)
	r.raws = append(r.raws, raw...)
	r.letters = append(r.letters, fault.Letter{
		Source: r.file.Name, Row: r.line, Offset: ln.offset, Raw: r.raws[from:len(r.raws):len(r.raws)],
		Stage: "read", Code: code, Field: field, Message: message,
	})
}

// complete reports io.EOF if the piece is all there, else that the file changed.
func (r *reader) complete() error {
	lines := r.line - r.piece.FirstRow
	if r.lines.left > 0 {
		return fault.New(fault.Changed, r.file.Name, "%w: the file is shorter than before", errChanged)
	}
	if r.piece.Rows > 0 && lines != r.piece.Rows {
		return fault.New(fault.Changed, r.file.Name, "%w: from byte %d on there were %d lines, now %d", errChanged, r.piece.Start, r.piece.Rows, lines)
	}
	return io.EOF
}

var errChanged = errors.New("the file changed while it was read")

// Close ends reading. The last batch is no longer valid.
func (r *reader) Close() error {
	if r.err == nil {
		r.err = fault.New(fault.Internal, r.file.Name, "read after Close")
	}
	return r.src.Close()
}
