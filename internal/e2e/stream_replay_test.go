package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/services/kafka"
)

// scoredToo waits until messages that were rejected are scored, each once and under its own id. Nothing else may have changed.
func (x *table) scoredToo(p *process, again []*message) {
	x.t.Helper()
	outputs := map[string]int{}
	for _, m := range x.sent {
		if m.code == "" {
			outputs[string(m.Key)]++
		}
	}
	for _, m := range again {
		outputs[string(m.Key)]++
		m.code = ""
	}
	of := map[string]*message{}
	for _, m := range x.sent {
		of[string(m.Key)] = m
	}
	for _, r := range x.read(len(outputs), p, x.out) {
		if outputs[string(r.Key)]--; outputs[string(r.Key)] < 0 {
			x.t.Fatalf("one more of the message %s: %.300s", r.Key, r.Value)
		}
		if err := x.right(of[string(r.Key)], r); err != nil {
			x.t.Fatalf("message %s: %v", r.Key, err)
		}
	}
	maps.DeleteFunc(outputs, func(_ string, n int) bool { return n == 0 })
	if len(outputs) > 0 {
		x.t.Fatalf("nothing came of %d messages: %v\n%.3000s", len(outputs), outputs, p.text())
	}
}

// replayAfterFix rejects messages for three reasons, mends two of them with flags, and sends the letters back, of a topic and
// of a file: each message is scored once, under its id, and the third kind stays.
func replayAfterFix(t *testing.T, b *kafka.Broker) {
	for _, kind := range []string{"topic", "file"} {
		t.Run(kind, func(t *testing.T) {
			x := newTable(t, b.Addr, 3)
			letters := x.url(x.rejected)
			flags := []string{"--delivery", "exactly-once"}
			if kind == "file" {
				letters = t.TempDir() + "/rejected.jsonl"
				flags = []string{"--rejected", "jsonl:" + letters}
			}
			// dead waits for n letters.
			dead := func(n int) (out []fault.Letter) {
				t.Helper()
				var lines []string
				if kind == "topic" {
					for _, r := range x.read(n, nil, x.rejected) {
						lines = append(lines, string(r.Value))
					}
				}
				for begin := time.Now(); kind == "file" && len(lines) < n; time.Sleep(20 * time.Millisecond) {
					data, err := os.ReadFile(letters)
					if lines = slices.Collect(strings.Lines(string(data))); time.Since(begin) > patience {
						t.Fatal(len(lines), err)
					}
				}
				for _, line := range lines {
					l, err := fault.ParseLetter([]byte(line))
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, l)
				}
				return out
			}
			var renamed, never []*message
			for range 40 {
				x.send(x.good(5)...)
				r := x.bad("wrong_type", `{"id": %d, "hour": {}, "hr": %d}`)
				r.Headers = []kgo.RecordHeader{{Key: "own", Value: []byte("\x00\xff")}}
				renamed = append(renamed, r)
				x.send(r)
				never = append(never, x.bad("bad_json", `{"id": %d`))
				x.send(never[len(never)-1])
			}
			p := x.start(flags...)
			if n := len(dead(80)); n != 80 {
				t.Fatalf("%d letters", n)
			}
			p.stop()

			replay := func(args ...string) string {
				t.Helper()
				r := glulam(t, append([]string{"replay", letters, "--from", x.url(x.in)}, args...)...)
				if r.code != 0 {
					t.Fatalf("%v: %d %s", args, r.code, r.stderr)
				}
				return r.stderr
			}
			if text := replay("--dry-run"); !strings.Contains(text, "would be sent  80") {
				t.Errorf("a dry run says\n%s", text)
			}
			replay("--code", "wrong_type", "--field", "hour", "--limit", "15")
			// The fix: the feature is in another member. What is good already has been scored.
			p = x.start(append(flags, "--rename", "hour=hr")...)
			replay("--code", "wrong_type")
			replay("--code", "wrong_type")
			x.scoredToo(p, renamed)
			for _, r := range x.read(1, nil, x.out) {
				if m := messageOf(renamed, r); m != nil && headerOf(r, "own") != "\x00\xff" && kind == "topic" {
					t.Errorf("message %s lost its header", r.Key)
				}
			}
			// What is rejected again keeps its id, and can go back again.
			places := map[string]bool{}
			for _, m := range never {
				places[fmt.Sprintf("kafka://%s/%d@%d", x.in, m.Partition, m.Offset)] = true
			}
			for round := 1; round <= 2; round++ {
				replay()
				again := 0
				for _, l := range dead(80 + 40*round) {
					if l.Replay != "" {
						again++
						if !places[l.Replay] {
							t.Errorf("a letter says that it came from %s first: %+v", l.Replay, l)
						}
					}
				}
				if again != 40*round {
					t.Errorf("%d letters are of messages that were sent back, want %d", again, 40*round)
				}
			}
			p.stop()
		})
	}
}

func messageOf(of []*message, r *kgo.Record) *message {
	for _, m := range of {
		if string(m.Key) == string(r.Key) {
			return m
		}
	}
	return nil
}

// replayKilled kills a replay in its middle, twice, and runs it again: every letter goes back once.
func replayKilled(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 3)
	const n = 20_000
	var all []*message
	for range n {
		all = append(all, x.bad("wrong_type", `{"id": %d, "hour": {}, "hr": %d}`))
	}
	x.send(all...)
	p := x.start("--delivery", "exactly-once")
	x.settled(p)
	p.stop()
	args := []string{"replay", x.url(x.rejected), "--from", x.url(x.in)}
	back := func() int64 {
		ends, err := x.adm.ListCommittedOffsets(t.Context(), x.in)
		if err != nil || ends.Error() != nil {
			t.Fatal(err, ends.Error())
		}
		sum := int64(0)
		ends.Each(func(o kadm.ListedOffset) { sum += o.Offset })
		return sum
	}
	middle := 0
	for range 2 {
		before := back()
		r := run(t, nil, args...)
		for back() == before && !r.ended() {
		}
		if !r.ended() {
			middle++
		}
		r.kill()
	}
	if middle == 0 {
		t.Fatal("no replay was killed in its middle")
	}
	r := glulam(t, append(args, "--json")...)
	if r.code != 0 || strings.Contains(r.stdout, `"sent_before": 0,`) || !strings.Contains(r.stdout, fmt.Sprintf(`"letters": %d,`, n)) {
		t.Fatalf("%+v", r)
	}
	p = x.start("--delivery", "exactly-once", "--rename", "hour=hr")
	x.scoredToo(p, all)
	p.stop()
}
