package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/internal/services/kafka"
	"github.com/glulam/glulam/model"
)

// patience is how long a test waits for what has to happen.
const patience = 2 * time.Minute

// table is a test's topics on a broker, what was sent to them, and what has to become of it. Not safe for concurrent use.
type table struct {
	t                 *testing.T
	addr              string
	name              string // of the job
	in, out, rejected string
	client            *kgo.Client
	adm               *kadm.Client
	model             string
	predictions       map[string][]float64 // of the hours, as the models give them, by their digests
	sent              []*message
}

// message is one that was sent.
type message struct {
	*kgo.Record
	code string // that it is rejected with; "": it is scored
	hour int    // its prediction is that of this hour
	lost bool   // nothing comes of it
}

// newTable makes topics, named after the test and words.
func newTable(t *testing.T, addr string, partitions int32, words ...string) *table {
	t.Helper()
	name := strings.NewReplacer("/", "-", " ", "-").Replace(strings.Join(append([]string{t.Name()}, words...), "-"))
	x := &table{t: t, addr: addr, name: name, in: name + "-in", out: name + "-out", rejected: name + "-rejected", model: golden.Path("one_feature.txt")}
	var err error
	x.client, err = kgo.NewClient(kgo.SeedBrokers(addr), kgo.ProducerLinger(0), kgo.ProducerBatchMaxBytes(1_000_012), kgo.MetadataMinAge(50*time.Millisecond), kgo.UnknownTopicRetries(100))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.client.Close)
	x.adm = kadm.NewClient(x.client)
	if err := kafka.CreateTopics(t.Context(), addr, partitions, x.in, x.out, x.rejected); err != nil {
		t.Fatal(err)
	}
	x.predictions = map[string][]float64{}
	x.knows(x.model)
	return x
}

// knows computes what a model of one feature says for the hours 0 to 23.
func (x *table) knows(path string) {
	t := x.t
	t.Helper()
	m, err := model.Load(t.Context(), path, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "hour", Type: arrow.PrimitiveTypes.Float64, Nullable: true}}, nil))
	defer b.Release()
	for h := range 24 {
		b.Field(0).(*array.Float64Builder).Append(float64(h))
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	binding, err := m.Bind(rec.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	scores := model.Scores{Want: model.WantPrediction}
	if err := binding.Score(rec, &scores); err != nil {
		t.Fatal(err)
	}
	x.predictions[m.Digest()] = scores.Prediction
}

// url is that of a topic.
func (x *table) url(topic string) string { return "kafka://" + x.addr + "/" + topic }

// good makes n messages that are scored.
func (x *table) good(n int) (out []*message) {
	for range n {
		out = append(out, x.bad("", `{"id": %d, "hour": %d}`))
	}
	return out
}

// bad makes a message that is rejected with a code. In value, %d is the id, and a second one the hour.
func (x *table) bad(code, value string) *message {
	id := len(x.sent)
	m := &message{Record: &kgo.Record{Topic: x.in, Key: fmt.Appendf(nil, "%d", id)}, code: code, hour: id % 24}
	text := strings.Replace(value, "%d", strconv.Itoa(id), 1)
	m.Value = []byte(strings.Replace(text, "%d", strconv.Itoa(m.hour), 1))
	x.sent = append(x.sent, m)
	return m
}

// send sends messages and waits until the broker has them.
func (x *table) send(messages ...*message) {
	x.t.Helper()
	records := make([]*kgo.Record, len(messages))
	for i, m := range messages {
		records[i] = m.Record
	}
	ctx, cancel := context.WithTimeout(x.t.Context(), patience)
	defer cancel()
	if err := x.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		x.t.Fatal(err)
	}
}

// read gives what is committed in topics: it waits for n records, and then for more.
func (x *table) read(n int, p *process, topics ...string) (out []*kgo.Record) {
	x.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(x.addr), kgo.ConsumeTopics(topics...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		x.t.Fatal(err)
	}
	defer client.Close()
	for begin, quiet := time.Now(), 0; quiet < 3; {
		ctx, cancel := context.WithTimeout(x.t.Context(), 200*time.Millisecond)
		fetches := client.PollFetches(ctx)
		cancel()
		before := len(out)
		fetches.EachRecord(func(r *kgo.Record) { out = append(out, r) })
		switch {
		case len(out) > before:
			quiet = 0
		case len(out) >= n || p != nil && p.ended():
			quiet++
		case time.Since(begin) > patience:
			x.t.Fatalf("%d of %d records came of %v", len(out), n, topics)
		}
	}
	return out
}

