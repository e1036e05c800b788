package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

// Message is one message of a source, or one for a sink.
type Message struct {
	Value []byte // nil: none at all, a tombstone
	block.Envelope
	Offset int64 // in its partition; of a source
	Next   int64 // the position behind it; 0: Offset+1
	// ID names the message for Named sinks; others may have none.
	ID string
}

// Fetch is what a poll brought of one partition, in order.
type Fetch struct {
	// Source names the partition in dead letters, such as "kafka://flights/3".
	Source    string
	Partition Partition
	Messages  []Message
	// End is the offset that the partition's next message will get, -1 if that is not known: for the lag.
	End int64
	// Next is the offset to go on with after Messages, 0 if only they tell: for the lag, and to be committed where what came
	// last is no message.
	Next int64
	// Gone says that there is the partition no more: nothing waits for it.
	Gone bool
}

// Partition is one partition of a topic; a source without partitions has one, 0.
type Partition struct {
	Topic string `json:"t,omitempty"`
	ID    int32  `json:"p"`
}

// Position is the offset to go on with.
type Position struct {
	Partition
	Next int64 `json:"n"`
}

// A Source reads the partitions of one reader. Not safe for concurrent use.
type Source interface {
	// Start goes to the larger of from and what is committed, partition by partition; one that is in neither starts where the
	// source's options say. It is called before the first Poll, and again if the runner goes on somewhere else.
	Start(ctx context.Context, from []Position) error
	// Poll waits until ctx ends for messages and gives those of some partitions, at most most of them. They are valid until
	// the next call. A source that has an end gives io.EOF there. That ctx ended is no error.
	Poll(ctx context.Context, most int) ([]Fetch, error)
	// Commit stores positions: everything before them is done with. It may return before that is durable; the error of an
	// earlier Commit comes back from Settled or the next one.
	Commit(ctx context.Context, at []Position) error
	// Settled waits until what was committed is durable.
	Settled(ctx context.Context) error
	Close() error
}

// A Rewinder is a source that can go back behind what is committed.
type Rewinder interface {
	Source
	// Rewind is Start, but goes to from also where more is committed, and gives what is: messages before that are done with.
	Rewind(ctx context.Context, from []Position) (done []Position, err error)
}

// A Sink takes messages. Not safe for concurrent use.
type Sink interface {
	// Write takes messages, in order. Their bytes must stay as they are until Flush returned.
	Write(ctx context.Context, messages []Message) error
	// Flush waits until everything written is acknowledged. An error of any message is its error.
	Flush(ctx context.Context) error
	Close() error
}

// A Limited sink takes no message over a size. What it would not take is not written to it: an output becomes a dead letter,
// a dead letter is shortened.
type Limited interface {
	Sink
	// TooLarge says in what the message is over the limit; nil: it fits. It is called for every message, and is fast.
	TooLarge(m *Message) error
}

// A Named sink drops what it was given before: it wants messages with an ID.
type Named interface {
	Sink
	NamedMessages()
}

// A Recalling sink drops rows of the last micro-batch that come again. Positions are committed after each micro-batch, before the
// next one is written, so that no others do.
type Recalling interface {
	Sink
	RecallsLast()
}

// A Looped source knows whether it reads what is written to a sink, once both are open and it was started: whatever they are
// called. Such a stream would never end.
type Looped interface {
	Source
	Reads(to Sink) bool
}

// A BlockSink takes scored rows as they are, columns with their types, and no messages. It is a sink of predictions only.
type BlockSink interface {
	Sink
	// WriteBlock takes the rows of a block that has Times. The block is valid until it returns.
	WriteBlock(ctx context.Context, b *block.Block) error
}

// A Watermarked sink is told how far its reader has come in event time.
type Watermarked interface {
	Sink
	// Watermark says that rows which come from now on are late if their event time is before at, in milliseconds since 1970.
	// It is called whenever the reader comes back from its source, also if at is what it was. What was written is flushed by
	// then, but for transactions.
	Watermark(ctx context.Context, at int64) error
	// End says that the reader is through, because its source has ended or, drained, because somebody stops the run.
	End(ctx context.Context, drained bool) error
}

// A Transaction binds a source and its sinks together: what is written between two calls of Commit becomes visible as a
// whole, with the positions, or not at all.
type Transaction interface {
	// Commit ends the transaction that the first Write began.
	Commit(ctx context.Context, at []Position) error
	Close() error
}

// Exactly is what ExactlyOnce gives.
type Exactly struct {
	Source      Source
	To          Sink
	Rejected    Sink
	Transaction Transaction
}

// ReaderID says which reader a session is of.
type ReaderID struct {
	Run   string // names the job: connectors derive transactional ids and durable names from it, so it outlives restarts
	Index int    // 0 to Of-1
	Of    int
}

