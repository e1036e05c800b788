package monitor

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/typex"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

func init() {
	beam.RegisterDoFn(&closeFn{})
	beam.RegisterDoFn(&lateFn{})
	register.Emitter1[Summary]()
}

// closeFn merges what came for a window: first what was there when the watermark passed its end, then what came late.
type closeFn struct{ Options Options }

// ProcessElement emits the summary of what was on time. With an allowed lateness everything goes on to lateFn, too.
func (f *closeFn) ProcessElement(pn beam.PaneInfo, text string, values func(*[]byte) bool, say func(Summary), forward func(beam.EventTime, string, []byte)) error {
	k, err := parseKey(text)
	if err != nil {
		return fault.Wire(err)
	}
	late, allowed := pn.Timing == typex.PaneLate, f.Options.AllowedLateness.Milliseconds()
	if late && allowed == 0 {
		return nil // Prism lets rows through for a while that are too late.
	}
	all, err := mergeAll(&f.Options, values)
	if err != nil {
		return err
	}
	if !late {
		s := all.summary(&f.Options, k.end, k.model)
		s.Pane, s.Partial = OnTime, f.cutShort(k)
		say(s)
	}
	if allowed > 0 {
		forward(beamTime(k.end+allowed-1), text, all.encode([]byte{flag(late)}))
	}
	return nil
}

// cutShort says whether the window was closed by a drain, before its end.
func (f *closeFn) cutShort(k key) bool {
	if f.Options.Run == "" {
		return false
	}
	s := stream.StatsOf(f.Options.Run)
	return s.Draining() && s.Watermark.Load() < k.end
}

// lateFn merges everything that came for a window until no more may come.
type lateFn struct{ Options Options }

// ProcessElement emits a summary if there were late rows.
func (f *lateFn) ProcessElement(text string, values func(*[]byte) bool, say func(Summary)) error {
	k, err := parseKey(text)
	if err != nil {
		return fault.Wire(err)
	}
	all, late, onTime := newPartial(&f.Options), false, 0
	var data []byte
	for values(&data) {
		if len(data) == 0 || data[0] > 1 {
			return errPartial
		}
		p, err := decodePartial(&f.Options, data[1:])
		if err != nil {
			return err
		}
		all.merge(p)
		late = late || data[0] == 1
		if data[0] == 0 {
			onTime = 1
		}
	}
	if late {
		s := all.summary(&f.Options, k.end, k.model)
		s.Pane, s.Index = Late, onTime
		say(s)
	}
	return nil
}
