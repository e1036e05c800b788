package nats

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

// target is where letters are sent to: the subjects that their messages had, in one stream, or one subject. It implements
// replay.Ledger.
//
// NATS has no transactions over streams. So what is about to be sent is written to the ledger first, then sent, then noted as sent.
// After a failure in between, the messages' ids tell which are in the stream: it is read from where it ended before them. Only where
// the stream no longer holds all that came since, that tells too little; then ids are dropped by the server as long as its duplicate
// window lasts, and after that the letters are in doubt.
type target struct {
	limit
	c      *config
	link   *link
	stream string
	info   *jetstream.StreamInfo // when it was opened
	o      replay.TargetOptions
	ledger ledger
	state  turn

	clock   time.Time // of the server,
	clockAt time.Time // at this time of ours

	fates    map[string]fate
	marks    map[string]mark   // that are not written, of a run that only looks
	subjects map[string]string // of messages that are about to be sent, by id
	refused  []string          // ids that are not noted yet

	// step is called between the steps of sending, in tests.
	step func(string) error
}

// fate is what is known of one letter.
type fate struct {
	replay.Fate
	since time.Time // of one in doubt; else 0
}

func openTarget(ctx context.Context, e stream.Endpoint, o replay.TargetOptions) (replay.Target, error) {
	as := stream.OfSink
	if o.Back {
		as = stream.OfSource
	}
	c, err := parse(e, as)
	if err != nil {
		return nil, err
	}
	t := &target{c: c, link: newLink(c, stream.ReaderID{Run: replaying, Of: 1}), o: o, fates: map[string]fate{}, marks: map[string]mark{}, subjects: map[string]string{},
		limit: limit{subject: c.subject}, step: func(string) error { return nil }}
	t.ledger = ledger{link: t.link, within: c.delivery}
	if err := t.open(ctx); err != nil {
		t.link.close()
		return nil, c.explain(fault.Unwritable, "looking for the stream and what was sent to it", err)
	}
	return t, nil
}

func (t *target) open(ctx context.Context) error {
	err := t.link.asking(ctx, t.c.patience, t.look)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %q", t.stream, t.info.Created.UnixNano(), t.c.subject))
	t.ledger.place = fmt.Sprintf("%x", sum[:12])
	if err := t.link.asking(ctx, t.c.patience, func(ctx context.Context, c *conn) error {
		return t.ledger.open(ctx, c, !t.o.Looking, t.info.Config.Replicas)
	}); err != nil {
		return err
	}
	return t.resume(ctx)
}

// look finds the stream.
func (t *target) look(ctx context.Context, c *conn) (err error) {
	if t.stream = t.c.stream; t.stream == "" {
		if t.stream, err = c.js.StreamNameBySubject(ctx, t.c.subject); errors.Is(err, jetstream.ErrStreamNotFound) {
			return t.c.noStreamFor()
		}
	}
	if err != nil {
		return err
	}
	st, err := c.js.Stream(ctx, t.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fault.New(fault.NotFound, t.c.name, "there is no stream %s", t.stream).WithHint("--from is that of the stream that rejected the messages")
	}
	if err != nil {
		return err
	}
	t.info = st.CachedInfo()
	if t.info.Config.NoAck {
		return t.c.usage("the stream %s acknowledges nothing (no_ack)", t.stream).WithHint("only acknowledgements tell what was sent: change the stream")
	}
	t.payload, t.message = int(c.MaxPayload()), max(0, int(t.info.Config.MaxMsgSize))
	t.sync(t.info)
	return nil
}

// sync sets the server's clock.
func (t *target) sync(info *jetstream.StreamInfo) {
	t.clockAt = time.Now()
	if t.clock = info.TimeStamp; t.clock.IsZero() {
		t.clock = t.clockAt
	}
}

// now is the server's time.
func (t *target) now() time.Time { return t.clock.Add(time.Since(t.clockAt)) }

// window is for how long ids are trusted: three quarters of the stream's duplicate window.
func (t *target) window() time.Duration { return t.info.Config.Duplicates * 3 / 4 }

