package demo

import (
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/glulam/glulam/fault"
)

// eventTime is the member that the sender adds to a row.
const eventTime = "event_time"

// ways are how an event is bad, and the code that it must get.
var ways = []struct {
	code  fault.Code
	spoil func(row []byte, at int64) []byte
}{
	{fault.BadJSON, func(row []byte, _ int64) []byte { return row[:len(row)/2] }},
	{fault.WrongType, func(_ []byte, at int64) []byte { return withTime([]byte(`{"hour":"six"}`), at) }},
	{fault.BadTime, func(row []byte, _ int64) []byte {
		return append(row[:len(row)-1:len(row)-1], `,"`+eventTime+`":"yesterday"}`...)
	}},
	{fault.DuplicateName, func(row []byte, at int64) []byte { return withTime(withTime(row, at), at) }},
	{fault.Tombstone, func([]byte, int64) []byte { return nil }},
}

// withTime adds the event time to an object, in milliseconds since 1970.
func withTime(row []byte, at int64) []byte {
	out := make([]byte, 0, len(row)+len(eventTime)+20)
	out = append(out, row[:len(row)-1]...)
	out = append(out, `,"`+eventTime+`":`...)
	return append(strconv.AppendInt(out, at, 10), '}')
}

// chosen says whether event n is one of a share of all, evenly spread.
func chosen(n int64, share float64) bool {
	return math.Floor(float64(n+1)*share) > math.Floor(float64(n)*share)
}

// event is one to be sent.
type event struct {
	row  int
	bad  fault.Code // "": it is good
	late bool
	msg  *nats.Msg
}

// event makes the n-th event.
func (d *Demo) event(n int64) event {
	e := event{row: int(n % int64(len(d.flights)))}
	f := &d.flights[e.row]
	at := d.timeOf(n).UnixMilli()
	if e.late = chosen(n, d.o.Late); e.late {
		at -= d.o.Window.Milliseconds()
	}
	value := withTime(f.json, at)
	h := nats.Header{"glulam-key": {strconv.FormatInt(n, 10)}}
	if chosen(n, d.o.Bad) {
		way := &ways[int64(math.Floor(float64(n)*d.o.Bad))%int64(len(ways))]
		e.bad, value = way.code, way.spoil(f.json, at)
		if value == nil {
			h["glulam-tombstone"] = []string{"true"}
		}
	}
	e.msg = &nats.Msg{Subject: subjectIn, Header: h, Data: value}
	return e
}

// timeOf is the event time of the n-th event.
func (d *Demo) timeOf(n int64) time.Time {
	rows := int64(len(d.flights))
	first, last := d.flights[0].at, d.flights[rows-1].at
	span := last.Sub(first) + time.Hour
	pass := float64(rows) / float64(d.o.Rate) // seconds
	part := float64(d.flights[n%rows].at.Sub(first)) / float64(span)
	return d.began.Add(time.Duration((float64(n/rows) + part) * pass * float64(time.Second)))
}
