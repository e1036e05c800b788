package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/internal/services/kafka"
)

// maxInFlight is what a micro-batch of the tests' streams has at the most.
const maxInFlight = 50

// TestStreamKilled kills a stream and its broker at random moments while messages come: at-least-once loses none and repeats at
// most a micro-batch a partition and kill, exactly-once has each once. GLULAM_KILLS says how often it kills the stream,
// GLULAM_RESTARTS how often the broker, GLULAM_RATE how many messages come a second; the defaults are short.
func TestStreamKilled(t *testing.T) {
	kills := number(t, "GLULAM_KILLS", 3)
	restarts := number(t, "GLULAM_RESTARTS", (kills+2)/3)
	ctx := context.Background()
	b, err := kafka.Start(ctx, kafka.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	for _, delivery := range []string{"at-least-once", "exactly-once"} {
		t.Run(delivery, func(t *testing.T) { killStream(t, b, delivery, kills, restarts) })
	}
}

// number is what an environment variable says.
func number(t *testing.T, name string, or int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return or
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func killStream(t *testing.T, b *kafka.Broker, delivery string, kills, restarts int) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	const partitions = 3
	in, out, rejected := delivery+"-in", delivery+"-out", delivery+"-rejected"
	if err := kafka.CreateTopics(ctx, b.Addr, partitions, in, out, rejected); err != nil {
		t.Fatal(err)
	}
	sent, stop := produce(ctx, t, b.Addr, in)
	defer stop()
	seen := consume(ctx, t, b.Addr, out, rejected)

	var s *exec.Cmd
	var said bytes.Buffer
	start := func() {
		url := "kafka://" + b.Addr + "/"
		s = exec.Command(binary, "stream", "--model", golden.Path("one_feature.txt"), "--name", delivery, "--delivery", delivery,
			"--from", url+in, "--to", url+out, "--rejected", url+rejected, "--max-in-flight", strconv.Itoa(maxInFlight), "--max-rejected", "100%",
			"--option", "default.api.timeout.ms=120000") // of a start while the broker is away
		said.Reset()
		s.Stderr = &said
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	// pause waits until something has come out, and then for some time in which anything may be under way.
	pause := func() {
		for before := seen.all.Load(); seen.all.Load() == before && ctx.Err() == nil && s.ProcessState == nil; {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Duration(rnd.Int64N(int64(2 * time.Second))))
	}
	start()
	for range kills {
		pause()
		s.Process.Signal(syscall.SIGKILL)
		s.Wait()
		start()
	}
	for range restarts { // the broker goes and comes back; the stream lives on
		pause()
		if err := b.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := b.Restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	pause()
	stop()
	n := sent.Load()
	for seen.distinct.Load() < n {
		if ctx.Err() != nil || s.ProcessState != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
		if time.Since(time.Unix(0, seen.last.Load())) > 90*time.Second {
			break
		}
	}
	s.Process.Signal(syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		t.Errorf("the stream ended with %v: %s", err, said.Bytes())
	}
	seen.stop()
	if got := seen.distinct.Load(); got != n {
		t.Errorf("%d of %d messages came through", got, n)
	}
	repeated := seen.all.Load() - seen.distinct.Load()
	t.Logf("%d messages, %d repeated", n, repeated)
	if most := int64(kills * maxInFlight); delivery == "at-least-once" && repeated > most {
		t.Errorf("%d messages were repeated, at most %d may be", repeated, most)
	}
	if delivery == "exactly-once" && repeated > 0 {
		t.Errorf("%d messages were repeated", repeated)
	}
}

// produce sends numbered messages, one in fifty of them bad, until it is stopped. It counts those that the broker has.
func produce(ctx context.Context, t *testing.T, addr, topic string) (sent *atomic.Int64, stop func()) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic), kgo.RequiredAcks(kgo.AllISRAcks()))
	if err != nil {
		t.Fatal(err)
	}
	sent = &atomic.Int64{}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	each := number(t, "GLULAM_RATE", 2000) / 100
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for id := int64(0); ctx.Err() == nil; <-tick.C {
			for range each {
				value := fmt.Appendf(nil, `{"id": %d, "hour": %d}`, id, id%24)
				if id%50 == 0 {
					value = fmt.Appendf(nil, `{"id": %d, "hour": "never"}`, id)
				}
				client.Produce(context.Background(), &kgo.Record{Key: strconv.AppendInt(nil, id, 10), Value: value}, func(_ *kgo.Record, err error) {
					if err == nil {
						sent.Add(1)
					} else {
						t.Error(err)
					}
				})
				id++
			}
		}
	}()
	stopped := false
	return sent, func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		<-done
		if err := client.Flush(context.Background()); err != nil {
			t.Error(err)
		}
		client.Close()
	}
}

// outputs is what came out.
type outputs struct {
	distinct, all, last atomic.Int64
	stop                func()
}

