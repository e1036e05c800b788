package csv

import (
	"bytes"
	"context"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Split cuts the records of a file into pieces: each ends with the first record that reaches target bytes, so that a
// reader of a piece needs to know nothing about what comes before it. target below 1 gives one piece. Pieces have Rows,
// and an End that is not -1. A file in which no byte follows the header has no piece. A compressed file is one piece to
// the end with Rows -1, and nothing is read.
//
// Otherwise each byte of the file, from its first to its last, is read exactly once and in order, through the
// io.ReaderAt that the file was made with: who wants a checksum of the file may take it on the way. Memory is one MiB
// unless records are larger, and at most format.MaxRow and a MiB.
//
// Errors are *fault.Error: Changed for a file that is shorter than it was, Usage for options that make no sense, and
// what the file gives.
func (f Format) Split(ctx context.Context, file *format.File, l *format.Layout, target int64) ([]format.Piece, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if file.Codec != format.Plain {
		return []format.Piece{{Start: l.Data, End: -1, Rows: -1}}, nil
	}
	src, err := file.Stream(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	sizes := f.limits(1 << 20)
	w := newWindow(src, file.Name, 0, file.Size, sizes)
	for w.offset() < l.Data {
		if w.pos == w.end {
			if w.eof {
				return nil, fault.New(fault.Changed, file.Name, "the file is shorter than it was")
			}
			if err := w.more(); err != nil {
				return nil, err
			}
		}
		w.pos += int(min(int64(w.end-w.pos), l.Data-w.offset()))
	}

	s := scanner{delim: f.delimiter(), limit: sizes.row, want: len(l.Columns)}
	c := cutter{piece: format.Piece{Start: l.Data}, target: target}
	for {
		// Lines before the next quote are records, whatever is in them.
		if lf := bytes.LastIndexByte(w.buf[w.pos:w.nextQuote()], '\n'); lf >= 0 {
			c.lines(w.rest()[:lf+1], w.offset())
			w.pos += lf + 1
		}
		b := w.rest()
		st := more
		var next int
		if w.eof || w.quote < w.end || len(b) >= sizes.row+2 {
			if len(b) == 0 {
				break
			}
			_, next, st = s.take(b, w.eof)
		}
		switch st {
		case more:
			if err := w.more(); err != nil {
				return nil, err
			}
			continue
		case long:
			if err := w.skipLine(); err != nil {
				return nil, err
			}
		default:
			w.pos += next
		}
		c.record(w.offset())
	}
	return c.finish(w.offset()), nil
}

// cutter collects pieces.
type cutter struct {
	pieces []format.Piece
	piece  format.Piece // the next one, without its end
	target int64
}

// lines counts the lines of b, which is whole lines at offset off.
func (c *cutter) lines(b []byte, off int64) {
	for len(b) > 0 {
		n := len(b)
		if c.target > 0 {
			if from := c.piece.Start + c.target - 1 - off; from < int64(n) {
				n = int(max(from, 0))
				n += bytes.IndexByte(b[n:], '\n') + 1
			}
		}
		c.piece.Rows += int64(bytes.Count(b[:n], []byte{'\n'}))
		off += int64(n)
		b = b[n:]
		c.cut(off)
	}
}

// record counts a record that ends, with its line ending, at end.
func (c *cutter) record(end int64) {
	c.piece.Rows++
	c.cut(end)
}

// cut ends the piece at off, which is a boundary, if it is large enough.
func (c *cutter) cut(off int64) {
	if c.target < 1 || off-c.piece.Start < c.target {
		return
	}
	c.end(off)
}

func (c *cutter) end(off int64) {
	c.piece.End = off
	c.pieces = append(c.pieces, c.piece)
	c.piece = format.Piece{Start: off, FirstRow: c.piece.FirstRow + c.piece.Rows}
}

func (c *cutter) finish(off int64) []format.Piece {
	if off > c.piece.Start {
		c.end(off)
	}
	return c.pieces
}
