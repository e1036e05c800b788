package monitor

import (
	"slices"
	"time"

	"github.com/glulam/glulam/fault"
)

// Options say what to summarize, and over which windows. They travel to the workers as JSON.
type Options struct {
	// Run is the run's name for stream.StatsOf: it tells windows that a drain cut short. "" tells none.
	Run string
	// Window is how long a window is. Windows are aligned to 1970-01-01T00:00:00Z, so one of an hour is an hour of the clock in
	// every time zone that is whole hours away from UTC, also on days when clocks change.
	Window time.Duration
	// Period is from one window's start to the next one's; 0: Window, so that windows do not overlap.
	Period time.Duration
	// AllowedLateness is how far past a window's end the watermark may be when a row of it still counts.
	AllowedLateness time.Duration
	// Outputs are the columns of numbers of scored blocks to give quantiles of: "prediction", "margin_0".
	Outputs []string
	// Classes are the columns whose values are counted: integers, booleans or texts, such as "class".
	Classes []string
	// Features are those to give missing rates of. Blocks must say which rows miss them (score.Options.Missing).
	Features []string
}

// Limits of Options.
const (
	MaxOverlap = 1440 // how many windows a row may be in
	MaxColumns = 4096 // outputs and classes
)

// Check says what is wrong with the options.
func (o *Options) Check() error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Usage, "", format, args...).OnField(field)
	}
	switch {
	case o.Window <= 0 || o.Window%time.Millisecond != 0:
		return bad("window", "a window of %s", o.Window).WithHint("give a number of milliseconds or more, such as 1m")
	case o.Period < 0 || o.Period%time.Millisecond != 0:
		return bad("period", "a window every %s", o.Period).WithHint("give a number of milliseconds or more, or leave it out")
	case o.Period > o.Window:
		return bad("period", "windows of %s every %s leave rows out", o.Window, o.Period).WithHint("take a period that is not longer than the window")
	case o.Window > MaxOverlap*o.period():
		return bad("period", "windows of %s every %s: each row would be in more than %d", o.Window, o.Period, MaxOverlap).WithHint("take a longer period")
	case o.AllowedLateness < 0 || o.AllowedLateness%time.Millisecond != 0:
		return bad("lateness", "rows may not be late by %s", o.AllowedLateness).WithHint("give a number of milliseconds or more")
	case len(o.Outputs)+len(o.Classes) > MaxColumns:
		return bad("outputs", "%d columns, at most %d can be summarized", len(o.Outputs)+len(o.Classes), MaxColumns).WithHint("name those that matter")
	}
	for _, names := range [][]string{o.Outputs, o.Classes, o.Features} {
		for i, n := range names {
			if slices.Contains(names[:i], n) {
				return bad(n, "named twice")
			}
		}
	}
	return nil
}

func (o *Options) period() time.Duration {
	if o.Period == 0 {
		return o.Window
	}
	return o.Period
}

// steps says in milliseconds how rows are gathered: first in steps, which divide window and period, then in windows. With
// both the same, the first is left out.
func (o *Options) steps() (step, window, period int64) {
	window, period = o.Window.Milliseconds(), o.period().Milliseconds()
	slice := gcd(window, period)
	if window == period && o.Window <= time.Minute {
		return window, window, window
	}
	// A source's call lasts 100 ms, and each gives its partial: gathered in steps of about 10 s they stay few in long windows.
	const longest, shortest = 10_000, 1_000
	for n := max(1, (slice+longest-1)/longest); n*shortest <= slice; n++ {
		if slice%n == 0 {
			return slice / n, window, period
		}
	}
	return slice, window, period
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// endOf is the end of the stretch of a length that a time is in; stretches are aligned to 1970.
func endOf(t, length int64) int64 {
	r := t % length
	if r < 0 {
		r += length
	}
	return t - r + length
}
