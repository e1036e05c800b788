package stream

import (
	"context"
	"errors"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// failing is a decoder that has what it needs after some calls.
type failing struct {
	left  int
	calls int
	err   error
}

func (d *failing) Decode([][]byte) (*format.Batch, error) {
	if d.calls++; d.calls <= d.left {
		return nil, d.err
	}
	return &format.Batch{}, nil
}

// TestDecodeWaits: what cannot be had for the moment is waited for and counted; a run that ends, and what does not pass, is not
// waited for.
func TestDecodeWaits(t *testing.T) {
	again := fault.New(fault.Unreadable, "registry", "asking: %w", format.ErrAgain)
	setUp := func(run string, d format.Decoder) (*readFn, *session) {
		t.Cleanup(func() { End(run) })
		return &readFn{decoder: d}, &session{id: ReaderID{Run: run, Of: 1}, stats: StatsOf(run), links: Links{From: Endpoint{URL: "kafka://h/t"}}}
	}
	d := &failing{left: 2, err: again}
	f, s := setUp("decode-waits", d)
	if b, err := f.decode(t.Context(), s); err != nil || b == nil || d.calls != 3 || s.stats.Retries.Load() != 2 {
		t.Errorf("%v after %d calls, %d retries", err, d.calls, s.stats.Retries.Load())
	}
	d = &failing{left: 9, err: fault.New(fault.Unreadable, "registry", "refused")}
	f, s = setUp("decode-fails", d)
	if _, err := f.decode(t.Context(), s); err == nil || d.calls != 1 || s.stats.Retries.Load() != 0 {
		t.Errorf("%v after %d calls", err, d.calls)
	}
	d = &failing{left: 1 << 30, err: again}
	f, s = setUp("decode-drains", d)
	Drain("decode-drains")
	if _, err := f.decode(t.Context(), s); !errors.Is(err, format.ErrAgain) || d.calls != 1 {
		t.Errorf("%v after %d calls", err, d.calls)
	}
	f, s = setUp("decode-stops", d)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.decode(ctx, s); !errors.Is(err, format.ErrAgain) {
		t.Error(err)
	}
}
