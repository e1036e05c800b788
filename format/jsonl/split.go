package jsonl

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Split cuts the file behind the first '\n' that makes a piece at least target bytes long; target 0 and less is one piece
// in all. Rows counts lines: those that end with '\n', blank ones too, and the last one if it has a byte.
//
// It reads each byte of the file exactly once and in order, from byte 0 to the last, by ReadAt in chunks of one MiB, so
// that whoever wraps the file's ReaderAt can hash it on the way. A compressed file is one piece, of which nothing is read.
func (f Format) Split(ctx context.Context, file *format.File, l *format.Layout, target int64) ([]format.Piece, error) {
	if file.Codec != format.Plain {
		return []format.Piece{{Start: l.Data, End: -1, Rows: -1}}, nil
	}
	if target <= 0 || target > file.Size {
		target = file.Size
	}
	const step = 1 << 20
	buf := make([]byte, min(step, file.Size))
	var pieces []format.Piece
	piece := format.Piece{Start: l.Data}
	last := byte('\n')
	for off := int64(0); off < file.Size; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		b := buf[:min(step, file.Size-off)]
		if n, err := file.ReadAt(b, off); n < len(b) {
			return nil, unreadable(file.Name, err)
		}
		last = b[len(b)-1]
		b = b[min(max(0, l.Data-off), int64(len(b))):] // what is before the first record has no line
		end := off + min(step, file.Size-off)
		for {
			// The piece may end from here on.
			from := max(0, piece.Start+target-1-(end-int64(len(b))))
			if from >= int64(len(b)) {
				break
			}
			k := bytes.IndexByte(b[from:], '\n')
			if k < 0 {
				break
			}
			cut := from + int64(k) + 1
			piece.Rows += int64(bytes.Count(b[:cut], newline))
			b = b[cut:]
			piece.End = end - int64(len(b))
			pieces = append(pieces, piece)
			piece = format.Piece{Start: piece.End, FirstRow: piece.FirstRow + piece.Rows}
		}
		piece.Rows += int64(bytes.Count(b, newline))
		off = end
	}
	if piece.Start < file.Size {
		piece.End = file.Size
		if last != '\n' {
			piece.Rows++
		}
		pieces = append(pieces, piece)
	}
	return pieces, nil
}

var newline = []byte{'\n'}

// unreadable is why a ReadAt gave less than it was asked for.
func unreadable(source string, err error) error {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		return err
	}
	if err == nil || err == io.EOF {
		return fault.New(fault.Changed, source, "%w: the file is shorter than before", errChanged)
	}
	return fault.New(fault.Unreadable, source, "%w", err)
}
