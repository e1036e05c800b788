package kafka

import (
	"context"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// Scheme is what URLs of Kafka begin with.
const Scheme = "kafka"

func init() {
	stream.Register(Scheme, stream.Connector{Check: check, Feeds: feeds, Source: openSource, Sink: openSink, ExactlyOnce: exactlyOnce, Options: options.Names()})
}

func check(e stream.Endpoint, sink bool) error {
	as := stream.OfSource
	if sink {
		as = stream.OfSink
	}
	_, err := parse(e, as)
	return err
}

// feeds says that both name a broker in common, and that the source reads the sink's topic.
func feeds(to, from stream.Endpoint) bool {
	t, terr := parse(to, stream.OfSink)
	f, ferr := parse(from, stream.OfSource)
	if terr != nil || ferr != nil || !slices.ContainsFunc(t.seeds, func(s string) bool { return slices.Contains(f.seeds, s) }) {
		return false
	}
	return f.reads(t.topics[0])
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

func exactlyOnce(ctx context.Context, from, to, rejected stream.Endpoint, id stream.ReaderID) (stream.Exactly, error) {
	var configs [3]*config
	for i, e := range []stream.Endpoint{from, to, rejected} {
		if e.Scheme() != Scheme {
			return stream.Exactly{}, fault.New(fault.Usage, e.Redacted(), "exactly-once is within one Kafka cluster: this is on none").WithHint("take at-least-once")
		}
		as := stream.OfSink
		if i == 0 {
			as = stream.OfSource
		}
		c, err := parse(e, as)
		if err != nil {
			return stream.Exactly{}, err
		}
		configs[i] = c
	}
	return openExactly(ctx, configs[0], configs[1], configs[2], id)
}
