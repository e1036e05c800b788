package nats

import (
	"context"
	"slices"

	"github.com/glulam/glulam/transforms/stream"
)

// Scheme is what URLs of NATS begin with.
const Scheme = "nats"

func init() {
	stream.Register(Scheme, stream.Connector{Check: check, Feeds: feeds, Source: openSource, Sink: openSink, Options: options.Names()})
}

func check(e stream.Endpoint, sink bool) error {
	as := stream.OfSource
	if sink {
		as = stream.OfSink
	}
	_, err := parse(e, as)
	return err
}

// feeds says that both name a server in common, and that the source asks for the sink's subject. What a source reads that asks
// for no subjects, only the server knows.
func feeds(to, from stream.Endpoint) bool {
	t, terr := parse(to, stream.OfSink)
	f, ferr := parse(from, stream.OfSource)
	if terr != nil || ferr != nil || !slices.ContainsFunc(t.servers, func(s string) bool { return slices.Contains(f.servers, s) }) {
		return false
	}
	return slices.ContainsFunc(f.filters, func(pattern string) bool { return overlap(pattern, t.subject) })
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