// Takes implements replay.Target.
func (t *target) Takes(source string) bool {
	if !t.o.Back {
		return true
	}
	pattern, ok := t.patternOf(source)
	if !ok || len(t.c.filters) == 0 {
		return ok
	}
	for _, f := range t.c.filters {
		if f == pattern {
			return true
		}
	}
	return false
}

// patternOf is the pattern of a source of this stream; "" is all of it.
func (t *target) patternOf(source string) (pattern string, ok bool) {
	rest, ok := strings.CutPrefix(source, Scheme+"://"+t.stream)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.TrimPrefix(rest, "/"), true
}

// Refuses implements replay.Target. It gives the message the id by which the stream and the ledger know it.
func (t *target) Refuses(l *fault.Letter, m *stream.Message) error {
	if l.Row > 0 && !strings.HasPrefix(strings.TrimLeft(string(l.Raw), " \t\r\n"), "{") {
		return fmt.Errorf("it is a row of a CSV file; --to csv:FILE writes those")
	}
	sum := sha256.Sum256([]byte(t.ledger.place + m.ID))
	m.ID = fmt.Sprintf("%x", sum[:16])
	return t.TooLarge(m)
}

// Knows implements replay.Ledger.
func (t *target) Knows(m *stream.Message) replay.Fate {
	f, ok := t.fates[m.ID]
	switch {
	case !ok:
		return replay.Unknown
	case t.o.InDoubt == replay.SkipThem && t.inDoubt(f):
		return replay.Sent
	}
	return f.Fate
}

// inDoubt says that the server does not know an id any more of which nobody else knows whether it was sent.
func (t *target) inDoubt(f fate) bool {
	return f.Fate == replay.Open && !f.since.IsZero() && t.now().Sub(f.since) > t.window()
}

// Address implements replay.Ledger.
func (t *target) Address(ctx context.Context, l *fault.Letter, m *stream.Message) (reason, why string, err error) {
	if f := t.fates[m.ID]; t.inDoubt(f) && t.o.InDoubt != replay.SendThem {
		return replay.Doubtful, fmt.Sprintf("a replay that was cut short at %s may have sent it: --in-doubt send or skip", f.since.UTC().Format(time.DateTime)+"Z"), nil
	}
	subject, why, err := t.subjectOf(ctx, l)
	if err != nil {
		return "", "", t.c.explain(fault.Unreadable, "looking for the subjects of messages", err)
	}
	if why != "" {
		if _, known := t.fates[m.ID]; !known {
			t.fates[m.ID] = fate{Fate: replay.Open}
			t.refused = append(t.refused, m.ID)
		}
		return replay.NoSubject, why, nil
	}
	t.subjects[m.ID] = subject
	return "", "", nil
}

// subjectOf is the subject of the message that a letter was made of.
func (t *target) subjectOf(ctx context.Context, l *fault.Letter) (subject, why string, err error) {
	pattern, _ := t.patternOf(l.Source)
	if pattern == "" && len(t.info.Config.Subjects) == 1 {
		pattern = t.info.Config.Subjects[0]
	}
	literal := func(s string) bool { return isSubject(s) && !strings.ContainsAny(s, "*>") }
	switch {
	case t.c.subject != "":
		return t.c.subject, "", nil
	case literal(pattern):
		return pattern, "", nil
	case t.c.key.subject && literal(string(l.Key)):
		return string(l.Key), "", nil
	}
	var m *jetstream.RawStreamMsg
	err = t.link.asking(ctx, t.c.delivery, func(ctx context.Context, c *conn) error {
		st, err := c.js.Stream(ctx, t.stream)
		if err != nil {
			return err
		}
		if m, err = st.GetMsg(ctx, uint64(max(1, l.Offset))); errors.Is(err, jetstream.ErrMsgNotFound) {
			m, err = nil, nil
		}
		return err
	})
	if err != nil {
		return "", "", err
	}
	if m == nil {
		return "", "the stream no longer holds its message, which told the subject: --to nats://HOST/SUBJECT sends it to one", nil
	}
	var was stream.Message
	t.c.key.read(&was, m.Subject, m.Header, m.Data, m.Time.UnixMilli())
	if l.Time > 0 && was.Time != l.Time {
		return "", "the stream holds another message in its place: it was made anew", nil
	}
	return m.Subject, "", nil
}

