package nats

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// writer is a stream.Sink of one subject. Messages that are not acknowledged are kept, in order, and sent again when the
// connection breaks or the stream has no leader.
type writer struct {
	c    *config
	link *link
	limit
	conn *conn // what was sent went over it
	// into is the stream that takes the subject, as it was when the sink was opened.
	into    string
	created time.Time

	mu     sync.Mutex
	sent   []sending     // not acknowledged, but for some in between
	first  uint64        // number of sent[0]
	failed error         // what a server said of a message; final
	again  error         // why everything is to be sent again
	acked  chan struct{} // holds a token when something was answered
	prefix string        // of the answers' subjects
}

// sending is a message on its way.
type sending struct {
	msg  *nats.Msg
	done bool
}

// openWriter makes a sink after it looked whether there is a stream for its subject.
func openWriter(ctx context.Context, c *config, id stream.ReaderID) (*writer, error) {
	w := &writer{c: c, link: newLink(c, id), limit: limit{subject: c.subject}, acked: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	if err := w.link.patiently(ctx, w.open); err != nil {
		w.link.close()
		return nil, c.explain(fault.Unwritable, "looking for a stream that takes the subject", err)
	}
	return w, nil
}

func (w *writer) open(ctx context.Context) error {
	conn, err := w.link.wait(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	name, err := conn.js.StreamNameBySubject(ctx, w.subject)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return w.c.noStreamFor()
	}
	if err != nil {
		return err
	}
	st, err := conn.js.Stream(ctx, name)
	if err != nil {
		return err
	}
	w.into, w.created = name, st.CachedInfo().Created
	cfg := st.CachedInfo().Config
	if cfg.NoAck {
		return w.c.usage("the stream %s acknowledges nothing (no_ack)", name).WithHint("a position is committed only after its outputs are acknowledged: change the stream")
	}
	w.message = max(0, int(cfg.MaxMsgSize))
	return w.use(conn)
}

func (c *config) noStreamFor() *fault.Error {
	return fault.New(fault.NotFound, c.name, "no stream takes messages of the subject %s", c.subject).
		WithHint("create one: nats stream add NAME --subjects %s", c.subject)
}

// use has acknowledgements come over a connection.
func (w *writer) use(c *conn) error {
	inbox := c.NewInbox() + "."
	_, err := c.Subscribe(inbox+"*", func(m *nats.Msg) {
		if n, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, inbox), 36, 64); err == nil {
			w.answer(n, m)
		}
	})
	if err != nil {
		return err
	}
	w.conn, w.payload = c, int(c.MaxPayload())
	w.inbox(inbox)
	return nil
}

// inbox gives all messages that are on their way the answers' new address.
func (w *writer) inbox(prefix string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.prefix = prefix
	for i := range w.sent {
		w.sent[i].msg.Reply = prefix + strconv.FormatUint(w.first+uint64(i), 36)
	}
}

// pubAck is what a stream answers.
type pubAck struct {
	Error *jetstream.APIError `json:"error"`
	Seq   uint64              `json:"seq"`
}

