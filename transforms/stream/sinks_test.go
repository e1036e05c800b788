package stream

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
)

// blockSink is a BlockSink that is Watermarked, and writes down what it is told.
type blockSink struct {
	memSink
	said *[]string
	fail *error
}

func (s *blockSink) say(format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	if said := *s.said; len(said) == 0 || said[len(said)-1] != line { // readers come back often
		*s.said = append(said, line)
	}
	return nil
}

func (s *blockSink) WriteBlock(_ context.Context, b *block.Block) error {
	if err := *s.fail; err != nil {
		*s.fail = nil
		return err
	}
	return s.say("rows %d", b.Times)
}

func (s *blockSink) Flush(context.Context) error { return s.say("flush") }

func (s *blockSink) Watermark(_ context.Context, at int64) error {
	if at == noWatermark {
		return nil
	}
	return s.say("watermark %d", at)
}

func (s *blockSink) End(_ context.Context, drained bool) error { return s.say("end %t", drained) }

// blockRig is a rig whose predictions go to a blockSink.
func blockRig(t *testing.T, ends bool, messages ...Message) (r *rig, said *[]string, fail *error) {
	said, fail = &[]string{}, new(error)
	blockSinks[t.Name()] = func() Sink { return &blockSink{said: said, fail: fail} }
	r = newRig(t, ends, messages...)
	r.read.Options.Links.To.URL = "blocks:" + t.Name()
	r.write.Options.Links.To.URL = "blocks:" + t.Name()
	return r, said, fail
}

var blockSinks = map[string]func() Sink{}

func init() {
	Register("blocks", Connector{Blocks: true, Sink: func(_ context.Context, e Endpoint, _ ReaderID, _ string) (Sink, error) {
		return blockSinks[strings.TrimPrefix(e.URL, "blocks:")](), nil
	}})
}

// TestBlockSink: a sink of blocks gets them with their times, and is told the watermark when they are flushed, and the end.
func TestBlockSink(t *testing.T) {
	r, said, _ := blockRig(t, true, message(2000, `{"x":1}`), message(1000, `{"x":2}`), message(9000, `{"x":"no"}`))
	for more := true; more; {
		var err error
		if more, err = r.call(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(*said, ", "); got != "rows [2000 1000], flush, watermark 2000, end false" {
		t.Errorf("told: %s", got)
	}
	if s := StatsOf(t.Name()); s.Scored.Load() != 2 || s.Rejected.Load() != 1 {
		t.Errorf("%d scored, %d rejected", s.Scored.Load(), s.Rejected.Load())
	}
}

// TestBlockSinkDrained: somebody who stops the run is no end of the source.
func TestBlockSinkDrained(t *testing.T) {
	r, said, _ := blockRig(t, false, message(2000, `{"x":1}`))
	if _, err := r.call(); err != nil {
		t.Fatal(err)
	}
	Drain(t.Name())
	if more, err := r.call(); more || err != nil {
		t.Fatalf("%t %v", more, err)
	}
	if got := strings.Join(*said, ", "); got != "rows [2000], flush, watermark 2000, end true" {
		t.Errorf("told: %s", got)
	}
}

// TestFailedRowsMoveNoWatermark: a bundle that fails does not move the watermark past rows that have yet to be written.
func TestFailedRowsMoveNoWatermark(t *testing.T) {
	r, said, fail := blockRig(t, false, message(2000, `{"x":1}`))
	*fail = fault.New(fault.Unwritable, "", "the disk is full")
	if _, err := r.call(); err == nil {
		t.Fatal("it did not fail")
	}
	r.b.mu.Lock()
	log := r.b.log
	r.b.log = nil // the messages take a while to come again
	r.b.mu.Unlock()
	if _, err := r.call(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(*said, ", "); got != "" {
		t.Errorf("told before the rows came again: %s", got)
	}
	r.b.mu.Lock()
	r.b.log = log
	r.b.mu.Unlock()
	if _, err := r.call(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(*said, ", "); got != "rows [2000], flush, watermark 2000" {
		t.Errorf("told: %s", got)
	}
}
