package demo

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/pipelines"
	_ "github.com/glulam/glulam/transforms/nats" // the connector of Spec
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
)

// Names within the demo.
const (
	Run         = "demo" // the job's
	aliasName   = "model"
	streamIn    = "FLIGHTS"
	streamOut   = "SCORES"
	subjectIn   = "flights"
	subjectTo   = "scored"
	subjectBad  = "rejected"
	refreshEach = 200 * time.Millisecond
)

// MaxOpen is how many events are on their way at once at the most.
const MaxOpen = 20_000

// Options of a demo.
type Options struct {
	Rate   int           // events a second, 1 to MaxRate
	Bad    float64       // share of events that cannot be scored, 0 to 1
	Late   float64       // share of events whose time is a window earlier, 0 to 1
	Window time.Duration // of the summaries, from 100ms on
}

// MaxRate is the largest rate.
const MaxRate = 100_000

// Check reports all that is wrong with the options as *fault.Error values with code Usage, whose Field is the flag.
func (o *Options) Check() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fault.New(fault.Usage, "", format, args...).OnField(key))
	}
	if o.Rate < 1 || o.Rate > MaxRate {
		bad("rate", "%d: from 1 to %d events a second", o.Rate, MaxRate)
	}
	if !(o.Bad >= 0 && o.Bad <= 1) {
		bad("bad", "a share is from 0%% to 100%%")
	}
	if !(o.Late >= 0 && o.Late <= 1) {
		bad("late", "a share is from 0%% to 100%%")
	}
	if o.Window < 100*time.Millisecond || o.Window > 24*time.Hour {
		bad("window", "%s: from 100ms to 24h", o.Window)
	}
	return errors.Join(errs...)
}

// Demo is a server with events and models. Its methods are safe for concurrent use where they do not say otherwise.
type Demo struct {
	o       Options
	dir     string
	server  *natstest.Server
	nc      *nats.Conn
	js      jetstream.JetStream
	flights []flight
	models  []contender

	ledger ledger
	began  time.Time // of the sending
	stop   context.CancelFunc
	end    context.CancelFunc
	work   sync.WaitGroup // the sender, if it was started
	eyes   sync.WaitGroup // the consumer
	held   atomic.Bool

	offered bool
	decided int64
	spoiled int

	closing sync.Once
	closed  error
}

// Open starts the server, writes the models, and begins to look at what comes out. ctx is for the opening alone. Close must be
// called, also by who wants to leave in a hurry.
func Open(ctx context.Context, o Options) (_ *Demo, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	d := &Demo{o: o, stop: func() {}, end: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "glulam-demo-"); err != nil {
		return nil, fault.FromOS(fault.Unwritable, os.TempDir(), err).WithHint("the demo writes its models to a temporary folder: set TMPDIR to one that it may write to")
	}
	if d.flights, err = readFlights(ctx); err != nil {
		return nil, err
	}
	if err = d.writeModels(); err != nil {
		return nil, err
	}
	if err = d.serve(ctx); err != nil {
		return nil, err
	}
	d.ledger.init(d.models)
	return d, d.watch(ctx)
}

// serve starts the server and makes the streams. They are in memory, and keep what nobody has acknowledged yet.
func (d *Demo) serve(ctx context.Context) (err error) {
	if d.server, err = natstest.Start(d.dir, natstest.Options{MaxMemory: 1 << 30}); err != nil {
		return err
	}
	if d.nc, err = nats.Connect(d.server.URL(), nats.MaxReconnects(-1), nats.Name("glulam-demo")); err != nil {
		return broken(err)
	}
	if d.js, err = jetstream.New(d.nc, jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, err error) {
		d.ledger.fail(broken(err))
	})); err != nil {
		return broken(err)
	}
	for _, c := range []jetstream.StreamConfig{
		{Name: streamIn, Subjects: []string{subjectIn}, Retention: jetstream.WorkQueuePolicy},
		{Name: streamOut, Subjects: []string{subjectTo, subjectBad}, Retention: jetstream.InterestPolicy, Duplicates: 30 * time.Second},
	} {
		c.Storage = jetstream.MemoryStorage
		if _, err := d.js.CreateStream(ctx, c); err != nil {
			return broken(err)
		}
	}
	return nil
}

// broken is the error of a server or client in this process that does not do what it should.
func broken(err error) error {
	return fault.New(fault.Unreadable, "", "the embedded NATS server: %w", err)
}

// Server is the address of the NATS server, host and port.
func (d *Demo) Server() string { return d.server.Addr() }

// Spec is the pipeline that scores the events.
func (d *Demo) Spec() pipelines.Stream {
	url := d.server.URL() + "/"
	return pipelines.Stream{
		Name: Run, Model: d.Alias(), From: url + streamIn, To: url + subjectTo, Rejected: url + subjectBad,
		Columns: []string{"id"}, EventTime: eventTime, Window: d.o.Window, Lateness: d.o.Window, Refresh: refreshEach, MaxRejected: "100%",
		Delivery: stream.AtLeastOnce,
	}
}

// Close stops everything and removes the folder. It may be called again.
func (d *Demo) Close() error {
	d.closing.Do(func() {
		d.Stop()
		d.end()
		d.eyes.Wait()
		if d.nc != nil {
			d.nc.Close()
		}
		if d.server != nil {
			d.server.Stop()
		}
		d.closed = d.Remove()
	})
	return d.closed
}

// Remove removes the folder and nothing else, for a process that ends at once.
func (d *Demo) Remove() error {
	if d.dir == "" {
		return nil
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return fault.FromOS(fault.Unwritable, d.dir, err)
	}
	return nil
}
