package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/internal/golden"
)

// TestStreamParquetKilled kills a stream that writes files by window, at random moments: each message is in the window of its
// time once, and nothing else is.
func TestStreamParquetKilled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "in"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	addr, dir := broker.ListenAddrs()[0], t.TempDir()
	sent, stop := produceTimes(ctx, t, addr, "in")
	var s *exec.Cmd
	var said bytes.Buffer
	start := func() {
		s = exec.Command(binary, "stream", "--model", golden.Path("one_feature.txt"), "--from", "kafka://"+addr+"/in?group=parquet", "--to", "parquet:"+dir+"/out/",
			"--rejected", "jsonl:"+dir+"/rejected/", "--columns", "id", "--event-time", "at", "--max-disorder", "5s", "--window", "1m", "--readers", "2", "--max-in-flight", "300")
		said.Reset()
		s.Stderr = &said
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	start()
	for range number(t, "GLULAM_KILLS", 4) {
		complete := len(found(t, dir, "out/window=*/_SUCCESS"))
		for ctx.Err() == nil && s.ProcessState == nil && len(found(t, dir, "out/window=*/_SUCCESS")) == complete {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(700 * time.Millisecond))))
		s.Process.Signal(syscall.SIGKILL)
		s.Wait()
		start()
	}
	// Both readers of the last process read, too: one that is stopped before it has opened its files leaves them to the next process.
	before := committed(ctx, t, addr)
	for p := range before {
		for ctx.Err() == nil && committed(ctx, t, addr)[p] <= before[p] {
			time.Sleep(10 * time.Millisecond)
		}
	}
	stop()
	n := sent.Load()
	// What is committed is in spools or parts: the group's positions say when all of it is.
	for at := before; ctx.Err() == nil && at[0]+at[1]+at[2] < n; at = committed(ctx, t, addr) {
		time.Sleep(50 * time.Millisecond)
	}
	s.Process.Signal(syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		t.Fatalf("the stream ended with %v: %s", err, said.Bytes())
	}
	rows := map[int64]int{}
	parts := found(t, dir, "out/window=*/part-*.parquet")
	for _, p := range parts {
		start, err := time.Parse(time.RFC3339, strings.TrimPrefix(filepath.Base(filepath.Dir(p)), "window="))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range idsOf(t, p) {
			if at := eventTime(id); at < start.UnixMilli() || at >= start.Add(time.Minute).UnixMilli() {
				t.Errorf("%s has message %d of %d", p, id, at)
			}
			rows[id]++
		}
	}
	for id := range n {
		if rows[id] != 1 {
			t.Errorf("message %d is there %d times", id, rows[id])
		}
	}
	if int64(len(rows)) != n {
		t.Errorf("%d messages, %d came in", len(rows), n)
	}
	if left := found(t, dir, "out/.spool-*/*/*.spool"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	t.Logf("%d messages in %d parts of %d windows, %d of them complete", n, len(parts), len(found(t, dir, "out/window=*")), len(found(t, dir, "out/window=*/_SUCCESS")))
}

// eventTime of a message: they come out of order, by more than the stream is told.
func eventTime(id int64) int64 { return 1_380_585_600_000 + id*100 - id*7919%20_000 }

// produceTimes sends messages with event times until it is stopped.
func produceTimes(ctx context.Context, t *testing.T, addr, topic string) (sent *atomic.Int64, stop func()) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic))
	if err != nil {
		t.Fatal(err)
	}
	sent = &atomic.Int64{}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for id := int64(0); ctx.Err() == nil; <-tick.C {
			for range 20 {
				value := fmt.Appendf(nil, `{"id": %d, "hour": %d, "at": %d}`, id, id%24, eventTime(id))
				client.Produce(context.Background(), &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
					if err != nil {
						t.Error(err)
						return
					}
					sent.Add(1)
				})
				id++
			}
		}
	}()
	return sent, func() {
		cancel()
		<-done
		if err := client.Flush(context.Background()); err != nil {
			t.Error(err)
		}
		client.Close()
	}
}

// committed is how many messages of each partition the group of the stream is done with.
func committed(ctx context.Context, t *testing.T, addr string) (of [3]int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	offsets, err := kadm.NewClient(client).FetchOffsets(ctx, "parquet")
	if err != nil {
		t.Fatal(err)
	}
	offsets.Each(func(o kadm.OffsetResponse) { of[o.Partition] = max(0, o.At) })
	return of
}

// found are the files that match a pattern below a folder.
func found(t *testing.T, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// idsOf reads the ids of a part.
func idsOf(t *testing.T, path string) (ids []int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := pqarrow.ReadTable(context.Background(), f, parquet.NewReaderProperties(memory.DefaultAllocator), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(path, err)
	}
	defer table.Release()
	for _, chunk := range table.Column(table.Schema().FieldIndices("id")[0]).Data().Chunks() {
		text := chunk.(*array.String)
		for i := range text.Len() {
			var id int64
			if _, err := fmt.Sscan(text.Value(i), &id); err != nil {
				t.Fatal(path, err)
			}
			ids = append(ids, id)
		}
	}
	return ids
}
