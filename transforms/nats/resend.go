package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

// Send implements replay.Target.
func (t *target) Send(ctx context.Context, messages []stream.Message, marks map[replay.Book]replay.Mark) error {
	return t.c.explain(fault.Unwritable, "sending letters", t.send(ctx, messages, marks))
}

func (t *target) send(ctx context.Context, messages []stream.Message, marks map[replay.Book]replay.Mark) error {
	if err := t.ledger.note(ctx, fmt.Sprintf("%s-%d-refused", t.state.By, t.state.N), ids{Refused: t.refused}); err != nil {
		return err
	}
	t.refused = nil
	info, err := t.fresh(ctx)
	if err != nil {
		return err
	}
	t.state.Phase, t.state.Since, t.state.After, t.state.IDs, t.state.Named, t.state.Marks = beingSent, t.now(), info.State.LastSeq, nil, nil, nil
	var named []string
	left := make([]*nats.Msg, len(messages))
	for i := range messages {
		id := messages[i].ID
		left[i] = messageOf(t.subjects[id], &messages[i])
		t.state.IDs = append(t.state.IDs, id)
		if _, known := t.fates[id]; known {
			named = append(named, id)
		}
	}
	if err := t.deliver(ctx, left); err != nil {
		return err
	}
	t.state.Phase, t.state.IDs, t.state.Named, t.state.Marks = allSent, nil, named, map[string]mark{}
	for b, m := range marks {
		t.state.Marks[bookOf(b)] = mark{m.Next, m.Sum}
	}
	if err := t.ledger.write(ctx, &t.state); err != nil {
		return err
	}
	if err := t.step("sent"); err != nil {
		return err
	}
	clear(t.subjects)
	return t.settle(ctx)
}

