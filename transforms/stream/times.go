package stream

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

// EventTime says which column holds the rows' event times.
type EventTime struct {
	Column string
	// Unit is what a number there counts since 1970, UTC: of TimeUnits; "" is "ms". A text is a time as in RFC 3339, or one
	// without a zone, which is then Zone's.
	Unit string
	// Zone is the name of a time zone of the IANA database, for texts without one; "" refuses them. A time that the clocks
	// there show twice is the earlier one; one that they never show is no time.
	Zone string
	// Ahead is how far ahead of the clock an event time may be: the watermark follows the largest, and never goes back. What is
	// further ahead is no time. It holds for messages' own timestamps, too. 0 is DefaultAhead.
	Ahead time.Duration
}

// DefaultAhead is a year: it lets schedules pass, and no seconds that are taken for milliseconds.
const DefaultAhead = 366 * 24 * time.Hour

// TimeUnits are the values of EventTime.Unit.
var TimeUnits = []string{"s", "ms", "us", "ns"}

// eventColumn names the column of event times among those that are read.
const eventColumn = "\x00event_time"

func (e EventTime) readAs() block.Column {
	return block.Column{Column: format.Column{Name: eventColumn, Path: e.Column, Kind: format.Text}, Feature: true}
}

// Check says what is wrong with the options.
func (e EventTime) Check() error {
	if e.Unit != "" && !slices.Contains(TimeUnits, e.Unit) {
		return fault.New(fault.Usage, "", "%q is none of %v", e.Unit, TimeUnits).OnField("event-unit")
	}
	if e.Column == "" && (e.Unit != "" || e.Zone != "") {
		return fault.New(fault.Usage, "", "there is no event-time column to read as that").OnField("event-time")
	}
	if _, err := time.LoadLocation(e.Zone); err != nil {
		return fault.New(fault.Usage, "", "%w", err).OnField("event-zone").WithHint("zones have names such as America/New_York")
	}
	return nil
}

// timeReader gives blocks their event times.
type timeReader struct {
	column int // -1: the messages' own
	unit   string
	zone   *time.Location // nil: none
	ahead  time.Duration
	times  []int64
	bad    []badTime
}

// badTime is a row without a time.
type badTime struct {
	row     int
	message string
}

// newTimeReader makes one for the column at an index of the blocks' records.
func newTimeReader(e EventTime, column int) timeReader {
	t := timeReader{column: column, unit: e.Unit, ahead: orDefault(e.Ahead, DefaultAhead)}
	if e.Column == "" {
		t.column = -1
	}
	if e.Zone != "" {
		t.zone, _ = time.LoadLocation(e.Zone) // checked
	}
	return t
}

// read sets the block's times and gives the rows that have none, in order. Both are valid until the next call.
func (t *timeReader) read(b *block.Block) ([]badTime, error) {
	n := int(b.Record.NumRows())
	t.times, t.bad = slices.Grow(t.times[:0], n)[:n], t.bad[:0]
	b.Times = t.times
	latest := time.Now().Add(t.ahead).UnixMilli()
	if t.column < 0 {
		for i := range b.Envelopes {
			t.put(i, b.Envelopes[i].Time, latest)
		}
		return t.bad, nil
	}
	a, ok := b.Record.Column(t.column).(*array.String)
	if !ok {
		return nil, fault.New(fault.Internal, "", "event times are read as %s", b.Record.Column(t.column).DataType())
	}
	for i := range n {
		if a.IsNull(i) {
			t.bad = append(t.bad, badTime{i, "no event time"})
			continue
		}
		ms, err := t.parse(a.Value(i))
		if err != nil {
			t.bad = append(t.bad, badTime{i, err.Error()})
			continue
		}
		t.put(i, ms, latest)
	}
	return t.bad, nil
}

// put sets a row's time unless it is too far ahead.
func (t *timeReader) put(row int, ms, latest int64) {
	if t.times[row] = ms; ms > latest {
		t.bad = append(t.bad, badTime{row, fmt.Sprintf("%d ms since 1970 is more than %s ahead of the clock", ms, t.ahead)})
	}
}

// layouts are those of times without a zone.
var layouts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"}

// parse gives the milliseconds since 1970 of a text.
func (t *timeReader) parse(s string) (int64, error) {
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return t.number(s, v)
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		var local time.Time
		if local, err = anyLayout(s); err != nil {
			return 0, fmt.Errorf("%.60q is no time as in RFC 3339, and no number", s)
		}
		if t.zone == nil {
			return 0, fmt.Errorf("%.60q has no time zone", s)
		}
		at = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), t.zone)
		if at.Hour() != local.Hour() || at.Minute() != local.Minute() {
			return 0, fmt.Errorf("%.60q is a time that clocks in %s never showed", s, t.zone)
		}
		_, offset := at.Zone()
		_, before := at.Add(-6 * time.Hour).Zone()
		earlier := at.Add(-time.Duration(before-offset) * time.Second) // the clocks went back by that
		if before > offset && earlier.Hour() == at.Hour() && earlier.Minute() == at.Minute() {
			at = earlier
		}
	}
	ms := at.UnixMilli()
	if at.Year() < 1 || at.Year() > 9999 {
		return 0, fmt.Errorf("%.60q is not within the years 1 to 9999", s)
	}
	return ms, nil
}

func anyLayout(s string) (t time.Time, err error) {
	for _, l := range layouts {
		if t, err = time.Parse(l, s); err == nil {
			return t, nil
		}
	}
	return t, err
}

func (t *timeReader) number(s string, v float64) (int64, error) {
	switch t.unit {
	case "s":
		v *= 1000
	case "us":
		v /= 1000
	case "ns":
		v /= 1e6
	}
	const year1, year10000 = -62135596800000, 253402300800000
	if !(v >= year1 && v < year10000) {
		return 0, fmt.Errorf("%.60q is not within the years 1 to 9999", s)
	}
	return int64(math.Floor(v)), nil
}
