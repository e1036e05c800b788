package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/model/parity"
	"github.com/glulam/glulam/transforms/files"
)

// openTable opens a file of rows whose format its name says. The file is to be closed by the caller.
func openTable(ctx context.Context, flag, path string) (*parity.Table, *format.File, error) {
	of, err := files.FormatOf(path)
	if err != nil {
		return nil, nil, fault.New(fault.Usage, flag, "%q: the name does not say the format", path).WithHint("names end with .csv, .tsv, .jsonl or .parquet, and .gz or .zst behind")
	}
	f, err := of.Open()
	if err != nil {
		return nil, nil, err
	}
	if of.Name == "jsonl" {
		f = jsonl.Format{Options: jsonl.Options{Whole: true}} // members that few rows have count, too
	}
	file, err := format.OpenFile(path)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		fe.Hint = flag + " takes the path of a file"
	}
	if err != nil {
		return nil, nil, err
	}
	t, err := parity.Open(ctx, f, file)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return t, file, nil
}

// grid is rows of cells, aligned: columns named in right to the right, others to the left.
type grid struct {
	rows  [][]string
	right map[int]bool
}

func (g *grid) row(cells ...string) { g.rows = append(g.rows, cells) }

// String renders the grid.
func (g *grid) String() string {
	var width []int
	for _, r := range g.rows {
		for i, c := range r {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], wide(c))
		}
	}
	var b strings.Builder
	for _, r := range g.rows {
		line := ""
		for i, c := range r {
			if line += "  "; g.right[i] {
				line += strings.Repeat(" ", width[i]-wide(c)) + c
			} else {
				line += pad(c, width[i])
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
