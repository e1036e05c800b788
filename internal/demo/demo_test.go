package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/stream"
)

// TestWithout plays the pipeline's part: it answers events by hand.
func TestWithout(t *testing.T) {
	before := runtime.NumGoroutine()
	d, err := Open(t.Context(), Options{Rate: 1000, Bad: 0.25, Window: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	nc, err := nats.Connect(d.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	spec := d.Spec()
	if err := spec.Validate(); err != nil {
		t.Error(err)
	}
	champion := &d.models[0]
	n := 0
	_, err = nc.Subscribe(subjectIn, func(m *nats.Msg) {
		key := m.Header.Get("glulam-key")
		out := nats.NewMsg(subjectTo)
		out.Header.Set("glulam-key", key)
		out.Header.Set(stream.HeaderModel, champion.digest)
		out.Data = predictionOf(champion, n)
		if e := d.event(int64(n)); e.bad != "" {
			out.Subject, out.Data = subjectBad, []byte(`{}`)
			out.Header.Set(stream.HeaderCode, string(e.bad))
		}
		n++
		if err := nc.PublishMsg(out); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	d.Start()
	wait(t, func() bool { return d.Counts().Equal >= 30 })
	d.Stop()
	wait(t, func() bool { return d.Counts().Open == 0 })
	if err := errors.Join(d.Failed(), d.Check()); err != nil {
		t.Error(err)
	}
	if c := d.Counts(); c.Bad != c.Rejected || c.Bad != c.Sent/4 || c.Equal != c.Scored {
		t.Errorf("%+v", c)
	}
	if s := d.Scores(time.Now()); s.Count == 0 {
		t.Error("there are no scores")
	}
	nc.Close()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	wait(t, func() bool { return runtime.NumGoroutine() <= before })
	if _, err := os.Stat(d.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// TestModels holds that the alias leads to models that serve, and to one that is refused.
func TestModels(t *testing.T) {
	d, err := Open(t.Context(), Options{Rate: 1, Window: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	load := func() (*model.Model, error) { return model.Load(t.Context(), d.Alias(), model.Options{}) }
	m, err := load()
	if err != nil || d.FileOf(m.Digest()) != Champion || d.LeadsTo() != Champion {
		t.Errorf("at first %v serves, %v", m, err)
	}
	if !d.Decided() {
		t.Error("nothing was offered, and that is not decided on")
	}
	for range 2 { // no pipeline looks: the first one would serve on
		if err := d.Spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := load(); fault.CodeOf(err) != fault.Corrupt {
			t.Errorf("the corrupt model: %v", err)
		}
	}
	if d.Decided() {
		t.Error("nobody has looked, and it is decided")
	}
	if file, err := d.Swap(); err != nil || d.LeadsTo() != file {
		t.Errorf("%s: %v", file, err)
	}
	if m, err := load(); err != nil || d.FileOf(m.Digest()) == "" {
		t.Errorf("%v: %v", m, err)
	}
}

// TestOptions holds that everything that is wrong is said at once.
func TestOptions(t *testing.T) {
	_, err := Open(t.Context(), Options{Bad: 2, Late: -1})
	for _, want := range []string{"rate", "bad", "late", "window"} {
		if err == nil || fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func wait(t *testing.T, is func() bool) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatal("it does not happen")
}

// predictionOf is an output as the pipeline writes it.
func predictionOf(c *contender, n int) []byte {
	return fmt.Appendf(nil, `{"id":1,"prediction":%v}`, c.expected[n%len(c.expected)])
}
