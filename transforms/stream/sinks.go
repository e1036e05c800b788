package stream

import (
	"context"

	"github.com/glulam/glulam/transforms/block"
)

// writeBlock hands a block to a sink that takes blocks.
func (s *session) writeBlock(ctx context.Context, to BlockSink, b *block.Block) error {
	n := int(b.Record.NumRows())
	if err := s.hand(ctx, n, func() error { return to.WriteBlock(ctx, b) }); err != nil {
		return err
	}
	s.stats.Scored.Add(int64(n))
	return nil
}

// passed tells the sink of predictions where the watermark is.
func (s *session) passed(ctx context.Context, at int64) error {
	if to, ok := s.to.(Watermarked); ok {
		return to.Watermark(ctx, at)
	}
	return nil
}

// through tells the sink of predictions that nothing comes any more.
func (s *session) through(ctx context.Context, drained bool) error {
	if to, ok := s.to.(Watermarked); ok {
		return to.End(ctx, drained)
	}
	return nil
}
