package score

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/transforms/block"
)

// missing finds which rows miss which features.
type missing struct {
	features []string
	columns  []int    // of the bound schema
	buffers  [][]byte // a feature, used again
	rows     [][]byte
}

// find gives what is valid until the next call.
func (m *missing) find(rec arrow.RecordBatch) block.Missing {
	n := len(m.features)
	m.buffers = slices.Grow(m.buffers[:0], n)[:n]
	m.rows = slices.Grow(m.rows[:0], n)[:n]
	for i, c := range m.columns {
		m.rows[i] = block.FindMissing(m.buffers[i], rec.Column(c))
		if m.rows[i] != nil {
			m.buffers[i] = m.rows[i]
		}
	}
	return block.Missing{Features: m.features, Rows: m.rows}
}