// settled holds that each message that was sent has become what it has to, once. p is the stream that does that; nil: none.
func (x *table) settled(p *process) {
	x.t.Helper()
	if left := x.unsettled(p); left != "" {
		said := ""
		if p != nil {
			said = p.text()
		}
		x.t.Fatalf("%s\n%.3000s", left, said)
	}
}

// unsettled says what settled holds against the outputs.
func (x *table) unsettled(p *process) (problems string) {
	x.t.Helper()
	want := map[string]*message{}
	for _, m := range x.sent {
		if !m.lost {
			want[string(m.Key)] = m
		}
	}
	n, count := len(want), 0
	say := func(format string, args ...any) {
		if count++; count <= 10 {
			problems += fmt.Sprintf(format, args...) + "\n"
		}
	}
	for _, r := range x.read(n, p, x.out, x.rejected) {
		m := want[string(r.Key)]
		if m == nil {
			say("one more of the message %s: %.300s", r.Key, r.Value)
			continue
		}
		delete(want, string(r.Key))
		if err := x.right(m, r); err != nil {
			say("message %s (%.100s): %v", r.Key, m.Value, err)
		}
	}
	for id, m := range want {
		say("nothing came of the message %s: %.100s", id, m.Value)
	}
	if count > 10 {
		problems += fmt.Sprintf("and %d more", count-10)
	}
	return problems
}

// right holds a record to what its message must become.
func (x *table) right(m *message, r *kgo.Record) error {
	place := fmt.Sprintf("kafka://%s/%d@%d", m.Topic, m.Partition, m.Offset)
	if got := headerOf(r, "glulam-source"); got != place {
		return fmt.Errorf("it came from %s, its output says %s", place, got)
	}
	var out struct {
		Code       string   `json:"code"`
		Prediction *float64 `json:"prediction"`
	}
	err := json.Unmarshal(r.Value, &out)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %.300s", err, r.Value)
	case out.Code != m.code || (r.Topic == x.rejected) != (m.code != ""):
		return fmt.Errorf("it came to %s: %.300s", r.Topic, r.Value)
	case m.code != "":
		return nil
	}
	says := x.predictions[headerOf(r, "glulam-model")]
	if says == nil || out.Prediction == nil || math.Float64bits(*out.Prediction) != math.Float64bits(says[m.hour]) {
		return fmt.Errorf("the model %s gives %v: %.300s", headerOf(r, "glulam-model"), says, r.Value)
	}
	return nil
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// process is a glulam that runs.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{}

	mu   sync.Mutex
	said bytes.Buffer
}

// run starts glulam. It is killed at the test's end if it still runs.
func run(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, args...), done: make(chan struct{})}
	p.cmd.Stderr, p.cmd.Env = p, append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// start starts the stream of a table, with flags beside the usual ones; those win.
func (x *table) start(flags ...string) *process {
	x.t.Helper()
	return x.startWith(nil, flags...)
}

// startWith is start with environment variables.
func (x *table) startWith(env []string, flags ...string) *process {
	x.t.Helper()
	return run(x.t, env, append([]string{"stream", "--model", x.model, "--name", x.name, "--from", x.url(x.in), "--to", x.url(x.out), "--rejected", x.url(x.rejected),
		"--max-rejected", "100%", "--log-level", "info"}, flags...)...)
}

// Write implements io.Writer, for standard error.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// until waits until something is true while the process runs.
func (p *process) until(what string, is func() bool) {
	p.t.Helper()
	for begin := time.Now(); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > patience || p.ended() {
			p.t.Fatalf("it never happened that %s:\n%.3000s", what, p.text())
		}
	}
}

// stop ends a stream in good order.
func (p *process) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.ends(0)
}

// ends waits for the end, which has to have an exit code, and to say some words.
func (p *process) ends(code int, words ...string) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("it does not end:\n%.3000s", p.text())
	}
	r := result{code: p.cmd.ProcessState.ExitCode(), stderr: p.text()}
	if r.code != code {
		p.t.Fatalf("exit code %d, want %d:\n%.3000s", r.code, code, r.stderr)
	}
	r.stderr = ""
	for line := range strings.Lines(p.text()) { // without the log
		if !strings.HasPrefix(line, "time=") {
			r.stderr += line
		}
	}
	if code != 0 {
		r.plain(p.t, "the end", code)
	}
	for _, w := range words {
		if !strings.Contains(r.stderr, w) {
			p.t.Errorf("it does not say %q:\n%.3000s", w, r.stderr)
		}
	}
}

// metric gives the sum of a metric over its labels; -1 if it is not there.
func metric(addr, name string) float64 {
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return -1
	}
	sum, found := 0.0, false
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			fields := strings.Fields(line)
			v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			sum, found = sum+v, found || err == nil
		}
	}
	if !found {
		return -1
	}
	return sum
}
