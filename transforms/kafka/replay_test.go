package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"

	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
	"github.com/glulam/glulam/transforms/stream/streamtest"
)

// newMail makes topics of letters and messages.
func newMail(t *testing.T, k *cluster) streamtest.Mail {
	return mailOf(t, k, k.topic(t, name("rejected"), 2), k.topic(t, name("flights"), 3))
}

func mailOf(t *testing.T, k *cluster, letters, topic string) streamtest.Mail {
	return streamtest.Mail{Source: "kafka://" + topic + "/1", Other: "kafka://trains/1", Letters: k.url(letters), Target: k.url(topic),
		Put: func(t *testing.T, part int, messages ...stream.Message) {
			t.Helper()
			k.put(t, letters, int32(part), messages...)
		},
		Read: func(t *testing.T, n int) []stream.Message { return k.read(t, topic, n) },
	}
}

// TestReplay holds what every target of replays keeps.
func TestReplay(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		streamtest.Replays(t, func(t *testing.T) streamtest.Mail { return newMail(t, k) })
	})
}

// TestReplayCannot holds what cannot go back: it is named, and not sent.
func TestReplayCannot(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, name("flights"), 1, "max.message.bytes", "2000")
	m := mailOf(t, k, k.topic(t, name("rejected"), 1), topic)
	source := "kafka://" + topic + "/0"
	for i, l := range []fault.Letter{
		{Code: fault.Tombstone, Stage: "read"},
		{Code: fault.RowTooLarge, Stage: "write", Message: "the prediction is not written (shortened: ...)"},
		{Code: fault.RowTooLarge, Stage: "read", Raw: []byte("{")},
		{Code: fault.BadNumber, Stage: "read", Row: 3, Raw: []byte("1,2,x")},
		{Code: fault.WrongType, Stage: "read", Raw: make([]byte, 2000)},
		{Code: fault.WrongType, Stage: "read", Raw: []byte("raw5"), Key: []byte("key5"), Time: 1005, Replay: m.Source + "@5"},
	} {
		l.Source, l.Offset = source, int64(100+i)
		text, err := l.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		m.Put(t, 0, stream.Message{Value: text})
	}
	for i := range 2 {
		r, err := m.Replay(t, "", replay.Options{}, nil)
		if err != nil || r.Refused != 5 || r.Reasons[replay.NoRow] != 2 || r.Reasons[replay.CutRow] != 1 || r.Reasons[replay.Untakable] != 2 || r.Sent != int64(1-i) || len(r.Cannot) != 5 || r.Cannot[0].From != source+"@100" {
			t.Errorf("%+v, %v", r, err)
		}
	}
	m.Sent(t, 5)
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
		letters := k.topic(t, name("rejected"), 2)
		m := mailOf(t, k, letters, k.topic(t, name("flights"), 3))
		for i := range 2 {
			m.Put(t, 0, streamtest.Letter(t, m.Source, i, fault.WrongType))
			if r, err := m.Replay(t, "", replay.Options{}, nil); err != nil || r.Sent != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			if _, err := k.adm.DeleteTopic(t.Context(), letters); err != nil {
				t.Fatal(err)
			}
			k.client.PurgeTopicsFromClient(letters)
			within(t, "the topic is gone", func() bool {
				d, err := k.adm.ListTopics(t.Context(), letters)
				return err == nil && d[letters].Err != nil
			})
			k.topic(t, letters, 1)
		}
		m.Sent(t, 0, 1)
	})
}
