package nats

import (
	"context"

	"github.com/glulam/glulam/transforms/stream"
)

// Scheme is what URLs of NATS begin with.
const Scheme = "nats"

func init() {
	stream.Register(Scheme, stream.Connector{Check: check, Source: openSource, Sink: openSink, Options: options.Names()})
}

func check(e stream.Endpoint, sink bool) error {
	as := stream.OfSource
	if sink {
		as = stream.OfSink
	}
	_, err := parse(e, as)
	return err
}

func openSource(_ context.Context, e stream.Endpoint, id stream.ReaderID) (stream.Source, error) {
	c, err := parse(e, stream.OfSource)
	if err != nil {
		return nil, err
	}
	return openReader(c, id)
}

func openSink(ctx context.Context, e stream.Endpoint, id stream.ReaderID, _ string) (stream.Sink, error) {
	c, err := parse(e, stream.OfSink)
	if err != nil {
		return nil, err
	}
	return openWriter(ctx, c, id)
}
