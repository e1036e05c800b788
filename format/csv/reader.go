package csv

import (
	"bytes"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/number"
)

// reader reads the records of a piece into columns.
type reader struct {
	file  string
	names []format.ColumnInfo
	src   *format.Stream
	sizes sizes
	delim byte
	piece format.Piece

	window  *window
	scanner scanner
	row     int64 // records of the file so far, blank lines included

	index    *index
	oneByOne int64 // offset up to which lines are read one by one: see bulk

	// What is read of a record.
	groups   []group
	rawRows  []*column
	numbers  *number.Rule
	noNumber bool     // an empty number is missing
	texts    []string // texts that are missing, but for the empty one
	noText   bool     // an empty text is missing
	scratch  []byte   // an unescaped cell

	// The batch: n good rows, of which the columns hold the cells.
	schema    *arrow.Schema
	out       []*column
	n         int
	rowNumber []int64
	offset    []int64
	blank     int64
	letters   []fault.Letter
	raw       []byte // what the letters' Raw is cut from
	problem   problem
	batch     format.Batch
	taken     int64
	err       error
}

// group is a field of the file and the columns that it goes to.
type group struct {
	field  int
	number *column // the only column, if it is a number
	text   *column // the only column, if it is text
	out    []*column
}

// Next reads the next batch.
func (r *reader) Next() (*format.Batch, error) {
	r.release()
	if r.err != nil {
		return nil, r.err
	}
	r.n, r.blank = 0, 0
	r.letters, r.raw = r.letters[:0], r.raw[:0]
	if r.err = r.read(); r.err != nil {
		if r.err != io.EOF || r.n == 0 && len(r.letters) == 0 && r.blank == 0 {
			return nil, r.err
		}
	}
	at := 0
	for i := range r.letters {
		l := &r.letters[i]
		n := len(l.Raw)
		l.Raw = r.raw[at : at+n : at+n] // r.raw may have moved while it grew
		at += n
	}
	taken := r.src.Taken()
	r.batch = format.Batch{
		Record: r.record(), Row: r.rowNumber[:r.n], Offset: r.offset[:r.n], Rejected: r.letters, Blank: r.blank, Bytes: taken - r.taken,
	}
	r.taken = taken
	return &r.batch, nil
}

// Close frees the stream; the last batch is invalid from now on.
func (r *reader) Close() error {
	r.release()
	if r.err == nil {
		r.err = io.EOF
	}
	return r.src.Close()
}

func (r *reader) release() {
	if r.batch.Record != nil {
		r.batch.Record.Release()
		r.batch.Record = nil
	}
}

// read fills the batch. io.EOF says that it is the last one.
func (r *reader) read() error {
	w := r.window
	limit := w.offset() + int64(r.sizes.bytes)
	for r.n+len(r.letters) < r.sizes.batch && w.offset() < limit {
		if r.bulk(limit) {
			continue
		}
		b := w.rest()
		if len(b) == 0 && w.eof {
			return r.end()
		}
		lf := bytes.IndexByte(b, '\n')
		end, next := lf, lf+1
		if lf < 0 {
			if !w.eof && len(b) < r.sizes.row+2 {
				if err := w.more(); err != nil {
					return err
				}
				continue
			}
			end, next = len(b), len(b)
		}
		if w.nextQuote() >= w.pos+end && end <= r.sizes.row+1 {
			line := trimCR(b[:end])
			r.row++
			switch {
			case len(line) == 0:
				r.blank++
			case len(line) > r.sizes.row:
				r.rejectLong(line)
			default:
				r.plain(line)
			}
			w.pos += next
			continue
		}
		end, next, st := r.scanner.take(b, w.eof)
		if st == more {
			if err := w.more(); err != nil {
				return err
			}
			continue
		}
		r.row++
		switch st {
		case good:
			r.quoted(b[:end])
		case bad:
			field, why := r.scanner.explain(b[:end])
			r.reject(fault.BadQuote, field, b[:end], why)
		case long:
			r.rejectLong(b[:end])
			if err := w.skipLine(); err != nil {
				return err
			}
			continue
		}
		w.pos += next
	}
	return nil
}

// end is the end of the piece: io.EOF, if it held what Split saw.
func (r *reader) end() error {
	if read := r.row - r.piece.FirstRow; r.piece.Rows >= 0 && read != r.piece.Rows {
		return fault.New(fault.Changed, r.file, "%d records from byte %d on, where %d were counted before", read, r.piece.Start, r.piece.Rows)
	}
	return io.EOF
}
