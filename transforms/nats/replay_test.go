package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
	"github.com/glulam/glulam/transforms/stream/streamtest"
)

func init() { settleWithin = 50 * time.Millisecond }

// mail is streamtest.Mail with what tests of this package change about it.
type mail struct {
	streamtest.Mail
	h       *host
	stream  string // that letters go back to
	letters string
}

// newMail makes a stream for letters and one of one subject, which change may alter.
func newMail(t *testing.T, h *host, change ...func(*jetstream.StreamConfig)) mail {
	t.Helper()
	to, letters := name("flights"), h.stream(t, name("rejected"))
	h.stream(t, to, append([]func(*jetstream.StreamConfig){func(c *jetstream.StreamConfig) { c.Subjects = []string{to} }}, change...)...)
	return mail{h: h, stream: to, letters: letters, Mail: streamtest.Mail{Source: "nats://" + to, Other: "nats://trains", Letters: h.url(letters), Target: h.url(to),
		Put: func(t *testing.T, part int, messages ...stream.Message) {
			t.Helper()
			h.put(t, fmt.Sprintf("%s.p%d", letters, part), messages...)
		},
		Read: func(t *testing.T, n int) []stream.Message { return h.read(t, to, n) },
	}}
}

// TestReplay holds what every target of replays keeps.
func TestReplay(t *testing.T) {
	h := serve(t, natstest.Options{})
	streamtest.Replays(t, func(t *testing.T) streamtest.Mail { return newMail(t, h).Mail })
	t.Run("letters on a work queue", func(t *testing.T) {
		streamtest.Replays(t, func(t *testing.T) streamtest.Mail {
			m := newMail(t, h)
			if err := h.js.DeleteStream(t.Context(), m.letters); err != nil {
				t.Fatal(err)
			}
			h.stream(t, m.letters, func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy })
			return m.Mail
		})
	})
}

// cut runs a replay that ends in one of its steps.
func (m mail) cut(t *testing.T, o replay.Options, to replay.TargetOptions, step func(tg *target, name string, n int) error) (replay.Report, error) {
	t.Helper()
	letters, err := replay.OpenLetters(t.Context(), m.Letters)
	if err != nil {
		t.Fatal(err)
	}
	defer letters.Close()
	to.Back, to.Looking = true, o.DryRun
	opened, err := replay.OpenTarget(t.Context(), m.Target, to)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	tg := opened.(*target)
	times := map[string]int{}
	if step != nil {
		tg.step = func(name string) error {
			times[name]++
			return step(tg, name, times[name])
		}
	}
	return replay.Run(t.Context(), letters, tg, o)
}

var errKilled = errors.New("killed")

// partly sends some messages of the chunk that is on its way, as a process does that is killed then.
func partly(t *testing.T, m mail, raw ...int) func(*target, string, int) error {
	return func(tg *target, name string, n int) error {
		if name != "sending" || n < 2 {
			return nil
		}
		for _, i := range raw {
			out := streamtest.Letter(t, m.Source, i, "")
			out.Value, out.ID, out.Time = fmt.Appendf(nil, "raw%d", i), tg.state.IDs[i%len(tg.state.IDs)], int64(1000+i)
			out.Headers = []block.Header{header(stream.HeaderReplay, fmt.Sprintf("%s@%d", m.Source, i)), header("own", "x")}
			m.h.put(t, m.stream, out)
		}
		return errKilled
	}
}

