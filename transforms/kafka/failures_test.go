package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// cutLog deletes what is before an offset of partition 0.
func (k *cluster) cutLog(t *testing.T, topic string, before int64) {
	t.Helper()
	o := kadm.Offsets{}
	o.AddOffset(topic, 0, before, -1)
	if _, err := k.adm.DeleteRecords(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func position(topic string, next int64) stream.Position {
	return stream.Position{Partition: stream.Partition{Topic: topic}, Next: next}
}

// TestLost holds what happens when offsets were deleted before they were read.
func TestLost(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		for policy, want := range map[string]struct {
			values []string
			lost   int64
		}{"earliest": {[]string{"7", "8", "9", "new"}, 5}, "latest": {[]string{"new"}, 8}} {
			topic, id := k.topic(t, name("lost"), 1), run()
			for i := range 10 {
				k.put(t, topic, 0, values(fmt.Sprint(i))...)
			}
			e := k.url(topic, "on-lost", policy)
			r := started(t, e, id)
			settle(t, r, []stream.Position{position(topic, 2)})
			r.Close()
			k.cutLog(t, topic, 7)
			r = started(t, e, id)
			take(t, r, len(want.values)-1)
			within(t, "the gap is counted", func() bool { take(t, r, 0); return stream.StatsOf(id.Run).Lost.Load() > 0 })
			k.put(t, topic, 0, values("new")...)
			_, at := take(t, r, 1)
			if lost := stream.StatsOf(id.Run).Lost.Load(); lost != want.lost || at[0].Next != 11 {
				t.Errorf("%s: %d are counted as lost, reading goes on at %d", policy, lost, at[0].Next)
			}
		}
	})
}

func TestLostFails(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic, id := k.topic(t, name("lost"), 1), run()
		k.put(t, topic, 0, values("0", "1", "2", "3")...)
		r := started(t, k.url(topic), id)
		settle(t, r, []stream.Position{position(topic, 1)})
		r.Close()
		k.cutLog(t, topic, 3)
		want(t, failing(t, started(t, k.url(topic), id)), fault.Changed, "offsets 1 to 2 were deleted", "on-lost=earliest reading goes on at offset 3", "latest at 4")
	})
}

// TestLogCut holds that a log that ends before the position is an error, whatever on-lost says.
func TestLogCut(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic, id := k.topic(t, name("cut"), 1), run()
		k.put(t, topic, 0, values("0")...)
		r := started(t, k.url(topic, "on-lost", "latest"), id, position(topic, 5))
		want(t, failing(t, r), fault.Changed, "up to offset 5", "ends at 1")
	})
}

// TestDeletedTopic holds that it is an error if a topic that was named is deleted, and that others go on if a pattern found it.
func TestDeletedTopic(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		prefix := name("deleted")
		gone, stays := k.topic(t, prefix+"-gone", 1), k.topic(t, prefix+"-stays", 1)
		k.put(t, gone, 0, values("g")...)
		k.put(t, stays, 0, values("s")...)
		named := started(t, k.url(gone), run())
		take(t, named, 1)
		found := started(t, k.url(prefix+".*", "pattern", "true"), run())
		_, at := take(t, found, 2)
		if _, err := k.adm.DeleteTopic(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		want(t, failing(t, named), fault.NotFound, gone+" was deleted")

		if err := found.Commit(t.Context(), at); err != nil { // one of them is of nothing now
			t.Fatal(err)
		}
		if err := found.Settled(t.Context()); err != nil {
			t.Error(err)
		}
		within(t, "the partition is said to be gone", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			fetches, err := found.Poll(ctx, 1000)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(fetches, func(f stream.Fetch) bool { return f.Gone && f.Partition.Topic == gone })
		})
		if len(found.parts) != 1 {
			t.Errorf("%d partitions are read", len(found.parts))
		}
		k.put(t, stays, 0, values("s2")...)
		_, at = take(t, found, 1)
		settle(t, found, at)
		k.topic(t, gone, 1)
		want(t, failing(t, found), fault.Changed, gone+" was deleted and created anew")
	})
}

// TestPassingErrors holds that errors of brokers that pass lose and double nothing, and are counted.
func TestPassingErrors(t *testing.T) {
	k := fake(t)
	topic, out := k.topic(t, "passing", 1), k.topic(t, "passing-out", 1)
	for i := range 10 {
		k.put(t, topic, 0, values(fmt.Sprint(i))...)
	}
	id := run()
	for _, e := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.KafkaStorageError} {
		k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: e, Count: 2},
			kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: 2})
	}
	k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.LeaderNotAvailable, Count: 2},
		kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnstableOffsetCommit, Count: 2})
	got, _ := take(t, started(t, k.url(topic), id), 10)
	if want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if stream.StatsOf(id.Run).Retries.Load() == 0 {
		t.Error("nothing is counted")
	}
	w, err := openSink(t.Context(), k.url(out), id, "to")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	done := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 3}) // written all the same
	writeAll(t, w, 200)
	if done.Hits() != 3 {
		t.Errorf("%d requests timed out", done.Hits())
	}
	same(t, k.read(t, out, 200), 200)
}

