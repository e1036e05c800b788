package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
)

// ledger is what is kept of the replays to one place, in messages of a stream of which the last one of each subject counts:
//
//	glulam-replay.PLACE.turn         turn: whose turn it is, and what is on its way
//	glulam-replay.PLACE.mark.BOOK    mark
//	glulam-replay.PLACE.ids.TOKEN    ids: letters that marks do not tell of
//
// It is read from the stream's leader, and a turn is written only behind the one that was read.
type ledger struct {
	link   *link
	place  string
	there  bool // the stream of ledgers
	within time.Duration
	after  uint64 // number of the turn that was written last
}

// turn is the state of a place.
type turn struct {
	To    string `json:"to"` // the place, for people
	By    string `json:"by"` // a token of the process whose turn it is
	N     int64  `json:"n"`  // of its turns
	Phase phase  `json:"phase,omitempty"`

	// The chunk, if there is one.
	Since time.Time       `json:"since,omitzero"` // by the server's clock, before the first message
	After uint64          `json:"after,omitempty"`
	IDs   []string        `json:"ids,omitempty"`
	Marks map[string]mark `json:"marks,omitempty"` // once all are sent, by book
	Named []string        `json:"named,omitempty"` // likewise: ids that were noted
}

type phase string

const (
	nothingSent phase = ""
	beingSent   phase = "sending" // some of the messages may be there
	allSent     phase = "sent"    // all are there, the marks perhaps not yet
)

// mark is a replay.Mark.
type mark struct {
	Next int64  `json:"next"`
	Sum  string `json:"sum,omitempty"`
}

// ids are letters that marks do not tell of.
type ids struct {
	Sent    []string  `json:"sent,omitempty"`
	Refused []string  `json:"refused,omitempty"`
	Doubt   []string  `json:"doubt,omitempty"` // nobody knows whether they were sent
	Since   time.Time `json:"since,omitzero"`  // from when on they may have been
}

// mostIDs are those of one message.
const mostIDs = 1000

func (l *ledger) subject(what string) string { return replaying + "." + l.place + "." + what }

// open finds the stream of ledgers; it is made if make is given, with as many replicas as the target has.
func (l *ledger) open(ctx context.Context, c *conn, make bool, replicas int) error {
	_, err := c.js.Stream(ctx, replaying)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if !make {
			return nil
		}
		_, err = c.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: replaying, Subjects: []string{replaying + ".>"}, Description: "what glulam replay has sent: without it, letters go again",
			MaxMsgsPerSubject: 1, Storage: jetstream.FileStorage, Replicas: max(1, replicas), Discard: jetstream.DiscardNew,
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			err = nil
		}
	}
	l.there = err == nil
	return err
}

// get reads the last message of a subject into v. No message leaves it as it is.
func (l *ledger) get(ctx context.Context, what string, v any) (after uint64, err error) {
	if !l.there {
		return 0, nil
	}
	err = l.link.asking(ctx, l.within, func(ctx context.Context, c *conn) error {
		st, err := c.js.Stream(ctx, replaying)
		if err != nil {
			return err
		}
		m, err := st.GetLastMsgForSubject(ctx, l.subject(what))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		after = m.Sequence
		return l.parse(m.Subject, m.Data, v)
	})
	return after, err
}

func (l *ledger) parse(subject string, data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return fault.New(fault.Corrupt, l.link.c.name, "the ledger's message %s is none: %w", subject, err)
	}
	return nil
}

// errBehind says that there is a later message than the one that was read.
var errBehind = errors.New("somebody else has written there")

// put writes a message behind the one that was read.
func (l *ledger) put(ctx context.Context, what string, v any, after uint64) (seq uint64, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	err = l.link.asking(ctx, l.within, func(ctx context.Context, c *conn) error {
		ack, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: l.subject(what), Data: data}, jetstream.WithExpectLastSequencePerSubject(after), jetstream.WithExpectStream(replaying))
		if err == nil {
			seq = ack.Sequence
		}
		return err
	})
	if api := (*jetstream.APIError)(nil); errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return 0, errBehind
	}
	return seq, err
}

// write writes a turn. One that somebody else has meanwhile is not taken.
func (l *ledger) write(ctx context.Context, t *turn) error {
	t.N++
	seq, err := l.put(ctx, "turn", t, l.after)
	if errors.Is(err, errBehind) { // it may be our own, of which the answer was lost
		var now turn
		at, gerr := l.get(ctx, "turn", &now)
		if gerr != nil {
			return gerr
		}
		if now.By != t.By || now.N != t.N {
			return fault.New(fault.Conflict, l.link.c.name, "another replay sends letters there").WithHint("it goes on where this one stopped: nothing is sent twice")
		}
		seq, err = at, nil
	}
	if err == nil {
		l.after = seq
	}
	return err
}

// raise raises a mark, and lowers none.
func (l *ledger) raise(ctx context.Context, book string, m mark) error {
	for {
		var now mark
		after, err := l.get(ctx, "mark."+book, &now)
		if err != nil || now.Next >= m.Next {
			return err
		}
		if _, err = l.put(ctx, "mark."+book, m, after); !errors.Is(err, errBehind) {
			return err
		}
	}
}

// note writes ids under a name; the same under the same name.
func (l *ledger) note(ctx context.Context, name string, of ids) error {
	for n := 0; len(of.Sent)+len(of.Refused)+len(of.Doubt) > 0; n++ {
		var some ids
		room := mostIDs
		for _, list := range []struct{ from, to *[]string }{{&of.Sent, &some.Sent}, {&of.Refused, &some.Refused}, {&of.Doubt, &some.Doubt}} {
			k := min(room, len(*list.from))
			*list.to, *list.from, room = (*list.from)[:k], (*list.from)[k:], room-k
		}
		some.Since = of.Since
		what := fmt.Sprintf("ids.%s-%d", name, n)
		if _, err := l.put(ctx, what, &some, 0); err != nil && !errors.Is(err, errBehind) {
			return err
		}
	}
	return nil
}

// noted calls f with all ids that were noted, the earliest first.
func (l *ledger) noted(ctx context.Context, f func(ids)) error {
	if !l.there {
		return nil
	}
	w := walk{link: l.link, stream: replaying, filters: []string{l.subject("ids.*")}, within: l.within}
	if _, err := w.begin(ctx); err != nil {
		return err
	}
	defer w.stop()
	for {
		m, err := w.read(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var some ids
		if err := l.parse(m.subject, m.data, &some); err != nil {
			return err
		}
		f(some)
	}
}