// TestReplayCut holds that a replay which ends in the middle of a chunk, after some of its messages, or before its marks, is gone on
// with: also when the server knows no ids any more, and with other filters first.
func TestReplayCut(t *testing.T) {
	h := serve(t, natstest.Options{})
	short := func(c *jetstream.StreamConfig) { c.Duplicates = 100 * time.Millisecond }
	put := func(t *testing.T, m mail) {
		for i := range 12 {
			m.Put(t, 0, streamtest.Letter(t, m.Source, i, []fault.Code{fault.WrongType, fault.BadTime}[i%2]))
		}
	}
	t.Run("chunk", func(t *testing.T) {
		m := newMail(t, h, short)
		put(t, m)
		r, err := m.cut(t, replay.Options{Chunk: 6}, replay.TargetOptions{}, partly(t, m, 7, 9, 10))
		if !errors.Is(err, errKilled) || r.Sent != 6 {
			t.Fatalf("%+v, %v", r, err)
		}
		time.Sleep(200 * time.Millisecond) // no id is known any more
		for _, o := range []struct {
			replay.Options
			sent, before int64
		}{
			{replay.Options{DryRun: true}, 3, 9},
			{replay.Options{Codes: []fault.Code{fault.WrongType}}, 2, 4},
			{replay.Options{}, 1, 11},
			{replay.Options{}, 0, 12},
		} {
			if r, err := m.Replay(t, "", o.Options, nil); err != nil || r.Sent != o.sent || r.Before != o.before {
				t.Errorf("%+v: %+v, %v", o, r, err)
			}
		}
		m.Sent(t, streamtest.UpTo(12)...)
	})
	t.Run("marks", func(t *testing.T) {
		m := newMail(t, h, short)
		put(t, m)
		r, err := m.cut(t, replay.Options{Chunk: 6}, replay.TargetOptions{}, func(_ *target, name string, n int) error {
			if name == "sent" && n == 2 {
				return errKilled
			}
			return nil
		})
		if !errors.Is(err, errKilled) || r.Sent != 6 {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := purge(h, m.stream); err != nil { // the ledger alone knows
			t.Fatal(err)
		}
		for _, dry := range []bool{true, false, false} {
			if r, err := m.Replay(t, "", replay.Options{DryRun: dry}, nil); err != nil || r.Sent != 0 || r.Before != 12 {
				t.Errorf("%+v, %v", r, err)
			}
		}
		m.Sent(t)
	})
	t.Run("connection", func(t *testing.T) {
		m := newMail(t, h, short)
		put(t, m)
		r, err := m.cut(t, replay.Options{Chunk: 6}, replay.TargetOptions{}, func(tg *target, name string, n int) error {
			if name == "sending" && n%2 == 1 {
				c, _ := tg.link.current()
				c.Close()
			}
			return nil
		})
		if err != nil || r.Sent != 12 {
			t.Fatalf("%+v, %v", r, err)
		}
		m.Sent(t, streamtest.UpTo(12)...)
	})
}

func purge(h *host, name string) error {
	st, err := h.js.Stream(context.Background(), name)
	if err != nil {
		return err
	}
	return st.Purge(context.Background())
}

// TestReplayInDoubt holds what becomes of letters that may have been sent where the stream forgets what it had: within its duplicate
// window they go again under their ids, after that they are named, sent or left.
func TestReplayInDoubt(t *testing.T) {
	h := serve(t, natstest.Options{})
	begin := func(t *testing.T, window time.Duration) mail {
		m := newMail(t, h, func(c *jetstream.StreamConfig) { c.Duplicates = window })
		for i := range 6 {
			m.Put(t, 0, streamtest.Letter(t, m.Source, i, fault.WrongType))
		}
		_, err := m.cut(t, replay.Options{Chunk: 3}, replay.TargetOptions{}, partly(t, m, 3, 4))
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		return m
	}
	t.Run("within", func(t *testing.T) {
		m := begin(t, time.Minute)
		if err := purge(h, m.stream); err != nil {
			t.Fatal(err)
		}
		if r, err := m.Replay(t, "", replay.Options{}, nil); err != nil || r.Sent != 3 || r.Before != 3 {
			t.Errorf("%+v, %v", r, err)
		}
		m.Sent(t, 5) // the server dropped 3 and 4
	})
	t.Run("after", func(t *testing.T) {
		m := begin(t, 100*time.Millisecond)
		if err := purge(h, m.stream); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		for range 2 { // also once a mark is behind them
			r, err := m.cut(t, replay.Options{}, replay.TargetOptions{}, nil)
			if err != nil || r.Sent > 1 || r.Refused != 3 || r.Reasons[replay.Doubtful] != 3 || !strings.Contains(r.Cannot[0].Why, "may have sent it") {
				t.Fatalf("%+v, %v", r, err)
			}
			m.Put(t, 0, streamtest.Letter(t, m.Source, 6, fault.WrongType))
		}
		r, err := m.cut(t, replay.Options{DryRun: true}, replay.TargetOptions{InDoubt: replay.SkipThem}, nil)
		if err != nil || r.Refused != 0 || r.Sent != 0 || r.Before != 7 {
			t.Errorf("skipped: %+v, %v", r, err)
		}
		for i, in := range []replay.InDoubt{replay.SendThem, replay.SendThem, replay.NameThem} {
			r, err := m.cut(t, replay.Options{}, replay.TargetOptions{InDoubt: in}, nil)
			if err != nil || r.Refused != 0 || i == 0 && r.Sent != 3 || i > 0 && r.Sent != 0 {
				t.Errorf("sent: %+v, %v", r, err)
			}
		}
		m.Sent(t, 3, 4, 5, 6)
	})
}

// TestReplaySubjects holds that letters go back to the subject that their message had, wherever that can be known, and that those of
// which it cannot are named, also by later runs.
func TestReplaySubjects(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, rejected := h.stream(t, name("in")), h.stream(t, name("rejected"))
	h.put(t, in+".a", values("0", "1", "2")...)
	h.put(t, in+".b", values("3", "4")...)
	sent := h.read(t, in, 5)
	letter := func(source string, at int) {
		l := fault.Letter{Source: source, Offset: int64(at), Stage: "read", Code: fault.WrongType, Raw: fmt.Appendf(nil, "raw%d", at)}
		if at <= len(sent) {
			l.Time = sent[at-1].Time
		}
		text, err := l.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		h.put(t, rejected+".x", stream.Message{Value: text})
	}
	whole := "nats://" + in
	letter(whole, 1)
	letter(whole, 4)
	letter(whole+"/"+in+".*", 5)
	letter(whole+"/"+in+".c", 99) // its subject is known
	letter(whole, 2)              // gone
	letter(whole, 77)             // never there
	letter(whole+"/"+in+".>", 3)
	st, err := h.js.Stream(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.DeleteMsg(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	replays := func(e stream.Endpoint, back bool, o replay.Options) (replay.Report, error) {
		t.Helper()
		letters, err := replay.OpenLetters(t.Context(), h.url(rejected))
		if err != nil {
			t.Fatal(err)
		}
		defer letters.Close()
		to, err := replay.OpenTarget(t.Context(), e, replay.TargetOptions{Back: back, Looking: o.DryRun})
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		return replay.Run(t.Context(), letters, to, o)
	}
	for i := range 3 {
		r, err := replays(h.url(in), true, replay.Options{})
		if err != nil || r.Sent != int64(max(0, 5-5*i)) || r.Refused != 2 || r.Reasons[replay.NoSubject] != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		if i == 1 { // what is sent is sent, also when nothing tells the subject any more
			if err := purge(h, in); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r, err := replays(h.url(in, "subjects", in+".c,"+in+".*.y"), true, replay.Options{DryRun: true}); err != nil || r.Elsewhere != 6 || r.Before != 1 {
		t.Errorf("of other subjects: %+v, %v", r, err)
	}
	if r, err := replays(h.url(in+".z"), false, replay.Options{}); err != nil || r.Sent != 7 {
		t.Errorf("to one subject: %+v, %v", r, err)
	}
	got := h.read(t, in, 7)
	if len(got) != 7 {
		t.Errorf("%d messages", len(got))
	}
	_, err = replays(h.url(rejected+".y"), false, replay.Options{})
	want(t, err, fault.Usage, "to where they are")
	// What was rejected again goes back again, though it is the same message.
	m := newMail(t, h)
	for i := range 3 {
		l := fault.Letter{Source: m.Source, Offset: int64(i), Stage: "read", Code: fault.WrongType, Raw: []byte("raw5"), Key: []byte("key5"), Time: 1005, Replay: m.Source + "@5"}
		text, err := l.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		m.Put(t, 0, stream.Message{Value: text})
		if r, err := m.Replay(t, "", replay.Options{}, nil); err != nil || r.Sent != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	m.Sent(t, 5, 5, 5)
}

// TestReplaySubjectsSent holds the subjects themselves.
func TestReplaySubjectsSent(t *testing.T) {
	h := serve(t, natstest.Options{})
	in := h.stream(t, name("in"))
	m := newMail(t, h)
	m.Target = h.url(in)
	for i, s := range []string{"a", "b.c", "a"} {
		h.put(t, in+"."+s, values(fmt.Sprint(i))...)
	}
	for i, was := range h.read(t, in, 3) {
		l := fault.Letter{Source: "nats://" + in, Offset: was.Offset, Stage: "read", Code: fault.WrongType, Raw: fmt.Appendf(nil, "%d", i), Time: was.Time}
		text, _ := l.AppendJSON(nil)
		m.Put(t, 0, stream.Message{Value: text})
	}
	if r, err := m.Replay(t, "", replay.Options{Chunk: 2}, nil); err != nil || r.Sent != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	st, err := h.js.Stream(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for seq := range uint64(6) {
		raw, err := st.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, strings.TrimPrefix(raw.Subject, in+"."))
	}
	if want := []string{"a", "b.c", "a"}; !slices.Equal(subjects, append(want, want...)) {
		t.Errorf("messages went to %v", subjects)
	}
}

// TestReplayCannot holds what cannot be opened and what cannot go back.
func TestReplayCannot(t *testing.T) {
	h := serve(t, natstest.Options{})
	m := newMail(t, h, func(c *jetstream.StreamConfig) { c.MaxMsgSize = 1000 })
	for i, l := range []fault.Letter{
		{Code: fault.Tombstone, Stage: "read"},
		{Code: fault.BadNumber, Stage: "read", Row: 3, Raw: []byte("1,2,x")},
		{Code: fault.WrongType, Stage: "read", Raw: make([]byte, 1000)},
	} {
		l.Source, l.Offset = m.Source, int64(i)
		text, err := l.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		m.Put(t, 0, stream.Message{Value: text})
	}
	if r, err := m.Replay(t, "", replay.Options{}, nil); err != nil || r.Refused != 3 || r.Reasons[replay.Untakable] != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	_, err := replay.OpenLetters(t.Context(), h.url("nosuch"))
	want(t, err, fault.NotFound, "no stream nosuch")
	_, err = replay.OpenTarget(t.Context(), h.url("nosuch"), replay.TargetOptions{Back: true})
	want(t, err, fault.NotFound, "no stream nosuch")
	_, err = replay.OpenTarget(t.Context(), h.url("no.such"), replay.TargetOptions{})
	want(t, err, fault.NotFound, "no stream takes messages")
}
