package nats

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// link is the connection of a source or a sink: when one breaks, the next one is made. The client's own way to connect again is
// not used: it keeps what was written meanwhile and sends it behind what it may have lost, and so changes the order. Safe for
// concurrent use.
type link struct {
	c *config
	t *stream.Retries

	dialing chan struct{} // holds one token: who has it may dial
	mu      sync.Mutex
	now     *conn // nil: none yet
	refused error // a permission that is missing, or what else does not pass
	closed  bool
}

// conn is one connection.
type conn struct {
	*nats.Conn
	js   jetstream.JetStream
	lost chan struct{} // closed when the connection is
}

func newLink(c *config, id stream.ReaderID) *link {
	return &link{c: c, t: stream.NewRetries(id, Scheme, c.name), dialing: make(chan struct{}, 1)}
}

// current gives the connection if there is one that stands; else nil. The error is one that does not pass.
func (l *link) current() (*conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused != nil {
		return nil, l.refused
	}
	if l.closed {
		return nil, fault.New(fault.Internal, l.c.name, "the connection was closed")
	}
	if l.now == nil || l.now.IsClosed() {
		return nil, nil
	}
	return l.now, nil
}

// wait gives a connection that stands. It tries until ctx ends; the error then is the last one of connecting.
func (l *link) wait(ctx context.Context) (*conn, error) {
	select {
	case l.dialing <- struct{}{}:
		defer func() { <-l.dialing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var last error
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if now, err := l.current(); now != nil || err != nil {
			return now, err
		}
		c, err := l.dial(ctx)
		if err == nil {
			return c, nil
		}
		if final(err) {
			return nil, l.c.explain(fault.Unreadable, "connecting", err)
		}
		if last == nil || ctx.Err() == nil { // else it says only that the time is over
			last = err
		}
		l.t.Saw("connecting", err)
		sleep(ctx, pause*3/4+rand.N(pause/4))
		if ctx.Err() != nil {
			return nil, last
		}
	}
}

// patiently calls f until it succeeds, says something that does not pass, or ctx ends. The error is the last one that says more
// than that the time is over.
func (l *link) patiently(ctx context.Context, f func(context.Context) error) error {
	var last error
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := f(ctx)
		if err == nil || final(err) {
			return err
		}
		if last == nil || !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		if ctx.Err() != nil {
			return last
		}
		l.t.Saw("looking for the stream", err)
		sleep(ctx, pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// dialer ends with its context.
type dialer struct{ ctx context.Context }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(d.ctx, network, address)
}

// Times of connections. One whose server does not answer pings breaks after pingEvery times pingsOut.
const (
	dialTimeout = 5 * time.Second
	pingEvery   = 5 * time.Second
	pingsOut    = 2
)

func (l *link) dial(ctx context.Context) (*conn, error) {
	login, err := l.c.login()
	if err != nil {
		return nil, err
	}
	c := &conn{lost: make(chan struct{})}
	opts := nats.GetDefaultOptions()
	opts.Servers = l.c.servers
	for _, o := range append(login, nats.Name(l.c.clientName), nats.NoReconnect(), nats.Timeout(dialTimeout), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsOut),
		nats.SetCustomDialer(dialer{ctx}), nats.ErrorHandler(l.sawError), nats.ClosedHandler(func(*nats.Conn) { close(c.lost) })) {
		if err := o(&opts); err != nil {
			return nil, l.c.usage("%w", err)
		}
	}
	if l.c.inbox != "" {
		if err := nats.CustomInboxPrefix(l.c.inbox)(&opts); err != nil {
			return nil, l.c.usage("%w", err).OnField("inbox-prefix")
		}
	}
	if c.Conn, err = opts.Connect(); err != nil {
		return nil, err
	}
	if l.c.domain == "" {
		c.js, err = jetstream.New(c.Conn)
	} else {
		c.js, err = jetstream.NewWithDomain(c.Conn, l.c.domain)
	}
	if err != nil {
		c.Close()
		return nil, l.c.usage("%w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Close()
		return nil, fault.New(fault.Internal, l.c.name, "the connection was closed")
	}
	l.now = c
	return c, nil
}

// sawError is told of errors that are no call's.
func (l *link) sawError(_ *nats.Conn, _ *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		l.mu.Lock()
		l.refused = l.c.explain(fault.Unreadable, "asking the server", err)
		l.mu.Unlock()
		return
	}
	l.t.Saw("waiting for the server", err)
}

func (l *link) close() {
	l.mu.Lock()
	now := l.now
	l.now, l.closed = nil, true
	l.mu.Unlock()
	if now != nil {
		now.Close()
	}
}
