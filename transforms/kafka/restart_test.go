package kafka

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/glulam/glulam/transforms/stream"
)

// copier copies messages from the source of a flow to its sink, as a session does.
type copier struct {
	x       stream.Exactly
	exactly bool
}

func (f *flow) copier(t *testing.T, id stream.ReaderID, exactly bool) *copier {
	t.Helper()
	if exactly {
		return &copier{f.start(t, id), true}
	}
	r, err := openSource(t.Context(), f.k.url(f.in), id)
	if err != nil {
		t.Fatal(err)
	}
	w, err := openSink(t.Context(), f.k.url(f.to), id, "to")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return &copier{x: stream.Exactly{Source: r, To: w}}
}

// step copies what one poll gives, and says how much that was.
func (c *copier) step(ctx context.Context) (int, error) {
	pctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	fetches, err := c.x.Source.Poll(pctx, 500)
	if err != nil {
		return 0, fmt.Errorf("poll: %w", err)
	}
	n := 0
	var at []stream.Position
	for _, f := range fetches {
		if len(f.Messages) == 0 {
			continue
		}
		n += len(f.Messages)
		at = append(at, stream.Position{Partition: f.Partition, Next: f.Messages[len(f.Messages)-1].Offset + 1})
		if err := c.x.To.Write(ctx, f.Messages); err != nil {
			return n, fmt.Errorf("write: %w", err)
		}
	}
	switch {
	case n == 0:
		return 0, nil
	case c.exactly:
		return n, c.x.Transaction.Commit(ctx, at)
	}
	if err := c.x.To.Flush(ctx); err != nil {
		return n, fmt.Errorf("flush: %w", err)
	}
	if err := c.x.Source.Commit(ctx, at); err != nil {
		return n, fmt.Errorf("commit: %w", err)
	}
	return n, c.x.Source.Settled(ctx)
}

// TestNothingStaysOpen holds that Close leaves no goroutine behind.
func TestNothingStaysOpen(t *testing.T) {
	k := fake(t)
	f := newFlow(t, k, 1)
	k.put(t, f.in, 0, values("1", "2", "3")...)
	round := func(exactly bool) {
		c := f.copier(t, run(), exactly)
		if _, err := c.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if exactly {
			c.x.Transaction.Close()
			return
		}
		c.x.Source.Close()
		c.x.To.Close()
	}
	round(false)
	round(true)
	before := runtime.NumGoroutine()
	for range 5 {
		round(false)
		round(true)
	}
	within(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before+3 })
}