func bookOf(b replay.Book) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", b.Part, b.Kind))
	return fmt.Sprintf("%x", sum[:12])
}

// Mark implements replay.Target.
func (t *target) Mark(ctx context.Context, b replay.Book) (replay.Mark, error) {
	book := bookOf(b)
	var m mark
	if _, err := t.ledger.get(ctx, "mark."+book, &m); err != nil {
		return replay.Mark{}, t.c.explain(fault.Unreadable, "looking for what was sent", err)
	}
	if unwritten := t.marks[book]; unwritten.Next > m.Next {
		m = unwritten
	}
	return replay.Mark{Next: m.Next, Sum: m.Sum}, nil
}

// resume makes the turn this one's, and clears up what an earlier one left.
func (t *target) resume(ctx context.Context) (err error) {
	if t.ledger.after, err = t.ledger.get(ctx, "turn", &t.state); err != nil {
		return err
	}
	t.state.To, t.state.By = cmp.Or(t.c.subject, t.stream), rand.Text()
	if !t.o.Looking {
		if err := t.ledger.write(ctx, &t.state); err != nil {
			return err
		}
	}
	err = t.ledger.noted(ctx, t.learn)
	if err != nil {
		return err
	}
	switch t.state.Phase {
	case beingSent:
		err = t.clear(ctx)
	case allSent:
		err = t.settle(ctx)
	}
	if err != nil || t.o.Looking || t.state.Phase == nothingSent {
		return err
	}
	t.state = turn{To: t.state.To, By: t.state.By, N: t.state.N}
	return t.ledger.write(ctx, &t.state)
}

// learn adds to the fates what was noted. What was sent stays so.
func (t *target) learn(of ids) {
	set := func(list []string, f fate) {
		for _, id := range list {
			if was := t.fates[id]; was.Fate != replay.Sent && (f.Fate == replay.Sent || was.since.IsZero()) {
				t.fates[id] = f
			}
		}
	}
	set(of.Sent, fate{Fate: replay.Sent})
	set(of.Doubt, fate{Fate: replay.Open, since: of.Since})
	set(of.Refused, fate{Fate: replay.Open})
}

// settleWithin is how long messages may be on their way whose sender was killed.
var settleWithin = 2 * time.Second

// clear finds out what became of a chunk that was on its way.
func (t *target) clear(ctx context.Context) error {
	if left := settleWithin - t.now().Sub(t.state.Since); left > 0 {
		sleep(ctx, min(left, settleWithin))
	}
	there, whole, err := t.there(ctx, t.state.After, t.state.IDs)
	if err != nil {
		return err
	}
	found := ids{Since: t.state.Since}
	for _, id := range t.state.IDs {
		switch {
		case there[id]:
			found.Sent = append(found.Sent, id)
		case !whole:
			found.Doubt = append(found.Doubt, id)
		}
	}
	t.learn(found)
	if t.o.Looking {
		return nil
	}
	return t.ledger.note(ctx, fmt.Sprintf("%s-%d", t.state.By, t.state.N), found)
}

// settle writes the marks of a chunk that was sent.
func (t *target) settle(ctx context.Context) error {
	t.learn(ids{Sent: t.state.Named})
	if t.o.Looking {
		t.marks = t.state.Marks
		return nil
	}
	for book, m := range t.state.Marks {
		if err := t.ledger.raise(ctx, book, m); err != nil {
			return err
		}
	}
	return t.ledger.note(ctx, fmt.Sprintf("%s-%d", t.state.By, t.state.N), ids{Sent: t.state.Named})
}

// Finish implements replay.Target: what was sent is noted already.
func (t *target) Finish(context.Context) error { return nil }

// Close implements replay.Target.
func (t *target) Close() error {
	t.link.close()
	return nil
}