// consume counts outputs and dead letters by the key of their message, and looks at each.
func consume(ctx context.Context, t *testing.T, addr string, topics ...string) *outputs {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topics...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	o := &outputs{}
	o.last.Store(time.Now().UnixNano())
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	keys := map[string]bool{}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				o.last.Store(time.Now().UnixNano())
				o.all.Add(1)
				if !keys[string(r.Key)] {
					keys[string(r.Key)] = true
					o.distinct.Add(1)
				}
				if err := checkOutput(r); err != nil {
					t.Error(err)
				}
			})
		}
	}()
	o.stop = func() {
		cancel()
		<-done
		client.Close()
	}
	return o
}

// checkOutput holds a record to what its message must become.
func checkOutput(r *kgo.Record) error {
	var out struct {
		ID         int64    `json:"id"`
		Prediction *float64 `json:"prediction"`
		Code       string   `json:"code"`
	}
	if err := json.Unmarshal(r.Value, &out); err != nil {
		return fmt.Errorf("%s: %w", r.Value, err)
	}
	id, err := strconv.ParseInt(string(r.Key), 10, 64)
	switch {
	case err != nil:
		return err
	case id%50 == 0:
		if out.Code != "wrong_type" {
			return fmt.Errorf("the bad message %d became %s", id, r.Value)
		}
	case out.ID != id || out.Prediction == nil || !(*out.Prediction > 0 && *out.Prediction < 1):
		return fmt.Errorf("the message %d became %s", id, r.Value)
	}
	return nil
}

// TestStreamSteady: a stream that runs on keeps its goroutines, its files and its memory. bench/stream -soak 1h is the long form.
func TestStreamSteady(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	b, err := kafka.Start(ctx, kafka.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	if err := kafka.CreateTopics(ctx, b.Addr, 3, "in", "out", "rejected"); err != nil {
		t.Fatal(err)
	}
	sent, stop := produce(ctx, t, b.Addr, "in")
	defer stop()
	seen := consume(ctx, t, b.Addr, "out", "rejected")
	defer seen.stop()
	metrics, url := freeAddr(t), "kafka://"+b.Addr+"/"
	s := exec.Command(binary, "stream", "--model", golden.Path("one_feature.txt"), "--from", url+"in", "--to", url+"out", "--rejected", url+"rejected", "--max-rejected", "100%",
		"--metrics", metrics, "--window", "1s", "--summary", "jsonl:"+filepath.Join(t.TempDir(), "summaries.jsonl"), "--refresh", "1s")
	var said bytes.Buffer
	s.Stderr = &said
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Process.Kill()
	reach := func(n int64) map[string]float64 {
		t.Helper()
		for seen.all.Load() < n && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
		return gauges(ctx, t, metrics)
	}
	warm := reach(10_000)
	end := reach(40_000)
	for _, g := range []struct {
		name string
		more float64 // than that it must not grow
	}{{"go_goroutines", 10}, {"process_open_fds", 5}, {"process_resident_memory_bytes", 60e6}} {
		if grown := end[g.name] - warm[g.name]; end[g.name] == 0 || grown > g.more {
			t.Errorf("%s went from %v to %v", g.name, warm[g.name], end[g.name])
		}
	}
	stop()
	for seen.distinct.Load() < sent.Load() && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	s.Process.Signal(syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		t.Errorf("%v: %s", err, said.Bytes())
	}
	if got := seen.all.Load(); got != sent.Load() {
		t.Errorf("%d messages in, %d out", sent.Load(), got)
	}
}

// freeAddr is an address of this machine that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// gauges reads the metrics without labels.
func gauges(ctx context.Context, t *testing.T, addr string) map[string]float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] = v
		}
	}
	return out
}

// TestStreamNobodyReads: predictions that standard output does not take are not scored rows, and end the run.
func TestStreamNobodyReads(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer full.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	for _, out := range []*os.File{full, w} {
		cmd := exec.Command(binary, "stream", "--model", golden.Path("lightgbm.txt"), "--from", "jsonl:"+golden.Path("rows.jsonl"), "--to", "jsonl:-", "--rejected", "jsonl:"+filepath.Join(t.TempDir(), "bad.jsonl"))
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = out, &said
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 || strings.Contains(said.String(), "scored") {
			t.Errorf("%v: %s", err, said.Bytes())
		}
	}
}

// TestStreamStoppedAtStart: a stream that waits for a broker ends when somebody stops it, not when its patience does.
func TestStreamStoppedAtStart(t *testing.T) {
	addr := freeAddr(t)
	for _, from := range []string{"kafka://" + addr + "/in", "nats://" + addr + "/IN"} {
		dir := t.TempDir()
		cmd := exec.Command(binary, "stream", "--model", golden.Path("one_feature.txt"), "--from", from, "--to", "jsonl:"+filepath.Join(dir, "out"), "--rejected", "jsonl:"+filepath.Join(dir, "bad"),
			"--option", map[bool]string{true: "default.api.timeout.ms=600000", false: "timeout=10m"}[from[0] == 'k'])
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second) // until it waits
		cmd.Process.Signal(syscall.SIGTERM)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%s: %v: %s", from, err, said.Bytes())
			}
		case <-time.After(time.Minute):
			cmd.Process.Kill()
			t.Errorf("%s: it goes on waiting", from)
		}
	}
}
