package stream

import (
	"context"
	"errors"
	"time"

	"github.com/glulam/glulam/format"
)

// decode decodes f.values. While what the decoder needs cannot be had it waits, logs and counts that, as sources do while
// their broker is gone. A run that is to end meanwhile ends with the error: none of the messages is committed.
func (f *readFn) decode(ctx context.Context, s *session) (*format.Batch, error) {
	b, err := f.decoder.Decode(f.values)
	if err == nil {
		return b, nil
	}
	tries := NewRetries(s.id, f.Options.Values.Format, s.links.From.Redacted())
	err = s.again(ctx, tries, "decoding messages", err, func() (err error) {
		b, err = f.decoder.Decode(f.values)
		return err
	})
	return b, err
}

// again calls try, after err, for as long as what it needs cannot be had.
func (s *session) again(ctx context.Context, tries *Retries, doing string, err error, try func() error) error {
	for wait := 100 * time.Millisecond; errors.Is(err, format.ErrAgain); wait = min(2*wait, 5*time.Second) {
		tries.Saw(doing, err)
		select {
		case <-time.After(wait):
		case <-s.stats.ctx.Done():
			return err
		case <-ctx.Done():
			return err
		}
		err = try()
	}
	return err
}
