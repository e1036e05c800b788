package monitor

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Summary]())
	beam.RegisterCoder(reflect.TypeFor[Summary](), encodeSummary, decodeSummary)
}

// Summary is what a model did in a window. Its JSON form is stable: members may be added, not changed.
type Summary struct {
	// Start and End are the window's, in event time, UTC. End is not in it.
	Start time.Time `json:"window_start"`
	End   time.Time `json:"window_end"`
	// Pane says when the summary was made, Index counts the window's summaries from 0. The second one holds everything that the
	// first one held: it takes its place.
	Pane  Pane `json:"pane"`
	Index int  `json:"pane_index"`
	// Partial: the run was drained before the window's end, so rows of it are still to be read by the next run.
	Partial bool `json:"partial,omitempty"`
	// Model is the digest of the model that scored or refused the rows; "" for rows that were refused before any model.
	Model string `json:"model"`
	// Rows were scored, Rejected were not, by fault.Code.
	Rows     int64            `json:"rows"`
	Rejected map[string]int64 `json:"rejected,omitempty"`
	// Outputs are those of Options.Outputs; nil if no row was scored.
	Outputs map[string]Distribution `json:"outputs,omitempty"`
	// Classes gives for each of Options.Classes the rows with each value. A column of more than MaxValues values has none.
	Classes map[string]map[string]Share `json:"classes,omitempty"`
	// Missing gives for each of Options.Features that the model uses the rows without a value for it.
	Missing map[string]Share `json:"missing,omitempty"`
	// Latency is from the messages' timestamps until their rows came here, scored, in milliseconds. Rows without a timestamp
	// are left out.
	Latency *Distribution `json:"latency_ms,omitempty"`
}

// Pane says when a summary was made.
type Pane string

const (
	OnTime Pane = "on_time" // when the watermark passed the window's end
	Late   Pane = "late"    // when the allowed lateness was over, with rows that came after the watermark
	Early  Pane = "early"   // before the window's end; Summarize makes none of these
)

// Distribution is what is known of numbers. All but the counts are 0 if Count is.
type Distribution struct {
	Count     int64     `json:"count"`                // of finite numbers
	NotFinite int64     `json:"not_finite,omitempty"` // NaN and infinities, which are in nothing below
	Mean      float64   `json:"mean"`
	Min       float64   `json:"min"`
	Max       float64   `json:"max"`
	Quantiles Quantiles `json:"quantiles"`
}

// Quantiles are at most Accuracy off, relatively. They lie between Min and Max.
type Quantiles struct {
	Q01 float64 `json:"0.01"`
	Q05 float64 `json:"0.05"`
	Q25 float64 `json:"0.25"`
	Q50 float64 `json:"0.5"`
	Q75 float64 `json:"0.75"`
	Q95 float64 `json:"0.95"`
	Q99 float64 `json:"0.99"`
}

// Share is some of the rows.
type Share struct {
	Rows  int64   `json:"rows"`
	Share float64 `json:"share"` // of those that could have been
}

func share(rows, of int64) Share {
	if of == 0 {
		return Share{}
	}
	return Share{Rows: rows, Share: float64(rows) / float64(of)}
}

func encodeSummary(s Summary) ([]byte, error) { return json.Marshal(s) }

func decodeSummary(data []byte) (Summary, error) {
	var s Summary
	err := json.Unmarshal(data, &s)
	return s, err
}

// summary says what a partial holds.
func (p *partial) summary(o *Options, end int64, model string) Summary {
	s := Summary{
		Start: time.UnixMilli(end).Add(-o.Window).UTC(), End: time.UnixMilli(end).UTC(),
		Model: model, Rows: p.rows, Rejected: p.rejected,
	}
	if p.rows == 0 {
		return s
	}
	s.Outputs = make(map[string]Distribution, len(o.Outputs))
	for i, name := range o.Outputs {
		s.Outputs[name] = p.outputs[i].summary()
	}
	s.Classes = make(map[string]map[string]Share, len(o.Classes))
	for i, name := range o.Classes {
		s.Classes[name] = p.classes[i].shares()
	}
	s.Missing = make(map[string]Share, len(o.Features))
	for i, name := range o.Features {
		if p.counted[i] > 0 {
			s.Missing[name] = share(p.missing[i], p.counted[i])
		}
	}
	if p.latency.count > 0 {
		d := p.latency.summary()
		s.Latency = &d
	}
	return s
}
