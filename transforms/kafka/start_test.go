package kafka

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

func TestStart(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic := k.topic(t, name("start"), 1)
		at := int64(1_700_000_000_000)
		for i, v := range []string{"a", "b", "c"} {
			k.put(t, topic, 0, stream.Message{Value: []byte(v), Envelope: block.Envelope{Time: at + int64(i)*1000}})
		}
		for start, want := range map[string][]string{
			"": {"a", "b", "c"}, "earliest": {"a", "b", "c"}, "committed": {"a", "b", "c"}, "latest": nil,
			"1700000000500": {"b", "c"}, "2023-11-14T22:13:22Z": {"c"}, "1700000002001": nil,
		} {
			e := k.url(topic)
			if start != "" {
				e.Options["start"] = start
			}
			id := run()
			got, _ := take(t, started(t, e, id), len(want))
			if !slices.Equal(got, want) {
				t.Errorf("start=%s gives %q, want %q", start, got, want)
			}
			// Nothing was committed but the start itself: that holds, whatever the option says then.
			e.Options["start"] = "latest"
			if again, _ := take(t, started(t, e, id), len(want)); !slices.Equal(again, want) {
				t.Errorf("start=%s gives %q at the second time, want %q", start, again, want)
			}
		}
	})
}

// TestLatestIsDecidedOnce holds that what comes while no process runs is read, though nothing was ever read before.
func TestLatestIsDecidedOnce(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic, id := k.topic(t, name("latest"), 2), run()
		k.put(t, topic, 0, values("before")...)
		e := k.url(topic, "start", "latest")
		started(t, e, id).Close()
		k.put(t, topic, 0, values("between")...)
		k.grow(t, topic, 3)
		k.put(t, topic, 2, values("new partition")...)
		got, _ := take(t, started(t, e, id), 2)
		slices.Sort(got)
		if want := []string{"between", "new partition"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestNewcomers holds that topics and partitions that come while the source runs are read from their first message on.
func TestNewcomers(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		prefix := name("flights")
		one := k.topic(t, prefix+"-one", 1)
		k.topic(t, name("other"), 1)
		r := started(t, k.url(prefix+"-.*", "pattern", "true", "start", "latest"), run())
		k.put(t, one, 0, values("1")...)
		take(t, r, 1)

		k.put(t, k.topic(t, prefix+"-two", 2), 1, values("2")...)
		if got, at := take(t, r, 1); got[0] != "2" || at[0].Topic != prefix+"-two" || at[0].ID != 1 {
			t.Errorf("got %q at %v", got, at)
		}
		k.grow(t, one, 2)
		k.put(t, one, 1, values("3")...)
		got, at := take(t, r, 1)
		if got[0] != "3" || at[0].ID != 1 {
			t.Errorf("got %q at %v", got, at)
		}
		settle(t, r, at)
	})
}

// TestPatternOfNothing holds that a pattern may match nothing yet.
func TestPatternOfNothing(t *testing.T) {
	k := fake(t)
	prefix := name("later")
	r := started(t, k.url(prefix+".*", "pattern", "true"), run())
	take(t, r, 0)
	k.put(t, k.topic(t, prefix, 1), 0, values("x")...)
	take(t, r, 1)
}

func TestSeveralTopics(t *testing.T) {
	k := fake(t)
	a, b := k.topic(t, "a", 2), k.topic(t, "b", 2)
	k.put(t, a, 1, values("a1")...)
	k.put(t, b, 0, values("b0")...)
	got, _ := take(t, started(t, k.url("a,b"), run()), 2)
	slices.Sort(got)
	if !slices.Equal(got, []string{"a1", "b0"}) {
		t.Errorf("got %q", got)
	}
}

