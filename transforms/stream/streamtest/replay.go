package streamtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

// Mail is dead letters, none at first, and the place that they go back to.
type Mail struct {
	// Source is what letters of messages from there have as source, Other what those have that came from somewhere else.
	Source, Other string
	// Put writes letters to one of two parts, in order.
	Put     func(t *testing.T, part int, messages ...stream.Message)
	Letters stream.Endpoint
	Target  stream.Endpoint // as the source of a stream
	// Read waits for n messages that went back, and gives them and what there is more.
	Read func(t *testing.T, n int) []stream.Message
}

// Letter is the dead letter of message n of a source, as a sink writes it.
func Letter(t *testing.T, source string, n int, code fault.Code) stream.Message {
	t.Helper()
	l := fault.Letter{Source: source, Offset: int64(n), Stage: "read", Code: code, Message: "no", Raw: fmt.Appendf(nil, "raw%d", n), Key: fmt.Appendf(nil, "key%d", n), Time: int64(1000 + n)}
	text, err := l.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return stream.Message{Value: text, Envelope: block.Envelope{Key: l.Key, Time: l.Time, Headers: []block.Header{
		{Key: "own", Value: []byte("x")}, {Key: stream.HeaderCode, Value: []byte(code)}, {Key: "glulam-other", Value: []byte("y")}}}}
}

