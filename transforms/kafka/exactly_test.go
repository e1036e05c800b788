package kafka

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// eachVersion runs a test with transactions of version 2 and of before.
func eachVersion(t *testing.T, f func(t *testing.T, k *cluster)) {
	each(t, f)
	t.Run("fake of 3.7", func(t *testing.T) { f(t, fake(t, kfake.MaxVersions(kversion.V3_7_0()))) })
}

// flow is a source with its sinks, and the topics.
type flow struct {
	k                *cluster
	in, to, rejected string
}

func newFlow(t *testing.T, k *cluster, partitions int32) *flow {
	return &flow{k, k.topic(t, name("in"), partitions), k.topic(t, name("out"), 2), k.topic(t, name("rejected"), 1)}
}

func (f *flow) open(t *testing.T, id stream.ReaderID) stream.Exactly {
	t.Helper()
	x, err := exactlyOnce(t.Context(), f.k.url(f.in, "fetch.max.wait.ms", "50"), f.k.url(f.to), f.k.url(f.rejected), id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Transaction.Close() })
	return x
}

func (f *flow) start(t *testing.T, id stream.ReaderID) stream.Exactly {
	t.Helper()
	x := f.open(t, id)
	if err := x.Source.Start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return x
}

func write(t *testing.T, s stream.Sink, vs ...string) {
	t.Helper()
	if err := s.Write(t.Context(), values(vs...)); err != nil {
		t.Fatal(err)
	}
}

func valuesOf(messages []stream.Message) (out []string) {
	for _, m := range messages {
		out = append(out, string(m.Value))
	}
	slices.Sort(out)
	return out
}

func (f *flow) written(t *testing.T, n int, want ...string) {
	t.Helper()
	if got := valuesOf(f.k.read(t, f.to, n)); !slices.Equal(got, want) {
		t.Errorf("written: %q, want %q", got, want)
	}
}

// TestTransaction holds that outputs, dead letters and positions become visible together or not at all.
func TestTransaction(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		f, id := newFlow(t, k, 2), run()
		for i := range 6 {
			k.put(t, f.in, int32(i%2), values(fmt.Sprint(i))...)
		}
		x := f.start(t, id)
		_, at := take(t, x.Source, 6)
		write(t, x.To, "a", "b")
		write(t, x.Rejected, "r")
		if err := x.To.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.written(t, 0)
		if err := x.Transaction.Commit(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		f.written(t, 2, "a", "b")
		if got := valuesOf(k.read(t, f.rejected, 1)); !slices.Equal(got, []string{"r"}) {
			t.Errorf("rejected: %q", got)
		}
		for i := range 10 { // the producers take turns, and positions of one partition only move
			k.put(t, f.in, 0, values("x")...)
			_, at = take(t, x.Source, 1)
			write(t, x.To, fmt.Sprint("turn", i))
			if err := x.Transaction.Commit(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		k.put(t, f.in, 1, values("last")...)
		take(t, x.Source, 1)
		write(t, x.To, "never")
		x.Transaction.Close() // aborts

		x = f.start(t, id)
		got, at := take(t, x.Source, 1)
		if got[0] != "last" {
			t.Errorf("reading goes on at %q", got)
		}
		write(t, x.To, "last")
		if err := x.Transaction.Commit(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if n := len(k.read(t, f.to, 13)); n != 13 {
			t.Errorf("%d outputs", n)
		}
	})
}

// TestUnconfirmed holds that a commit that got no answer is asked for again, whether or not the brokers had it, and that the
// producer goes on.
func TestUnconfirmed(t *testing.T) {
	for _, arrived := range []bool{false, true} {
		t.Run(fmt.Sprintf("arrived=%v", arrived), func(t *testing.T) {
			eachVersion(t, func(t *testing.T, k *cluster) {
				f, id := newFlow(t, k, 1), run()
				k.put(t, f.in, 0, values("1", "2", "3")...)
				x := f.start(t, id)
				tx := x.Transaction.(*transaction)
				p := &tx.turns[tx.turn]
				_, at := take(t, x.Source, 3)
				write(t, x.To, "1")
				if err := tx.flush(t.Context(), tx.c, p.client); err != nil {
					t.Fatal(err)
				}
				if err := tx.positions(t.Context(), p, []stream.Position{{Partition: at[0].Partition, Next: 1}}); err != nil {
					t.Fatal(err)
				}
				pid, epoch, err := p.client.ProducerID(t.Context())
				if err == nil && arrived {
					err = errors.Join(p.knows(t.Context()), p.client.EndTransaction(t.Context(), kgo.TryCommit))
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := tx.confirm(t.Context(), p, pid, epoch); err != nil {
					t.Fatal(err)
				}
				f.written(t, 1, "1")
				for i, v := range []string{"2", "3"} { // this producer, and the other one
					write(t, x.To, v)
					if err := x.Transaction.Commit(t.Context(), []stream.Position{{Partition: at[0].Partition, Next: int64(2 + i)}}); err != nil {
						t.Fatal(err)
					}
				}
				f.written(t, 3, "1", "2", "3")
				x.Transaction.Close()
				take(t, f.start(t, id).Source, 0)
			})
		})
	}
}

// TestNothingWritten holds that a commit of nothing asks nobody, and leaves no position behind.
func TestNothingWritten(t *testing.T) {
	k := fake(t)
	f, id := newFlow(t, k, 1), run()
	k.put(t, f.in, 0, values("x")...)
	x := f.start(t, id)
	_, at := take(t, x.Source, 1)
	seen := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.TxnOffsetCommit, kmsg.EndTxn}, Observe: true, Count: -1})
	write(t, x.To)
	if err := x.Transaction.Commit(t.Context(), at); err != nil || seen.Hits() != 0 {
		t.Errorf("%d requests, %v", seen.Hits(), err)
	}
	x.Transaction.Close()
	take(t, f.start(t, id).Source, 1)
}

