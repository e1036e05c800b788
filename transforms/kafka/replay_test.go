package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

// letterOf is a dead letter of message n of a topic, and the message that a sink writes for it.
func letterOf(t *testing.T, topic string, n int, code fault.Code) stream.Message {
	t.Helper()
	l := fault.Letter{Source: "kafka://" + topic + "/1", Offset: int64(n), Stage: "read", Code: code, Message: "no", Raw: fmt.Appendf(nil, "raw%d", n), Key: fmt.Appendf(nil, "key%d", n), Time: int64(1000 + n)}
	text, err := l.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return stream.Message{Value: text, Envelope: block.Envelope{Key: l.Key, Time: l.Time, Headers: []block.Header{
		{Key: "own", Value: []byte("x")}, {Key: stream.HeaderCode, Value: []byte(code)}, {Key: "glulam-other", Value: []byte("y")}}}}
}

// mail is dead letters and where they go.
type mail struct {
	*cluster
	letters, topic string
}

func newMail(t *testing.T, k *cluster) mail {
	return mail{k, k.topic(t, name("rejected"), 2), k.topic(t, name("flights"), 3)}
}

// replay sends the letters, of files if path is given. fail is called before each Send.
func (m mail) replay(t *testing.T, path string, o replay.Options, fail func(n int) error) (replay.Report, error) {
	t.Helper()
	from := stream.Endpoint{URL: path}
	if path == "" {
		from = m.url(m.letters)
	}
	letters, err := replay.OpenLetters(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer letters.Close()
	to, err := replay.OpenTarget(t.Context(), m.url(m.topic), replay.TargetOptions{Back: true, Looking: o.DryRun})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	return replay.Run(t.Context(), letters, &breaking{Target: to, fail: fail}, o)
}

// breaking is a target that may fail in the middle of a transaction.
type breaking struct {
	replay.Target
	fail func(n int) error
	n    int
}

func (f *breaking) Send(ctx context.Context, messages []stream.Message, marks map[replay.Book]replay.Mark) error {
	f.n++
	if f.fail != nil {
		if err := f.fail(f.n); err != nil {
			return err
		}
	}
	return f.Target.Send(ctx, messages, marks)
}

// sent holds that the topic has these messages, each once, as they were.
func (m mail) sent(t *testing.T, want ...int) {
	t.Helper()
	got := m.read(t, m.topic, len(want))
	var numbers []int
	for _, r := range got {
		var n int
		fmt.Sscanf(string(r.Value), "raw%d", &n)
		numbers = append(numbers, n)
		headers := []block.Header{{Key: "own", Value: []byte("x")}, {Key: stream.HeaderReplay, Value: fmt.Appendf(nil, "kafka://%s/1@%d", m.topic, n)}}
		if string(r.Key) != fmt.Sprintf("key%d", n) || r.Time != int64(1000+n) || len(r.Headers) > 0 && len(r.Headers) != 1 && !slices.EqualFunc(r.Headers, headers, sameHeader) {
			t.Errorf("message %d came as %s with key %s, time %d, headers %v", n, r.Value, r.Key, r.Time, r.Headers)
		}
		if last := r.Headers[len(r.Headers)-1]; !sameHeader(last, headers[1]) {
			t.Errorf("message %d has the id %s", n, last.Value)
		}
	}
	slices.Sort(numbers)
	if !slices.Equal(numbers, want) {
		t.Errorf("%v were sent, want %v", numbers, want)
	}
}

func sameHeader(a, b block.Header) bool { return a.Key == b.Key && string(a.Value) == string(b.Value) }

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// TestReplay holds that letters go back as the messages that they were, each once, through failures in the middle and new
// letters, and by code.
func TestReplay(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		m := newMail(t, k)
		for i := range 30 {
			code := fault.WrongType
			if i%3 == 0 {
				code = fault.BadTime
			}
			k.put(t, m.letters, int32(i%2), letterOf(t, m.topic, i, code))
		}
		k.put(t, m.letters, 0, letterOf(t, m.topic, 4, fault.WrongType)) // at-least-once wrote it again
		k.put(t, m.letters, 1, letterOf(t, "trains", 99, fault.WrongType), stream.Message{Value: []byte("no letter")})
		r, err := m.replay(t, "", replay.Options{DryRun: true}, nil)
		if err != nil || r.Letters != 33 || r.Sent != 30 || r.Repeated != 1 || r.Elsewhere != 1 || r.Sources["kafka://trains"] != 1 || r.Refused != 1 || r.Reasons[replay.NoLetter] != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		m.sent(t)

		stop := errors.New("killed")
		r, err = m.replay(t, "", replay.Options{Chunk: 3, Codes: []fault.Code{fault.WrongType}}, func(n int) error {
			if n == 4 {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) || r.Sent != 9 {
			t.Fatalf("%+v, %v", r, err)
		}
		r, err = m.replay(t, "", replay.Options{Chunk: 4, Limit: 5, Codes: []fault.Code{fault.WrongType}}, nil)
		if err != nil || r.Sent != 5 || r.Before != 9 || r.Left != 6 || r.Filtered != 10 {
			t.Fatalf("%+v, %v", r, err)
		}
		r, err = m.replay(t, "", replay.Options{}, nil)
		if err != nil || r.Sent != 16 || r.Before != 14 || r.SentByCode[fault.BadTime] != 10 || r.SentByCode[fault.WrongType] != 6 {
			t.Fatalf("%+v, %v", r, err)
		}
		k.put(t, m.letters, 0, letterOf(t, m.topic, 30, fault.WrongType))
		for range 2 {
			if _, err = m.replay(t, "", replay.Options{}, nil); err != nil {
				t.Fatal(err)
			}
		}
		m.sent(t, upTo(31)...)
		if r, err = m.replay(t, "", replay.Options{Name: "again", DryRun: true}, nil); err != nil || r.Sent != 31 {
			t.Errorf("under another name: %+v, %v", r, err)
		}
	})
}

// TestReplayFiles holds the same of files, which may grow, and that files which are not those of before are refused.
func TestReplayFiles(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		m := newMail(t, k)
		dir := t.TempDir()
		write := func(name string, from, to int) {
			t.Helper()
			f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for i := from; i < to; i++ {
				code := fault.WrongType
				if i%4 == 0 {
					code = fault.BadTime
				}
				f.Write(append(letterOf(t, m.topic, i, code).Value, '\n'))
			}
		}
		write("part-00000.jsonl", 0, 10)
		write("part-00001.jsonl", 10, 20)
		stop := errors.New("killed")
		_, err := m.replay(t, dir, replay.Options{Chunk: 6}, func(n int) error {
			if n == 2 {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		write("part-00000.jsonl", 20, 25)
		write("part-00001.jsonl", 25, 30)
		for i := range 2 {
			r, err := m.replay(t, dir, replay.Options{Chunk: 6}, nil)
			if err != nil || r.Sent != int64(24*(1-i)) || r.Before != int64(6+24*i) {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		m.sent(t, upTo(30)...)
		// Another file that begins in the same way, and a shorter one.
		for _, n := range []int{11, 3} {
			if err := os.Remove(filepath.Join(dir, "part-00001.jsonl")); err != nil {
				t.Fatal(err)
			}
			write("part-00001.jsonl", 10, 12)
			write("part-00001.jsonl", 40, 38+n)
			_, err = m.replay(t, dir, replay.Options{}, nil)
			want(t, err, fault.Changed, "they were others", "--name")
		}
		m.sent(t, upTo(30)...)
	})
}

// TestReplayShutsOut holds that of two replays to one topic the earlier one fails, and sends nothing any more.
func TestReplayShutsOut(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		m := newMail(t, k)
		for i := range 9 {
			k.put(t, m.letters, 0, letterOf(t, m.topic, i, fault.WrongType))
		}
		_, err := m.replay(t, "", replay.Options{Chunk: 3}, func(n int) error {
			if n == 2 {
				if r, err := m.replay(t, "", replay.Options{}, nil); err != nil || r.Sent != 6 || r.Before != 3 {
					t.Errorf("the later one: %+v, %v", r, err)
				}
			}
			return nil
		})
		want(t, err, fault.Conflict)
		m.sent(t, upTo(9)...)
	})
}

// TestReplayCannot holds what cannot go back: it is named, and not sent.
func TestReplayCannot(t *testing.T) {
	k := fake(t)
	m := mail{k, k.topic(t, name("rejected"), 1), k.topic(t, name("flights"), 1, "max.message.bytes", "2000")}
	source := "kafka://" + m.topic + "/0"
	for i, l := range []fault.Letter{
		{Code: fault.Tombstone, Stage: "read"},
		{Code: fault.RowTooLarge, Stage: "write", Message: "the prediction is not written (shortened: ...)"},
		{Code: fault.RowTooLarge, Stage: "read", Raw: []byte("{")},
		{Code: fault.BadNumber, Stage: "read", Row: 3, Raw: []byte("1,2,x")},
		{Code: fault.WrongType, Stage: "read", Raw: make([]byte, 2000)},
		{Code: fault.WrongType, Stage: "read", Raw: []byte("raw5"), Key: []byte("key5"), Time: 1005, Replay: "kafka://" + m.topic + "/1@5"},
	} {
		l.Source, l.Offset = source, int64(100+i)
		text, err := l.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		k.put(t, m.letters, 0, stream.Message{Value: text})
	}
	for i := range 2 {
		r, err := m.replay(t, "", replay.Options{}, nil)
		if err != nil || r.Refused != 5 || r.Reasons[replay.NoRow] != 2 || r.Reasons[replay.CutRow] != 1 || r.Reasons[replay.Untakable] != 2 || r.Sent != int64(1-i) || len(r.Cannot) != 5 || r.Cannot[0].From != source+"@100" {
			t.Errorf("%+v, %v", r, err)
		}
	}
	m.sent(t, 5)
	_, err := replay.OpenTarget(t.Context(), k.url("a,b"), replay.TargetOptions{Back: true})
	want(t, err, fault.Usage, "one topic at a time")
	_, err = replay.OpenTarget(t.Context(), k.url("nosuch"), replay.TargetOptions{Back: true})
	want(t, err, fault.NotFound, "no topic")
	_, err = replay.OpenLetters(t.Context(), k.url("nosuch"))
	want(t, err, fault.NotFound, "no topic")
}

// TestReplayTopicAnew holds that a topic of letters that was made anew holds new letters.
func TestReplayTopicAnew(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		k = of(t, k.addr, k.fake, kgo.MetadataMinAge(10*time.Millisecond))
		m := newMail(t, k)
		for i := range 2 {
			k.put(t, m.letters, 0, letterOf(t, m.topic, i, fault.WrongType))
			if r, err := m.replay(t, "", replay.Options{}, nil); err != nil || r.Sent != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			if _, err := k.adm.DeleteTopic(t.Context(), m.letters); err != nil {
				t.Fatal(err)
			}
			k.client.PurgeTopicsFromClient(m.letters)
			within(t, "the topic is gone", func() bool {
				d, err := k.adm.ListTopics(t.Context(), m.letters)
				return err == nil && d[m.letters].Err != nil
			})
			k.topic(t, m.letters, 1)
		}
		m.sent(t, 0, 1)
	})
}