// Replay sends the letters, those of files if path is given. fail is called before each Send.
func (m Mail) Replay(t *testing.T, path string, o replay.Options, fail func(n int) error) (replay.Report, error) {
	t.Helper()
	from := stream.Endpoint{URL: path}
	if path == "" {
		from = m.Letters
	}
	letters, err := replay.OpenLetters(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer letters.Close()
	to, err := replay.OpenTarget(t.Context(), m.Target, replay.TargetOptions{Back: true, Looking: o.DryRun})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if fail != nil {
		to = breaks(to, fail)
	}
	return replay.Run(t.Context(), letters, to, o)
}

// breaks makes a target that may fail before each Send.
func breaks(to replay.Target, fail func(n int) error) replay.Target {
	b := &breaking{Target: to, fail: fail}
	if l, ok := to.(replay.Ledger); ok {
		return struct {
			sender
			known
		}{b, l}
	}
	return b
}

// sender is a target, and known what a ledger has more.
type (
	sender = replay.Target
	known  interface {
		Knows(m *stream.Message) replay.Fate
		Address(ctx context.Context, l *fault.Letter, m *stream.Message) (reason, why string, err error)
	}
)

type breaking struct {
	replay.Target
	fail func(n int) error
	n    int
}

func (f *breaking) Send(ctx context.Context, messages []stream.Message, marks map[replay.Book]replay.Mark) error {
	f.n++
	if err := f.fail(f.n); err != nil {
		return err
	}
	return f.Target.Send(ctx, messages, marks)
}

// Sent holds that these messages went back, each once, as they were.
func (m Mail) Sent(t *testing.T, want ...int) {
	t.Helper()
	var numbers []int
	for _, r := range m.Read(t, len(want)) {
		var n int
		fmt.Sscanf(string(r.Value), "raw%d", &n)
		numbers = append(numbers, n)
		headers := []block.Header{{Key: stream.HeaderReplay, Value: fmt.Appendf(nil, "%s@%d", m.Source, n)}, {Key: "own", Value: []byte("x")}}
		slices.SortFunc(r.Headers, func(a, b block.Header) int { return strings.Compare(a.Key, b.Key) })
		got := fmt.Sprintf("%q", r.Headers)
		if string(r.Key) != fmt.Sprintf("key%d", n) || r.Time != int64(1000+n) || got != fmt.Sprintf("%q", headers) && got != fmt.Sprintf("%q", headers[:1]) {
			t.Errorf("message %d came as %s with key %s, time %d, headers %s", n, r.Value, r.Key, r.Time, got)
		}
	}
	slices.Sort(numbers)
	if !slices.Equal(numbers, want) {
		t.Errorf("%v were sent, want %v", numbers, want)
	}
}

// UpTo are the numbers from 0 to n-1.
func UpTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// Replays holds what every target of replays keeps, with letters of the same kind and of files.
func Replays(t *testing.T, open func(t *testing.T) Mail) {
	t.Run("each once", func(t *testing.T) { eachOnce(t, open(t)) })
	t.Run("files", func(t *testing.T) { filesOnce(t, open(t)) })
	t.Run("two at once", func(t *testing.T) { twoAtOnce(t, open(t)) })
}

var errKilled = errors.New("killed")

// killedAt fails the nth Send.
func killedAt(n int) func(int) error {
	return func(k int) error {
		if k == n {
			return errKilled
		}
		return nil
	}
}

// eachOnce holds that letters go back as the messages that they were, each once, through failures in the middle and new letters,
// and by code.
func eachOnce(t *testing.T, m Mail) {
	for i := range 30 {
		code := fault.WrongType
		if i%3 == 0 {
			code = fault.BadTime
		}
		m.Put(t, i%2, Letter(t, m.Source, i, code))
	}
	m.Put(t, 0, Letter(t, m.Source, 4, fault.WrongType)) // at-least-once wrote it again
	m.Put(t, 1, Letter(t, m.Other, 99, fault.WrongType), stream.Message{Value: []byte("no letter")})
	r, err := m.Replay(t, "", replay.Options{DryRun: true}, nil)
	if err != nil || r.Letters != 33 || r.Sent != 30 || r.Repeated != 1 || r.Elsewhere != 1 || len(r.Sources) != 1 || r.Refused != 1 || r.Reasons[replay.NoLetter] != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	m.Sent(t)

	r, err = m.Replay(t, "", replay.Options{Chunk: 3, Codes: []fault.Code{fault.WrongType}}, killedAt(4))
	if !errors.Is(err, errKilled) || r.Sent != 9 {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = m.Replay(t, "", replay.Options{Chunk: 4, Limit: 5, Codes: []fault.Code{fault.WrongType}}, nil)
	if err != nil || r.Sent != 5 || r.Before != 9 || r.Left != 6 || r.Filtered != 10 {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = m.Replay(t, "", replay.Options{}, nil)
	if err != nil || r.Sent != 16 || r.Before != 14 || r.SentByCode[fault.BadTime] != 10 || r.SentByCode[fault.WrongType] != 6 {
		t.Fatalf("%+v, %v", r, err)
	}
	m.Put(t, 0, Letter(t, m.Source, 30, fault.WrongType))
	for range 2 {
		if _, err = m.Replay(t, "", replay.Options{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	m.Sent(t, UpTo(31)...)
	if r, err = m.Replay(t, "", replay.Options{Name: "again", DryRun: true}, nil); err != nil || r.Sent != 31 {
		t.Errorf("under another name: %+v, %v", r, err)
	}
}

// filesOnce holds the same of files, which may grow, and that files which are not those of before are refused.
func filesOnce(t *testing.T, m Mail) {
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
			f.Write(append(Letter(t, m.Source, i, code).Value, '\n'))
		}
	}
	write("part-00000.jsonl", 0, 10)
	write("part-00001.jsonl", 10, 20)
	if _, err := m.Replay(t, dir, replay.Options{Chunk: 6}, killedAt(2)); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	write("part-00000.jsonl", 20, 25)
	write("part-00001.jsonl", 25, 30)
	for i := range 2 {
		r, err := m.Replay(t, dir, replay.Options{Chunk: 6}, nil)
		if err != nil || r.Sent != int64(24*(1-i)) || r.Before != int64(6+24*i) {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	m.Sent(t, UpTo(30)...)
	// Another file that begins in the same way, and a shorter one.
	for _, n := range []int{11, 3} {
		if err := os.Remove(filepath.Join(dir, "part-00001.jsonl")); err != nil {
			t.Fatal(err)
		}
		write("part-00001.jsonl", 10, 12)
		write("part-00001.jsonl", 40, 38+n)
		_, err := m.Replay(t, dir, replay.Options{}, nil)
		if fault.CodeOf(err) != fault.Changed || !strings.Contains(err.Error(), "they were others") || !strings.Contains(err.Error(), "--name") {
			t.Errorf("a file that goes on otherwise: %v", err)
		}
	}
	m.Sent(t, UpTo(30)...)
}

// twoAtOnce holds that of two replays to one place the earlier one fails, and sends nothing any more.
func twoAtOnce(t *testing.T, m Mail) {
	for i := range 9 {
		m.Put(t, 0, Letter(t, m.Source, i, fault.WrongType))
	}
	_, err := m.Replay(t, "", replay.Options{Chunk: 3}, func(n int) error {
		if n == 2 {
			if r, err := m.Replay(t, "", replay.Options{}, nil); err != nil || r.Sent != 6 || r.Before != 3 {
				t.Errorf("the later one: %+v, %v", r, err)
			}
		}
		return nil
	})
	if fault.CodeOf(err) != fault.Conflict {
		t.Errorf("the earlier one: %v", err)
	}
	m.Sent(t, UpTo(9)...)
}
