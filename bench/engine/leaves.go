package main

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"time"

	lib "github.com/dmitryikh/leaves"
)

// leaves is the library of that name as everybody would call it, not by way of glulam's engine of that name. It reads LightGBM's
// text; it does not know version 4, whose trees are those of version 3 unless leaves are linear, so that the header is changed.
func (l *loaded) leaves(path string, threads int) ([]contender, error) {
	if l.slow || !strings.HasSuffix(path, ".txt") {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	data = bytes.Replace(data, []byte("version=v4\n"), []byte("version=v3\n"), 1)
	trees, err := lib.LGEnsembleFromReader(bufio.NewReader(bytes.NewReader(data)), false)
	if err != nil {
		return nil, err
	}
	rows, at, out := l.rows, 0, make([]float64, l.rows.rows)
	return []contender{{
		name: "leaves", bound: exact,
		pass: func(batch int, long time.Duration) (float64, error) {
			var err error
			ns := timed(rows.rows, batch, long, &at, func(first int) {
				if batch == 1 {
					out[0] = trees.PredictSingle(rows.span(first, first+1), 0)
				} else if e := trees.PredictDense(rows.span(first, first+batch), batch, rows.width, out, 0, threads); e != nil {
					err = e
				}
			})
			return ns, err
		},
		scores: func() ([]float64, error) {
			return out, trees.PredictDense(rows.x, rows.rows, rows.width, out, 0, threads)
		},
	}}, nil
}