// TestFenced holds that a second process of a run stops the first one, and that nothing of it is lost or doubled.
func TestFenced(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		f, id := newFlow(t, k, 1), run()
		k.put(t, f.in, 0, values("1", "2")...)
		old := f.start(t, id)
		_, at := take(t, old.Source, 2)
		write(t, old.To, "1 of old", "2 of old")
		if err := old.To.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		x := f.start(t, id)
		err := old.Transaction.Commit(t.Context(), at)
		want(t, err, fault.Conflict, "another process of the same run")
		_, at = take(t, x.Source, 2)
		write(t, x.To, "1", "2")
		if err := x.Transaction.Commit(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		f.written(t, 2, "1", "2")
	})
}

// TestFencedBetween is the same for a process that is between two transactions: neither of its producers writes any more.
func TestFencedBetween(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		f, id := newFlow(t, k, 1), run()
		k.put(t, f.in, 0, values("1")...)
		old := f.start(t, id)
		_, at := take(t, old.Source, 1)
		write(t, old.To, "1")
		if err := old.Transaction.Commit(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		f.start(t, id)
		at[0].Next = 2
		err := old.To.Write(t.Context(), values("late"))
		if err == nil {
			err = old.Transaction.Commit(t.Context(), at)
		}
		want(t, err, fault.Conflict, "another process of the same run")
		f.written(t, 1, "1")
	})
}

// TestFencedLayout holds the same for a process that had another number of readers.
func TestFencedLayout(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *cluster) {
		f, id := newFlow(t, k, 2), run()
		k.put(t, f.in, 0, values("1")...)
		k.put(t, f.in, 1, values("2")...)
		old := f.start(t, id)
		_, at := take(t, old.Source, 2)
		write(t, old.To, "1 of old", "2 of old")
		if err := old.To.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var xs []stream.Exactly
		for i := range 2 {
			xs = append(xs, f.start(t, stream.ReaderID{Run: id.Run, Index: i, Of: 2}))
		}
		want(t, old.Transaction.Commit(t.Context(), at), fault.Conflict, "another process of the same run")
		for _, x := range xs {
			got, at := take(t, x.Source, 1)
			write(t, x.To, got...)
			if err := x.Transaction.Commit(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		f.written(t, 2, "1", "2")
		// And back: one reader stops both.
		back := f.start(t, id)
		take(t, back.Source, 0)
		for _, x := range xs {
			err := x.To.Write(t.Context(), values("late"))
			if err == nil {
				err = x.Transaction.Commit(t.Context(), nil)
			}
			want(t, err, fault.Conflict, "another process of the same run")
		}
		f.written(t, 2, "1", "2")
	})
}

// TestCoordinatorMoves holds that coordinators that are not ready do not fail a transaction.
func TestCoordinatorMoves(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.ConcurrentTransactions} {
		for _, key := range []kmsg.Key{kmsg.InitProducerID, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
			k := fake(t)
			f, id := newFlow(t, k, 1), run()
			k.put(t, f.in, 0, values("1")...)
			h := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: e, Count: 2})
			x := f.start(t, id)
			_, at := take(t, x.Source, 1)
			write(t, x.To, "1")
			if err := x.Transaction.Commit(t.Context(), at); err != nil {
				t.Fatalf("%v of %v: %v", e.Message, key, err)
			}
			if h.Hits() != 2 {
				t.Errorf("%v of %v: %d times", e.Message, key, h.Hits())
			}
			f.written(t, 1, "1")
			x.Transaction.Close()
			take(t, f.start(t, id).Source, 0)
		}
	}
}

