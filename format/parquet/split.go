package parquet

import (
	"context"

	"github.com/glulam/glulam/format"
)

// Split cuts f into runs of row groups of about target stored bytes each, at least one row group in a run: Start and End
// are a range of row groups. It reads the footer only. There always is at least one piece; that of a file without row
// groups is empty. A target of zero or less makes a piece of every row group.
func (Format) Split(_ context.Context, f *format.File, _ *format.Layout, target int64) (pieces []format.Piece, err error) {
	defer guard(f.Name, &err)
	ft, err := readFooter(f)
	if err != nil {
		return nil, err
	}
	n := ft.groups()
	from := 0
	for g := 1; g <= n; g++ {
		if g < n {
			// Cut where the piece comes closer to the target than it would with the next row group.
			have, next := ft.starts[g]-ft.starts[from], ft.starts[g+1]-ft.starts[g]
			if target > 0 && have+next/2 < target {
				continue
			}
		}
		pieces = append(pieces, ft.piece(from, g))
		from = g
	}
	if n == 0 {
		pieces = append(pieces, format.Piece{})
	}
	return pieces, nil
}

func (ft *footer) piece(start, end int) format.Piece {
	return format.Piece{Start: int64(start), End: int64(end), FirstRow: ft.first[start], Rows: ft.first[end] - ft.first[start]}
}
