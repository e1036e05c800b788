package stream

import (
	"context"
	"errors"
	"testing"
)

// TestNilPointers holds that a connector which fails may give nil pointers beside its errors, as constructors do.
func TestNilPointers(t *testing.T) {
	refused := errors.New("refused")
	Register("refusing", Connector{
		Source: func(_ context.Context, e Endpoint, _ ReaderID) (Source, error) {
			if e.URL == "refusing:source" {
				return (*nowhere)(nil), refused
			}
			return &nowhere{}, nil
		},
		Sink: func(_ context.Context, e Endpoint, _ ReaderID, _ string) (Sink, error) {
			if e.URL == "refusing:sink" {
				return (*smallSink)(nil), refused
			}
			return &smallSink{}, nil
		},
	})
	for _, l := range []Links{{From: Endpoint{URL: "refusing:source"}}, {From: Endpoint{URL: "refusing:x"}, To: Endpoint{URL: "refusing:sink"}},
		{From: Endpoint{URL: "refusing:x"}, To: Endpoint{URL: "refusing:x"}, Rejected: Endpoint{URL: "refusing:sink"}}} {
		s := &session{links: l, stats: StatsOf(t.Name())}
		if err := s.open(t.Context()); !errors.Is(err, refused) {
			t.Errorf("%v: %v", l, err)
		}
		if s.source == (*nowhere)(nil) || s.to == (*smallSink)(nil) || s.rejected == (*smallSink)(nil) {
			t.Errorf("%v: a nil pointer is held open", l)
		}
	}
}
