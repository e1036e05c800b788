package cli

import "strings"

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