// TestConnectionsCut holds the same for connections that end instead of an answer.
func TestConnectionsCut(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "cut", 1)
	n := 0
	k.fake.Control(func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		k.fake.KeepControl()
		switch kreq.Key() {
		case int16(kmsg.Produce), int16(kmsg.Fetch), int16(kmsg.OffsetCommit):
			if n++; n%3 == 0 {
				return nil, errors.New("cut"), true
			}
		}
		return nil, nil, false
	})
	id := run()
	w, err := openSink(t.Context(), k.url(topic), id, "to")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	writeAll(t, w, 100)
	r := started(t, k.url(topic), id)
	got, at := take(t, r, 100)
	for i, v := range got {
		if v != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, v)
		}
	}
	settle(t, r, at)
}

// writeAll writes numbers, flushing now and then.
func writeAll(t *testing.T, w stream.Sink, n int) {
	t.Helper()
	for i := range n {
		if err := w.Write(t.Context(), []stream.Message{{Value: fmt.Append(nil, i), Envelope: block.Envelope{Key: []byte("k"), Time: 1}}}); err != nil {
			t.Fatal(err)
		}
		if i%20 == 19 {
			if err := w.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func same(t *testing.T, got []stream.Message, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("%d messages arrived, %d were written", len(got), n)
	}
	for i, m := range got {
		if string(m.Value) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, m.Value)
		}
	}
}

// TestUndelivered holds that outputs that no broker acknowledges fail after delivery.timeout.ms, however old their timestamps.
func TestUndelivered(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "undelivered", 1)
	w, err := openSink(t.Context(), k.url(topic, "delivery.timeout.ms", "1000", "buffer.memory", "65536"), run(), "to")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	writeAll(t, w, 20) // old, and through in time
	k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	if err := w.Write(t.Context(), values("x")); err != nil {
		t.Fatal(err)
	}
	want(t, w.Flush(t.Context()), fault.Unwritable, "delivery.timeout.ms")

	// A full buffer waits, as long and no longer.
	w, err = openSink(t.Context(), k.url(topic, "delivery.timeout.ms", "1000", "buffer.memory", "65536"), run(), "to")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	big := values(string(make([]byte, 40_000)), string(make([]byte, 40_000)))
	want(t, w.Write(t.Context(), big), fault.Unwritable, "delivery.timeout.ms")
}

// TestRefusedMessages holds what is said of messages that a broker will never take.
func TestRefusedMessages(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "refused", 1)
	for e, says := range map[*kerr.Error]string{kerr.InvalidTimestamp: "message.timestamp.before.max.ms", kerr.InvalidRecord: "compacted", kerr.TopicAuthorizationFailed: "ACLs"} {
		w, err := openSink(t.Context(), k.url(topic), run(), "to")
		if err != nil {
			t.Fatal(err)
		}
		f := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: -1})
		if err := w.Write(t.Context(), values("x")); err != nil {
			t.Fatal(err)
		}
		want(t, w.Flush(t.Context()), fault.Unwritable, says)
		f.Remove()
		w.Close()
	}
}

// TestTopicLimit holds that batches stay below a topic's own limit, whatever the messages are together.
func TestTopicLimit(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic := k.topic(t, name("limit"), 1, "max.message.bytes", "2000")
		s, err := openSink(t.Context(), k.url(topic), run(), "to")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		w := s.(*writer)
		if w.most != 2000 {
			t.Fatalf("the limit is %d", w.most)
		}
		var all []stream.Message
		for range 100 {
			all = append(all, stream.Message{Value: make([]byte, 900), Envelope: block.Envelope{Key: []byte("k")}})
		}
		if err := errors.Join(w.Write(t.Context(), all), w.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := w.TooLarge(&stream.Message{Value: make([]byte, 2000)}); err == nil {
			t.Error("2000 bytes fit into 2000 with a key and all that is around them")
		}
		if n := len(k.read(t, topic, 100)); n != 100 {
			t.Errorf("%d messages arrived", n)
		}
	})
}

// TestUnreachable holds that it is said soon enough that there is no broker, and that a context that ends ends the waiting.
func TestUnreachable(t *testing.T) {
	e := stream.Endpoint{URL: "kafka://127.0.0.1:1/x", Options: map[string]string{"default.api.timeout.ms": "1000"}}
	want(t, quick(t, e, run()).Start(t.Context(), nil), fault.Unreadable, "refused", "is a broker running there")
	_, err := openSink(t.Context(), e, run(), "to")
	want(t, err, fault.Unwritable, "refused", "is a broker running there")
	e.Options = nil
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := quick(t, e, run()).Start(ctx, nil); err == nil {
		t.Error("no error")
	}
}