// TestShares holds that readers have all partitions, each one once, and the same ones however many there are.
func TestShares(t *testing.T) {
	for _, pattern := range []bool{false, true} {
		for of := 1; of <= 7; of++ {
			c := &config{topics: []string{"a", "b"}, pattern: pattern}
			for _, topic := range c.topics {
				for p := range int32(10) {
					n := 0
					for i := range of {
						if c.mine(topic, p, stream.ReaderID{Index: i, Of: of}) {
							n++
						}
					}
					if n != 1 {
						t.Errorf("partition %d of %s has %d readers of %d", p, topic, n, of)
					}
				}
			}
		}
	}
}

func TestTooManyReaders(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "two", 2)
	id := stream.ReaderID{Run: name("run"), Index: 2, Of: 3}
	want(t, quick(t, k.url(topic), id).Start(t.Context(), nil), fault.Usage, "reader 2", "of the 2 partitions")
	for i := range 2 {
		id.Index = i
		r := started(t, k.url(topic), id)
		if len(r.parts) != 1 {
			t.Errorf("reader %d has %d partitions", i, len(r.parts))
		}
	}
}

func TestUnknownTopic(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic := k.topic(t, name("departures"), 1)
		wrong := "D" + topic[1:] + "x"
		begin := time.Now()
		want(t, quick(t, k.url(wrong), run()).Start(t.Context(), nil), fault.NotFound, "no topic "+wrong, "did you mean "+topic+"?")
		want(t, quick(t, k.url("nothing-like-it"), run()).Start(t.Context(), nil), fault.NotFound, "no topic nothing-like-it", "create it")
		_, err := openSink(t.Context(), k.url("nothing-like-it"), run(), "to")
		want(t, err, fault.NotFound, "no topic nothing-like-it", "create it")
		if d := time.Since(begin); d > 20*time.Second {
			t.Errorf("that took %v", d)
		}
	})
}

// TestPositions holds the larger of restriction and committed, partition by partition, and that what is not the reader's is
// neither read nor committed.
func TestPositions(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic, id := k.topic(t, name("positions"), 3), run()
		for p := range int32(3) {
			for i := range 10 {
				k.put(t, topic, p, values(fmt.Sprintf("%d.%d", p, i))...)
			}
		}
		part := func(p int32, next int64) stream.Position {
			return stream.Position{Partition: stream.Partition{Topic: topic, ID: p}, Next: next}
		}
		r := started(t, k.url(topic), id)
		settle(t, r, []stream.Position{part(0, 8), part(1, 3), {Partition: stream.Partition{Topic: "another", ID: 0}, Next: 5}})
		r.Close()
		r = started(t, k.url(topic), id, part(0, 2), part(1, 7), part(2, 9), part(17, 1))
		got, _ := take(t, r, 2+3+1)
		slices.Sort(got)
		if want := []string{"0.8", "0.9", "1.7", "1.8", "1.9", "2.9"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		offsets, err := k.adm.FetchOffsets(t.Context(), "glulam-"+id.Run)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := offsets["another"]; ok || len(offsets[topic]) != 3 || offsets[topic][0].At != 8 || offsets[topic][1].At != 3 {
			t.Errorf("committed: %v", offsets)
		}
		settle(t, r, []stream.Position{part(0, 4)}) // behind: not committed
		if offsets, _ = k.adm.FetchOffsets(t.Context(), "glulam-"+id.Run); offsets[topic][0].At != 8 {
			t.Errorf("committed: %v", offsets)
		}
	})
}

// TestCommitIsAsynchronous holds that Commit does not wait and Settled does.
func TestCommitIsAsynchronous(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "async", 1)
	k.put(t, topic, 0, values("x")...)
	r := started(t, k.url(topic), run())
	_, at := take(t, r, 1)
	release := make(chan struct{})
	k.fake.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.fake.SleepControl(func() { <-release })
		return nil, nil, false
	})
	if err := r.Commit(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Settled(ctx); err == nil {
		t.Error("Settled did not wait")
	}
	close(release)
	if err := r.Settled(t.Context()); err != nil {
		t.Error(err)
	}
	offsets, err := k.adm.FetchOffsets(t.Context(), r.group.name)
	if err != nil || offsets[topic][0].At != 1 {
		t.Errorf("committed: %v, %v", offsets, err)
	}
}

