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
	var tries *Retries
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		b, err := f.decoder.Decode(f.values)
		if err == nil || !errors.Is(err, format.ErrAgain) {
			return b, err
		}
		if tries == nil {
			tries = NewRetries(s.id, f.Options.Values.Format, s.links.From.Redacted())
		}
		tries.Saw("decoding messages", err)
		select {
		case <-time.After(wait):
		case <-s.stats.ctx.Done():
			return nil, err
		case <-ctx.Done():
			return nil, err
		}
	}
}
