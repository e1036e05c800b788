package monitor

import (
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window/trigger"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
)

func init() {
	beam.RegisterDoFn(&mergeFn{})
	register.Iter1[[]byte]()
}

// Summarize gives the summaries (PCollection<Summary>, in the global window, at their windows' ends) of scored blocks
// (PCollection<block.Block> with Times) and dead letters (PCollections<block.Rejected>), as described in the package's
// documentation. Options that fail their Check panic, as Beam's own transforms do.
func Summarize(s beam.Scope, o Options, scored beam.PCollection, rejected ...beam.PCollection) beam.PCollection {
	if err := o.Check(); err != nil {
		panic(err)
	}
	s = s.Scope("glulam.Summarize")
	parts := []beam.PCollection{beam.ParDo(s, &scoredFn{Options: o}, scored)}
	for _, r := range rejected {
		parts = append(parts, beam.ParDo(s, &rejectedFn{Options: o}, r))
	}
	gathered := parts[0]
	if len(parts) > 1 {
		gathered = beam.Flatten(s, parts...)
	}
	step, window, period := o.steps()
	if step < window {
		// What is too late for a step may be early enough for its windows.
		gathered = beam.ParDo(s, &mergeFn{Options: o}, group(s, gathered, step, o.AllowedLateness+o.Window))
	}
	grid := gcd(window, period) // of the windows' ends
	onTime, all := beam.ParDo2(s, &closeFn{Options: o}, group(s, gathered, grid, o.AllowedLateness))
	onTime = global(s, onTime)
	if o.AllowedLateness == 0 {
		return onTime
	}
	// What belongs to a window is put together once more when the watermark passes the end of the allowed lateness. That is an
	// end of a window, too, so this needs neither state nor timers, which prism loses or repeats.
	late := beam.ParDo(s, &lateFn{Options: o}, group(s, all, gcd(grid, o.AllowedLateness.Milliseconds()), 0))
	return beam.Flatten(s, onTime, global(s, late))
}

// group brings the partials of a key together when the watermark passes its end, and those that come later as they come.
func group(s beam.Scope, parts beam.PCollection, length int64, lateness time.Duration) beam.PCollection {
	windowed := beam.WindowInto(s, window.NewFixedWindows(time.Duration(length)*time.Millisecond), parts,
		beam.Trigger(trigger.Default()), beam.AllowedLateness(lateness), beam.PanesDiscard())
	return beam.GroupByKey(s, windowed)
}

func global(s beam.Scope, col beam.PCollection) beam.PCollection {
	return beam.WindowInto(s, window.NewGlobalWindows(), col)
}

// mergeAll merges a group.
func mergeAll(o *Options, values func(*[]byte) bool) (*partial, error) {
	all := newPartial(o)
	var data []byte
	for values(&data) {
		p, err := decodePartial(o, data)
		if err != nil {
			return nil, err
		}
		all.merge(p)
	}
	return all, nil
}

// mergeFn merges the partials of a step, for the windows that the step is in.
type mergeFn struct{ Options Options }

// ProcessElement emits one partial for each of the windows.
func (f *mergeFn) ProcessElement(text string, values func(*[]byte) bool, emit func(beam.EventTime, string, []byte)) error {
	k, err := parseKey(text)
	if err != nil {
		return fault.Wire(err)
	}
	all, err := mergeAll(&f.Options, values)
	if err != nil {
		return err
	}
	data := all.encode(nil)
	_, window, period := f.Options.steps()
	// Windows begin at multiples of period. The last one that the step is in begins with it or before.
	last := endOf(k.end-1, period) - period
	for step := k.end - 1; last+window > step; last -= period {
		w := key{last + window, k.model}
		emit(w.time(), w.String(), data)
	}
	return nil
}