// TestCommitRetries holds that a coordinator that moves does not fail a commit, and that a group with members does.
func TestCommitRetries(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "moving", 1)
	k.put(t, topic, 0, values("x", "y")...)
	r := started(t, k.url(topic), run())
	_, at := take(t, r, 2)
	at[0].Next = 1
	f := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.CoordinatorLoadInProgress, Count: 3})
	settle(t, r, at)
	if f.Hits() != 3 {
		t.Errorf("%d refusals", f.Hits())
	}
	k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.UnknownMemberID})
	at[0].Next = 2
	if err := r.Commit(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	want(t, r.Settled(t.Context()), fault.Conflict, "has members")
	want(t, r.Commit(t.Context(), at), fault.Conflict, "has members")
}

// TestRefresh holds that positions of partitions that nothing comes to are committed again before the brokers forget them.
func TestRefresh(t *testing.T) {
	k := fake(t)
	topic := k.topic(t, "idle", 2)
	k.put(t, topic, 0, values("x")...)
	r := started(t, k.url(topic), run())
	_, at := take(t, r, 1)
	seen := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Observe: true, Count: -1, Partitions: []int32{1}})
	settle(t, r, at)
	if seen.Hits() != 0 {
		t.Error("a partition that nothing came of was committed")
	}
	r.commits.all = time.Now().Add(-2 * refreshEvery)
	take(t, r, 0)
	if err := r.Settled(t.Context()); err != nil || seen.Hits() != 1 {
		t.Errorf("%d refreshes, %v", seen.Hits(), err)
	}
	take(t, r, 0)
	if seen.Hits() != 1 {
		t.Error("it is committed again and again")
	}
}

// TestReads: a sink that the source reads is known by the topic's id, whatever the brokers are called.
func TestReads(t *testing.T) {
	k := fake(t)
	in, out := k.topic(t, name("in"), 1), k.topic(t, name("out"), 1)
	other := fake(t)
	other.topic(t, in, 1)
	for _, c := range []struct {
		to   stream.Endpoint
		want bool
	}{{k.url(in), true}, {k.url(out), false}, {other.url(in), false}} {
		r := started(t, k.url(in), run())
		conf, err := parse(c.to, stream.OfSink)
		if err != nil {
			t.Fatal(err)
		}
		w, err := openWriter(context.Background(), conf, run())
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Reads(w); got != c.want {
			t.Errorf("%s: %t", c.to.URL, got)
		}
		w.Close()
		r.Close()
	}
}

// TestRewind holds that a source goes back to where it is told, says what is done with, and commits nothing that is less.
func TestRewind(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		topic, id := k.topic(t, name("rewind"), 2), run()
		k.put(t, topic, 0, values("a", "b", "c", "d")...)
		k.put(t, topic, 1, values("x", "y")...)
		p0, p1 := stream.Partition{Topic: topic}, stream.Partition{Topic: topic, ID: 1}
		first := started(t, k.url(topic), id)
		take(t, first, 6)
		settle(t, first, []stream.Position{{Partition: p0, Next: 3}, {Partition: p1, Next: 1}})
		first.Close()

		r := quick(t, k.url(topic), id)
		done, err := r.Rewind(t.Context(), []stream.Position{{Partition: p0, Next: 1}, {Partition: p1, Next: 2}})
		if err != nil {
			t.Fatal(err)
		}
		if want := []stream.Position{{Partition: p0, Next: 3}}; !slices.Equal(done, want) {
			t.Errorf("done with %v, want %v", done, want)
		}
		got, _ := take(t, r, 3)
		if want := []string{"b", "c", "d"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		settle(t, r, []stream.Position{{Partition: p0, Next: 2}})
		r.Close()
		if got, _ := take(t, started(t, k.url(topic), id), 2); !slices.Contains(got, "d") || !slices.Contains(got, "y") {
			t.Errorf("after that it gives %q, want d and y", got)
		}
	})
}
