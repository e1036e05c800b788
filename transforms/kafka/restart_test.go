package kafka

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/transforms/stream"
)

// copier copies messages from the source of a flow to its sink, as a session does.
type copier struct {
	x       stream.Exactly
	exactly bool
}

func (f *flow) copier(t *testing.T, id stream.ReaderID, exactly bool) *copier {
	t.Helper()
	if exactly {
		return &copier{f.start(t, id), true}
	}
	r, err := openSource(t.Context(), f.k.url(f.in), id)
	if err != nil {
		t.Fatal(err)
	}
	w, err := openSink(t.Context(), f.k.url(f.to), id, "to")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return &copier{x: stream.Exactly{Source: r, To: w}}
}

// step copies what one poll gives, and says how much that was.
func (c *copier) step(ctx context.Context) (int, error) {
	pctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	fetches, err := c.x.Source.Poll(pctx, 500)
	if err != nil {
		return 0, fmt.Errorf("poll: %w", err)
	}
	n := 0
	var at []stream.Position
	for _, f := range fetches {
		if len(f.Messages) == 0 {
			continue
		}
		n += len(f.Messages)
		at = append(at, stream.Position{Partition: f.Partition, Next: f.Messages[len(f.Messages)-1].Offset + 1})
		if err := c.x.To.Write(ctx, f.Messages); err != nil {
			return n, fmt.Errorf("write: %w", err)
		}
	}
	switch {
	case n == 0:
		return 0, nil
	case c.exactly:
		return n, c.x.Transaction.Commit(ctx, at)
	}
	if err := c.x.To.Flush(ctx); err != nil {
		return n, fmt.Errorf("flush: %w", err)
	}
	if err := c.x.Source.Commit(ctx, at); err != nil {
		return n, fmt.Errorf("commit: %w", err)
	}
	return n, c.x.Source.Settled(ctx)
}

// TestBrokerKilled holds that a broker that is killed and started again neither fails a flow of messages nor loses or doubles
// any. GLULAM_KAFKA_RESTART is a command that kills the broker of GLULAM_KAFKA and starts it again, and ends when that is done.
func TestBrokerKilled(t *testing.T) {
	addr, command := os.Getenv("GLULAM_KAFKA"), os.Getenv("GLULAM_KAFKA_RESTART")
	if addr == "" || command == "" {
		t.Skip("GLULAM_KAFKA and GLULAM_KAFKA_RESTART are not set")
	}
	const kills = 3
	for _, exactly := range []bool{false, true} {
		t.Run(fmt.Sprintf("exactly-once=%v", exactly), func(t *testing.T) {
			k := of(t, addr, nil)
			f, id := newFlow(t, k, 4), run()
			c := f.copier(t, id, exactly)
			stop, restarted := make(chan struct{}), make(chan error, 1)
			sent := make(chan int, 1)
			go func() { sent <- f.feed(stop) }()
			go func() {
				var err error
				for i := 0; i < kills && err == nil; i++ {
					time.Sleep(3 * time.Second)
					err = exec.Command("sh", "-c", command).Run()
				}
				time.Sleep(3 * time.Second)
				close(stop)
				restarted <- err
			}()
			n, want := 0, -1
			for want < 0 || n < want {
				done, err := c.step(t.Context())
				if err != nil {
					t.Fatalf("after %d messages: %v", n, err)
				}
				n += done
				select {
				case want = <-sent:
				default:
				}
			}
			if err := <-restarted; err != nil {
				t.Fatal(err)
			}
			got := valuesOf(k.read(t, f.to, want))
			different := len(slices.Compact(slices.Clone(got)))
			t.Logf("%d sent, %d written, %d of them different, %d retries", want, len(got), different, stream.StatsOf(id.Run).Retries.Load())
			if len(got) != want || different != want {
				t.Errorf("%d sent, %d written, %d of them different", want, len(got), different)
			}
		})
	}
}

// feed sends numbers, some thousand a second, and gives how many it sent.
func (f *flow) feed(stop chan struct{}) int {
	for n := 0; ; n += 20 {
		select {
		case <-stop:
			if f.k.client.Flush(context.Background()) != nil {
				return -1
			}
			return n
		case <-time.After(10 * time.Millisecond):
		}
		for i := range 20 {
			f.k.client.Produce(context.Background(), &kgo.Record{Topic: f.in, Partition: int32(i % 4), Value: fmt.Append(nil, n+i)}, nil)
		}
	}
}

// TestNothingStaysOpen holds that Close leaves no goroutine behind.
func TestNothingStaysOpen(t *testing.T) {
	k := fake(t)
	f := newFlow(t, k, 1)
	k.put(t, f.in, 0, values("1", "2", "3")...)
	round := func(exactly bool) {
		c := f.copier(t, run(), exactly)
		if _, err := c.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if exactly {
			c.x.Transaction.Close()
			return
		}
		c.x.Source.Close()
		c.x.To.Close()
	}
	round(false)
	round(true)
	before := runtime.NumGoroutine()
	for range 5 {
		round(false)
		round(true)
	}
	within(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before+3 })
}
