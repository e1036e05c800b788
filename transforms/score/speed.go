package score

import (
	"bytes"
	"math"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
)

// sampleRows is how many rows of a block models are compared with.
const sampleRows = 256

// sample keeps rows of a block if somebody wants to compare models with them: a copy, because blocks are used again.
func (s *slot) sample(b *block.Block) {
	if s.options.MaxSlowdown == 0 || b.Record.NumRows() == 0 || !s.wanted.CompareAndSwap(true, false) {
		return
	}
	part := b.Record.NewSlice(0, min(sampleRows, b.Record.NumRows()))
	defer part.Release()
	rows, err := copied(part)
	if err != nil { // then models are compared with rows of an earlier block
		return
	}
	s.rows.Store(&rows)
}

// copied is rec in memory of its own.
func copied(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(rec.Schema()))
	if err := w.Write(rec); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	r, err := ipc.NewReader(&buf)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	out, err := r.Read()
	if err != nil {
		return nil, err
	}
	out.Retain()
	return out, nil
}

// checkSpeed compares the times that two models take for the rows of the sample, the fastest of several runs each, taken in
// turns. Without a sample there is nothing to say.
func (s *slot) checkSpeed(was, will *bound) error {
	rows := s.rows.Load()
	if s.options.MaxSlowdown == 0 || rows == nil || !sameSchema(was.schema, (*rows).Schema()) {
		return nil
	}
	const runs = 9
	least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	var scores [2]model.Scores
	var scratch [2]assembler
	for range runs {
		for i, b := range []*bound{was, will} {
			scores[i].Want = s.options.want() | s.rules.wantOf()
			started := time.Now()
			rec, _, err := b.run(&block.Block{Record: *rows}, &scores[i], &scratch[i], false)
			took := time.Since(started)
			if err != nil {
				return err
			}
			rec.Release()
			least[i] = min(least[i], max(took, 1))
		}
	}
	if factor := float64(least[1]) / float64(least[0]); factor > s.options.MaxSlowdown {
		n := time.Duration((*rows).NumRows())
		return fault.New(fault.TooLarge, s.options.Model, "%s takes %.1f times as long for a row as the model that serves (%s, %s), more than %v times",
			will.model, factor, least[1]/n, least[0]/n, s.options.MaxSlowdown).WithHint("raise --max-slowdown")
	}
	return nil
}
