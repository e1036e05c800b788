package replay

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// Item is one thing that stands where dead letters do. It is its reader's own.
type Item struct {
	// Part names what it stands in, the same whenever it is read: a partition, or a file by its content.
	Part string
	// At is its place there; the next one's is larger.
	At int64
	// Where is its place in words: "rejected.jsonl line 3".
	Where string
	// Data is a letter as fault.Letter.AppendJSON writes it, or whatever else somebody put there.
	Data    []byte
	Headers []block.Header
	// Sum is what Letters.Sum gives of its part up to it and with it.
	Sum string
	// Err says why it cannot be read; Data is nil then.
	Err error
}

// Letters are dead letters to be read once, from the first to the last that there was when they were opened. Not safe for
// concurrent use.
type Letters interface {
	// Next gives one after the other, those of a part in order, then io.EOF.
	Next(ctx context.Context) (Item, error)
	// Sum is a digest of all of a part before a place: two contents of one name are told apart by it. "" if it cannot change.
	Sum(ctx context.Context, part string, before int64) (string, error)
	Close() error
}

// Book is what letters are counted by: those of one kind in one part.
type Book struct{ Part, Kind string }

// Mark says that all letters of a book before Next were sent, or cannot be.
type Mark struct {
	Next int64
	Sum  string // of the part before Next
}

// Target takes messages and marks. Not safe for concurrent use.
type Target interface {
	// Takes says whether a letter of this source ("kafka://flights/3") is one for it.
	Takes(source string) bool
	// Refuses says why a letter cannot be sent; nil: it can. It may change the message.
	Refuses(l *fault.Letter, m *stream.Message) error
	// Mark gives the mark of a book, 0 if there is none.
	Mark(ctx context.Context, b Book) (Mark, error)
	// Send sends messages and sets marks, both or neither.
	Send(ctx context.Context, messages []stream.Message, marks map[Book]Mark) error
	// Finish makes visible what was sent, if Send did not.
	Finish(ctx context.Context) error
	Close() error
}

// Fate is what a Ledger knows of one letter.
type Fate uint8

// Fates of letters.
const (
	Unknown Fate = iota // marks tell
	Sent                // it was sent, also if no mark says so
	Open                // it was not sent, or nobody knows, also if a mark has passed it
)

// A Ledger is a target that knows single letters by the ids of their messages, beside what marks tell of all before them.
type Ledger interface {
	Target
	// Knows says what became of the letter that is this message.
	Knows(m *stream.Message) Fate
	// Address finds out where a message goes that is about to be sent. reason and why say that it cannot be; the letter then stays
	// Open once a mark has passed it.
	Address(ctx context.Context, l *fault.Letter, m *stream.Message) (reason, why string, err error)
}

// Looped are letters that know whether they stand where a target sends to.
type Looped interface {
	Letters
	Reads(t Target) bool
}

// InDoubt is what becomes of letters that may have been sent.
type InDoubt string

// What can become of them.
const (
	NameThem InDoubt = ""     // they cannot go back, for the reason Doubtful
	SendThem InDoubt = "send" // perhaps a second time
	SkipThem InDoubt = "skip" // they count as sent before
)

// TargetOptions say how a target is opened.
type TargetOptions struct {
	// Back: the endpoint is the source of a stream, and what came from there goes back there. Else it is a sink for everything.
	Back bool
	// Looking: nothing is sent, marks are read only.
	Looking bool
	// InDoubt says what becomes of letters of which a Ledger cannot know whether they were sent.
	InDoubt InDoubt
}

// A Connector opens what a scheme's URLs name. What it cannot do, it leaves nil.
type Connector struct {
	Letters func(ctx context.Context, e stream.Endpoint) (Letters, error)
	Target  func(ctx context.Context, e stream.Endpoint, o TargetOptions) (Target, error)
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
		panic("replay: two connectors " + scheme)
	}
	connectors.byScheme[scheme] = c
}

func find(e stream.Endpoint, can func(Connector) bool, what string) (Connector, error) {
	connectors.mu.Lock()
	defer connectors.mu.Unlock()
	c := connectors.byScheme[e.Scheme()]
	if can(c) {
		return c, nil
	}
	var able []string
	for _, name := range slices.Sorted(maps.Keys(connectors.byScheme)) {
		if can(connectors.byScheme[name]) {
			able = append(able, name+":")
		}
	}
	return c, fault.New(fault.Usage, e.Redacted(), "%s", what).WithHint("%s can be", strings.Join(able, ", "))
}

// OpenLetters opens dead letters. An endpoint without a scheme is a file, or a folder with files called *.jsonl.
func OpenLetters(ctx context.Context, e stream.Endpoint) (Letters, error) {
	if !strings.Contains(e.URL, "://") {
		return openFiles(strings.TrimPrefix(e.URL, "jsonl:"))
	}
	c, err := find(e, func(c Connector) bool { return c.Letters != nil }, "dead letters are not read from there")
	if err != nil {
		return nil, err
	}
	return c.Letters(ctx, e)
}

// OpenTarget opens where letters go.
func OpenTarget(ctx context.Context, e stream.Endpoint, o TargetOptions) (Target, error) {
	c, err := find(e, func(c Connector) bool { return c.Target != nil }, "dead letters are not sent there")
	if err != nil {
		return nil, err
	}
	return c.Target(ctx, e, o)
}