// A Connector opens what URLs of its scheme name. What it cannot do, it leaves nil.
type Connector struct {
	// Check reports what is wrong with an endpoint by itself, without looking for it. sink says what it is used as.
	Check func(e Endpoint, sink bool) error
	// Feeds says that a source, from, certainly reads what is written to a sink: a stream that would never end. Both are of the
	// connector, and have passed Check.
	Feeds func(to, from Endpoint) bool
	// Source opens one reader's share of a source.
	Source func(ctx context.Context, e Endpoint, id ReaderID) (Source, error)
	// Sink opens a sink. name tells the sinks of one reader apart: "to", "rejected", "summary".
	Sink func(ctx context.Context, e Endpoint, id ReaderID, name string) (Sink, error)
	// ExactlyOnce opens a source with sinks of the same scheme; a Close of the Transaction closes all.
	ExactlyOnce func(ctx context.Context, from, to, rejected Endpoint, id ReaderID) (Exactly, error)
	// Options are the names of the options it knows.
	Options []string
	// Files says that endpoints are paths, not URLs: "jsonl:-".
	Files bool
	// Blocks says that its sinks are BlockSinks: rows are read as values for them, and columns that are kept have types. Adds
	// are the names of columns that they add.
	Blocks bool
	Adds   []string
}

// Knows says whether there is an option of this name.
func (c *Connector) Knows(option string) bool { return slices.Contains(c.Options, option) }

// Endpoint says where messages come from or go to. It travels to workers as JSON.
type Endpoint struct {
	URL     string            `json:"url"`
	Options map[string]string `json:"options,omitempty"` // of the connector; those in the URL's query count, too
	// Window is the length of the run's windows of event time, for sinks that have no such option set; 0: it has none, or
	// some that overlap.
	Window time.Duration `json:"window,omitzero"`
	// Launch is another one each time that the job is started, and the same for all its workers.
	Launch string `json:"launch,omitempty"`
}

// Scheme is what stands before the first colon.
func (e Endpoint) Scheme() string {
	scheme, _, ok := strings.Cut(e.URL, ":")
	if !ok {
		return ""
	}
	return scheme
}

// Parse takes a URL apart: hosts, path without its leading slash, and the options with those of the query. The same option in
// both is an error, and so is one that is none of known.
func (e Endpoint) Parse(known ...string) (hosts []string, path string, options map[string]string, err error) {
	u, perr := url.Parse(e.URL)
	if perr != nil {
		if ue := (*url.Error)(nil); errors.As(perr, &ue) { // the text would hold the URL, with what may be secret in it
			perr = ue.Err
		}
		return nil, "", nil, fault.New(fault.Usage, e.Redacted(), "no URL: %w", perr)
	}
	options = maps.Clone(e.Options)
	if options == nil {
		options = map[string]string{}
	}
	for k, v := range u.Query() {
		if _, twice := options[k]; twice || len(v) > 1 {
			return nil, "", nil, fault.New(fault.Usage, e.Redacted(), "the option %s is given twice", k)
		}
		options[k] = v[0]
	}
	for k := range options {
		if !slices.Contains(known, k) {
			err := fault.New(fault.Usage, e.Redacted(), "there is no option %q", k)
			if near := format.Nearest(k, slices.Values(known)); near != "" {
				return nil, "", nil, err.WithHint("did you mean %s?", near)
			}
			return nil, "", nil, err.WithHint("there are %s", strings.Join(known, ", "))
		}
	}
	if u.User != nil {
		return nil, "", nil, fault.New(fault.Usage, e.Redacted(), "a URL with a user in it is seen in process lists").WithHint("give user and password as options, from a file or the environment")
	}
	return strings.Split(u.Host, ","), strings.TrimPrefix(u.Path, "/"), options, nil
}

// Option is the value of an option, wherever it is given; "" without.
func (e Endpoint) Option(name string) string {
	if u, err := url.Parse(e.URL); err == nil && u.Query().Has(name) {
		return u.Query().Get(name)
	}
	return e.Options[name]
}

// Redacted is the URL as messages may show it: without query and user.
func (e Endpoint) Redacted() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return e.Scheme() + ":..."
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

var connectors struct {
	mu       sync.Mutex
	byScheme map[string]Connector
}

// Register makes a connector known by its scheme; it is called from init functions. A second one of the same name panics.
func Register(scheme string, c Connector) {
	connectors.mu.Lock()
	defer connectors.mu.Unlock()
	if connectors.byScheme == nil {
		connectors.byScheme = map[string]Connector{}
	}
	if _, ok := connectors.byScheme[scheme]; ok {
		panic(fmt.Sprintf("stream: two connectors %q", scheme))
	}
	connectors.byScheme[scheme] = c
}

// Find gives the connector of an endpoint.
func Find(e Endpoint) (Connector, error) {
	connectors.mu.Lock()
	defer connectors.mu.Unlock()
	c, ok := connectors.byScheme[e.Scheme()]
	if !ok {
		known := slices.Sorted(maps.Keys(connectors.byScheme))
		for i := range known {
			known[i] += ":"
		}
		return c, fault.New(fault.Usage, e.Redacted(), "no connector for %q", e.Scheme()).WithHint("it starts with one of %s", strings.Join(known, ", "))
	}
	return c, nil
}