// TestOtherReadersTransactions holds that a reader starts while others have positions in open transactions: it asks for its own
// partitions only.
func TestOtherReadersTransactions(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		f, run := newFlow(t, k, 2), name("run")
		k.put(t, f.in, 0, values("0")...)
		k.put(t, f.in, 1, values("1")...)
		x := f.start(t, stream.ReaderID{Run: run, Index: 0, Of: 2})
		got, at := take(t, x.Source, 1)
		write(t, x.To, got...)
		if k.fake != nil { // it takes any partition's open transaction for that of all
			others := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Topic: f.in, Partitions: []int32{0}, Observe: true, Count: -1})
			defer func() {
				if others.Hits() > 0 {
					t.Error("it asks for positions that are not its own")
				}
			}()
		} else {
			tx := x.Transaction.(*transaction)
			if err := tx.positions(t.Context(), &tx.turns[tx.turn], at); err != nil { // and the transaction stays open
				t.Fatal(err)
			}
		}
		take(t, f.start(t, stream.ReaderID{Run: run, Index: 1, Of: 2}).Source, 1)
	})
}

func TestExactlyOnceRefuses(t *testing.T) {
	k, other := fake(t), fake(t, kfake.ClusterID("other"))
	f := newFlow(t, k, 1)
	other.topic(t, f.to, 1)
	for _, c := range []struct {
		from, to, rejected stream.Endpoint
		code               fault.Code
		says               string
	}{
		{k.url(f.in), other.url(f.to), k.url(f.rejected), fault.Usage, "a transaction is within one"},
		{k.url(f.in), k.url(f.in), k.url(f.rejected), fault.Usage, "written to and read from"},
		{k.url("in-.*", "pattern", "true"), k.url(f.to), k.url(f.in), fault.Usage, "written to and read from"},
		{k.url(f.in), k.url(f.to, "acks", "1"), k.url(f.rejected, "acks", "1"), fault.Usage, "acks=all"},
		{k.url(f.in), k.url(f.to, "linger.ms", "1"), k.url(f.rejected), fault.Usage, "linger.ms is not as that"},
		{k.url(f.in), stream.Endpoint{URL: "jsonl:-"}, k.url(f.rejected), fault.Usage, "within one Kafka cluster"},
		{k.url(f.in), k.url("nothing"), k.url(f.rejected), fault.NotFound, "no topic nothing"},
		{k.url(f.in), k.url(f.to, "transaction.timeout.ms", "2000000"), k.url(f.rejected, "transaction.timeout.ms", "2000000"), fault.Usage, "transaction.max.timeout.ms"},
	} {
		_, err := exactlyOnce(t.Context(), c.from, c.to, c.rejected, run())
		want(t, err, c.code, c.says)
	}
}

func TestLayoutText(t *testing.T) {
	l := layout{"glulam-a:b/c", 12}
	if got, ok := parseLayout(l.String()); !ok || got != l {
		t.Errorf("%q is read as %v", l, got)
	}
	for _, s := range []string{"", "x", layoutMark, layoutMark + "0:x", layoutMark + "1001:x", layoutMark + "x:y", "2:x"} {
		if got, ok := parseLayout(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

// TestTransactedLimit holds that the limits of both topics are known apart.
func TestTransactedLimit(t *testing.T) {
	k := fake(t)
	f := newFlow(t, k, 1)
	f.to = k.topic(t, "small", 1, "max.message.bytes", "1000")
	x := f.open(t, run())
	m := &stream.Message{Value: make([]byte, 5000), Envelope: block.Envelope{Key: []byte("k")}}
	if x.To.(stream.Limited).TooLarge(m) == nil || x.Rejected.(stream.Limited).TooLarge(m) != nil {
		t.Error("5000 bytes fit into 1000, or do not into a million")
	}
	if err := x.Rejected.Write(t.Context(), []stream.Message{*m}); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		write(t, x.To, string(make([]byte, 700)))
	}
	if err := x.Transaction.Commit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := len(k.read(t, f.to, 50)); n != 50 {
		t.Errorf("%d outputs", n)
	}
}