// fresh asks for the stream's state.
func (t *target) fresh(ctx context.Context) (info *jetstream.StreamInfo, err error) {
	err = t.link.asking(ctx, t.c.delivery, func(ctx context.Context, c *conn) error {
		st, err := c.js.Stream(ctx, t.stream)
		if err == nil {
			info = st.CachedInfo()
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !info.Created.Equal(t.info.Created):
		return nil, fault.New(fault.Changed, t.c.name, "the stream %s was deleted and made anew while letters were sent to it", t.stream)
	}
	t.sync(info)
	return info, nil
}

// deliver sends messages until all are stored. Before each try the turn is written, so that a later replay ends this one; before
// each but the first one, the stream tells what it has.
func (t *target) deliver(ctx context.Context, left []*nats.Msg) error {
	progress := time.Now()
	for try := 0; ; try++ {
		begin := time.Now()
		if err := t.ledger.write(ctx, &t.state); err != nil {
			return err
		}
		if err := t.step("sending"); err != nil {
			return err
		}
		before := len(left)
		var err error
		if left, err = t.try(ctx, left, begin); len(left) == 0 && err == nil {
			return nil
		}
		if final(err) || ctx.Err() != nil {
			return err
		}
		t.link.t.Saw("sending letters", err)
		if len(left) < before {
			progress = time.Now()
		} else if time.Since(progress) > t.c.delivery {
			if errors.Is(err, nats.ErrNoResponders) {
				return fault.New(fault.NotFound, t.c.name, "no stream takes messages of the subject %s", left[0].Subject).WithHint("--to nats://HOST/SUBJECT sends letters to another subject")
			}
			return fault.New(fault.Unwritable, t.c.name, "no server acknowledged messages within %v: %w", t.c.delivery, err).WithHint("is the server up? start again, nothing is sent twice")
		}
		sleep(ctx, min(time.Second, 10*time.Millisecond<<min(try, 7)))
		if left, err = t.missing(ctx, left); err != nil || len(left) == 0 {
			return err
		}
	}
}

// missing leaves the messages that the stream does not have.
func (t *target) missing(ctx context.Context, left []*nats.Msg) ([]*nats.Msg, error) {
	var of []string
	for _, m := range left {
		of = append(of, m.Header.Get(nats.MsgIdHdr))
	}
	there, whole, err := t.there(ctx, t.state.After, of)
	if err != nil {
		return nil, err
	}
	left = slices.DeleteFunc(left, func(m *nats.Msg) bool { return there[m.Header.Get(nats.MsgIdHdr)] })
	if !whole && len(left) > 0 && t.now().Sub(t.state.Since) > t.window() {
		return nil, fault.New(fault.Unwritable, t.c.name, "the connection was lost, and nobody knows any more whether %d letters were sent", len(left)).
			WithHint("start again: they are named, and --in-doubt says what becomes of them")
	}
	return left, nil
}

// there reads the stream from behind a message on: which of the ids it holds, and whether it holds all that came.
func (t *target) there(ctx context.Context, after uint64, of []string) (found map[string]bool, whole bool, err error) {
	found = map[string]bool{}
	w := walk{link: t.link, stream: t.stream, bare: true, next: after + 1, within: t.c.delivery}
	info, err := w.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	t.sync(info)
	last, want := info.State.LastSeq, map[string]bool{}
	for _, id := range of {
		want[id] = true
	}
	defer w.stop()
	next := after + 1
	for whole = true; len(found) < len(want); {
		m, err := w.read(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false, err
		}
		whole = whole && m.seq == next
		next = m.seq + 1
		if id := m.header.Get(nats.MsgIdHdr); want[id] {
			found[id] = true
		}
	}
	return found, whole && next > last, nil
}

// errSlow says that sending took so long that somebody else may have taken over meanwhile.
var errSlow = errors.New("sending took too long")

// try sends messages and gives those that are not acknowledged. Those that a server refuses for good are an error. begin is before
// the turn was written.
func (t *target) try(ctx context.Context, msgs []*nats.Msg, begin time.Time) (left []*nats.Msg, err error) {
	c, err := t.link.current()
	if err == nil && c == nil {
		err = nats.ErrConnectionClosed
		if c, _ = t.reconnect(ctx); c != nil {
			err = nil
		}
	}
	if err != nil {
		return msgs, err
	}
	left = msgs
	for some := range slices.Chunk(slices.Clone(msgs), t.c.maxPending) {
		if time.Since(begin) > max(t.info.Config.Duplicates/2, time.Second) {
			return left, errSlow
		}
		not, err := t.publish(ctx, c, some)
		left = append(not, left[len(some):]...)
		if err != nil {
			c.Close() // answers that come still are nobody's
			return left, err
		}
	}
	return left, nil
}

func (t *target) reconnect(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return t.link.wait(ctx)
}

// publish sends messages over one connection and waits for the answers.
func (t *target) publish(ctx context.Context, c *conn, msgs []*nats.Msg) (left []*nats.Msg, err error) {
	inbox := c.NewInbox() + "."
	answers, err := c.SubscribeSync(inbox + "*")
	if err != nil {
		return msgs, err
	}
	defer answers.Unsubscribe()
	left = slices.Clone(msgs)
	for i, m := range msgs {
		m.Reply = inbox + strconv.Itoa(i)
		if err := c.PublishMsg(m); err != nil {
			return left, err
		}
	}
	for waiting := len(msgs); waiting > 0; waiting-- {
		wait, cancel := context.WithTimeout(ctx, answerWithin)
		a, aerr := answers.NextMsgWithContext(wait)
		cancel()
		if aerr != nil {
			err = errors.Join(err, aerr)
			break
		}
		i, _ := strconv.Atoi(strings.TrimPrefix(a.Subject, inbox))
		switch aerr := t.answered(msgs[i].Subject, a); {
		case aerr == nil:
			left[i] = nil
		case err == nil || final(aerr) && !final(err):
			err = aerr
		}
	}
	return slices.DeleteFunc(left, func(m *nats.Msg) bool { return m == nil }), err
}

// answered is the error of an answer.
func (t *target) answered(subject string, m *nats.Msg) error {
	if m.Header.Get("Status") == "503" && len(m.Data) == 0 {
		return nats.ErrNoResponders
	}
	var ack struct {
		pubAck
		Stream string `json:"stream"`
	}
	err := json.Unmarshal(m.Data, &ack)
	switch {
	case err != nil:
		return err
	case ack.Error != nil && ack.Error.Code == 503 && ack.Error.ErrorCode != errNotStored:
		return ack.Error
	case ack.Error != nil:
		return t.refusal(ack.Error)
	case ack.Stream != t.stream:
		return fault.New(fault.Changed, t.c.name, "the subject %s goes to the stream %s, not to %s", subject, ack.Stream, t.stream).WithHint("--to nats://HOST/SUBJECT sends letters to another subject")
	}
	return nil
}

// refusal is the error of a message that the stream does not take.
func (t *target) refusal(err *jetstream.APIError) error {
	switch err.ErrorCode {
	case errNotStored, errNoStorage, errNoMemory:
		return fault.New(fault.Unwritable, t.c.name, "the stream does not store messages: %w", err).WithHint("if it is full, raise its limits, or have it discard old messages; start again, nothing is sent twice")
	}
	return t.c.explain(fault.Unwritable, "sending letters", err)
}