// answer takes the answer to a message.
func (w *writer) answer(n uint64, m *nats.Msg) {
	var ack pubAck
	err := error(nats.ErrNoResponders)
	if m.Header.Get("Status") != "503" || len(m.Data) > 0 {
		err = json.Unmarshal(m.Data, &ack)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < w.first || n-w.first >= uint64(len(w.sent)) {
		return
	}
	switch {
	case err != nil:
		w.again = cmp.Or(w.again, err)
	case ack.Error != nil && ack.Error.Code == 503 && ack.Error.ErrorCode != errNotStored:
		w.again = cmp.Or(w.again, error(ack.Error))
	case ack.Error != nil:
		w.failed = cmp.Or(w.failed, error(ack.Error))
	default:
		w.sent[n-w.first].done = true
		k := 0
		for k < len(w.sent) && w.sent[k].done {
			w.sent[k].msg = nil
			k++
		}
		w.sent, w.first = w.sent[k:], w.first+uint64(k)
		if k == 0 {
			return
		}
	}
	select {
	case w.acked <- struct{}{}:
	default:
	}
}

// NamedMessages implements stream.Named: the server drops messages whose id it saw within the stream's duplicate window.
func (w *writer) NamedMessages() {}

// Write implements stream.Sink. It waits while max-pending messages are on their way.
func (w *writer) Write(ctx context.Context, messages []stream.Message) error {
	for i := range messages {
		if err := w.until(ctx, w.c.maxPending-1); err != nil {
			return err
		}
		msg := messageOf(w.subject, &messages[i])
		w.mu.Lock()
		msg.Reply = w.prefix + strconv.FormatUint(w.first+uint64(len(w.sent)), 36)
		w.sent = append(w.sent, sending{msg: msg})
		w.mu.Unlock()
		if err := w.publish(msg); err != nil {
			return err
		}
	}
	return nil
}

// publish sends a message. That the connection breaks is no error: the message is sent again.
func (w *writer) publish(m *nats.Msg) error {
	err := w.conn.PublishMsg(m)
	if isAny(err, nats.ErrMaxPayload, nats.ErrBadSubject, nats.ErrBadHeaderMsg, nats.ErrHeadersNotSupported) {
		return w.unwritten(err)
	}
	if err != nil {
		w.conn.Close()
	}
	return nil
}

// Flush implements stream.Sink.
func (w *writer) Flush(ctx context.Context) error { return w.until(ctx, 0) }

// answerWithin is how long nothing may be answered until everything is sent again.
const answerWithin = 5 * time.Second

// errSilent says that a stream does not answer.
var errSilent = errors.New("no acknowledgement")

// until waits until at most n messages are on their way. No progress for delivery-timeout is an error.
func (w *writer) until(ctx context.Context, n int) error {
	left, again, err := w.state()
	if err == nil && again == nil && left <= n && (left == 0 || !w.conn.IsClosed()) {
		return nil
	}
	progress, why := time.Now(), errSilent
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	for pause := 10 * time.Millisecond; ; {
		before := left
		if left, again, err = w.state(); err != nil {
			return w.unwritten(err)
		}
		if left <= n && again == nil && (left == 0 || !w.conn.IsClosed()) {
			return nil
		}
		if left < before {
			progress, pause = time.Now(), 10*time.Millisecond
			late.Reset(answerWithin)
		}
		if time.Since(progress) > w.c.delivery {
			return w.undelivered(cmp.Or(again, why))
		}
		if again != nil || w.conn.IsClosed() {
			why = cmp.Or(again, w.conn.LastError(), why)
			w.link.t.Saw("writing", why)
			sleep(ctx, pause)
			pause = min(2*pause, time.Second)
			if err := w.resend(ctx, w.c.delivery-time.Since(progress)); err != nil {
				return err
			}
			late.Reset(answerWithin)
			continue
		}
		select {
		case <-w.acked:
		case <-w.conn.lost:
		case <-late.C:
			w.mu.Lock()
			w.again = cmp.Or(w.again, errSilent)
			w.mu.Unlock()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// state says how many messages are on their way, and what is wrong.
func (w *writer) state() (left int, again, failed error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed = w.failed
	if failed == nil {
		_, failed = w.link.current()
	}
	return len(w.sent), w.again, failed
}

// resend sends everything that is not acknowledged again, in order, over a new connection if the last one broke. What the stream
// has already it knows by its id.
func (w *writer) resend(ctx context.Context, within time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, max(within, time.Second))
	defer cancel()
	conn, err := w.link.wait(waiting)
	switch {
	case err == nil:
	case final(err):
		return w.unwritten(err)
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return w.undelivered(err)
	}
	if conn != w.conn {
		if err := w.use(conn); err != nil {
			conn.Close()
			return nil
		}
	}
	w.mu.Lock()
	w.again = nil
	var msgs []*nats.Msg
	for i := range w.sent {
		if !w.sent[i].done {
			msgs = append(msgs, w.sent[i].msg)
		}
	}
	w.mu.Unlock()
	for _, m := range msgs {
		if err := w.publish(m); err != nil || conn.IsClosed() {
			return err
		}
	}
	return nil
}

// undelivered is the error of messages that nobody acknowledged for too long.
func (w *writer) undelivered(err error) error {
	if errors.Is(err, nats.ErrNoResponders) {
		return w.c.noStreamFor()
	}
	return fault.New(fault.Unwritable, w.c.name, "no server acknowledged messages within delivery-timeout: %w", err).
		WithHint("is the server up? the log says what went wrong; start again, nothing is lost")
}

// unwritten is the error of a message that was not written.
func (w *writer) unwritten(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode {
		case errNotStored, errNoStorage, errNoMemory:
			return fault.New(fault.Unwritable, w.c.name, "the stream does not store messages: %w", err).WithHint("if it is full, raise its limits, or have it discard old messages")
		case errTooLarge:
			return fault.New(fault.TooLarge, w.c.name, "a message is larger than the stream takes: %w", err).WithHint("its max_msg_size was changed; start again")
		}
	}
	return w.c.explain(fault.Unwritable, "writing messages", err)
}

// Codes of JetStream errors, from errors.json of nats-server.
const (
	errNoMemory  jetstream.ErrorCode = 10028
	errNoStorage jetstream.ErrorCode = 10047
	errTooLarge  jetstream.ErrorCode = 10054
	errNotStored jetstream.ErrorCode = 10077 // also for a full stream; with the code 503, as what passes has
)

// Close implements stream.Sink. What was not flushed may be written or not.
func (w *writer) Close() error {
	w.link.close()
	return nil
}
