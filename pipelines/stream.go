package pipelines

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

// Stream says what a streaming run is to do. Its JSON and YAML keys are the names of the command's flags.
type Stream struct {
	Model       string            `json:"model"`
	From        string            `json:"from"`                   // see stream.Endpoint
	To          string            `json:"to"`                     // likewise
	Rejected    string            `json:"rejected"`               // likewise
	Options     map[string]string `json:"option,omitzero"`        // of the connector of from, to and rejected
	Name        string            `json:"name,omitzero"`          // of the job; "" is made of from and to
	Values      string            `json:"values,omitzero"`        // format of the messages that come in; "" is json
	NullNumbers []string          `json:"null-numbers,omitzero"`  // strings that mean a missing number; nil: none
	NullTexts   []string          `json:"null-texts,omitzero"`    // strings that mean a missing text; nil: none
	Columns     []string          `json:"columns,omitzero"`       // members to keep; nil: the whole message
	Outputs     []string          `json:"outputs,omitzero"`       // of score.OutputKinds; nil: prediction
	Rename      map[string]string `json:"rename,omitzero"`        // feature -> member
	Features    []string          `json:"features,omitzero"`      // see model.Options
	Trees       string            `json:"trees,omitzero"`         // see model.Options
	Raw         bool              `json:"raw,omitzero"`           // see model.Options
	Engine      string            `json:"engine,omitzero"`        // "" is auto
	MaxRejected string            `json:"max-rejected,omitzero"`  // see Limit
	Delivery    stream.Delivery   `json:"delivery,omitzero"`      // "" is at-least-once
	Readers     int               `json:"readers,omitzero"`       // 0 is 1
	MaxInFlight int               `json:"max-in-flight,omitzero"` // messages; 0 is stream.DefaultInFlight
	CommitEvery time.Duration     `json:"commit-every,omitzero"`  // of exactly-once; 0 is stream.DefaultCommit
	EventTime   string            `json:"event-time,omitzero"`    // member; "" is the message's timestamp
	EventUnit   string            `json:"event-unit,omitzero"`    // see stream.EventTime
	EventZone   string            `json:"event-zone,omitzero"`    // likewise
	MaxDisorder time.Duration     `json:"max-disorder,omitzero"`  // how much the watermark stays behind
	IdleTimeout time.Duration     `json:"idle-timeout,omitzero"`  // 0 is stream.DefaultIdle
}

// Validate reports everything that is wrong with s by itself, without looking for anything, as one error that joins
// *fault.Error values with code Usage; the Field of each is the key.
func (s *Stream) Validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fault.New(fault.Usage, "", format, args...).OnField(key))
	}
	on := func(key string, err error) {
		if fe := (*fault.Error)(nil); errors.As(err, &fe) {
			if fe.Field == "" {
				fe.Field = key
			}
			errs = append(errs, fe)
		} else if err != nil {
			bad(key, "%w", err)
		}
	}
	if s.Model == "" {
		bad("model", "no model given")
	}
	for _, e := range []struct {
		key, url, what string
		sink           bool
	}{{"from", s.From, "source", false}, {"to", s.To, "sink for predictions", true}, {"rejected", s.Rejected, "sink for rejected rows", true}} {
		if e.url == "" {
			bad(e.key, "no %s given", e.what)
			continue
		}
		on(e.key, checkEndpoint(s.endpoint(e.url), e.sink))
	}
	checkOutputKinds(s.Outputs, bad)
	checkTwice("columns", s.Columns, bad)
	if _, err := ParseLimit(s.MaxRejected); err != nil {
		bad("max-rejected", "%w", err)
	}
	if s.Engine != "" && !slices.Contains(model.Engines, s.Engine) {
		bad("engine", "%q is none of %s", s.Engine, strings.Join(model.Engines, ", "))
	}
	if s.Delivery != "" && !slices.Contains(stream.Deliveries, s.Delivery) {
		bad("delivery", "%q is none of %v", s.Delivery, stream.Deliveries)
	}
	if s.Readers < 0 || s.Readers > 1000 {
		bad("readers", "%d: from 1 to 1000", s.Readers)
	}
	if s.MaxInFlight < 0 || s.MaxInFlight > 1_000_000 {
		bad("max-in-flight", "%d: from 1 to 1000000 messages", s.MaxInFlight)
	}
	for _, d := range []struct {
		key string
		d   time.Duration
	}{{"commit-every", s.CommitEvery}, {"max-disorder", s.MaxDisorder}, {"idle-timeout", s.IdleTimeout}} {
		if d.d < 0 {
			bad(d.key, "%s is less than nothing", d.d)
		}
	}
	on("event-time", s.eventTime().Check())
	v := s.values(nil)
	codec, err := stream.CodecOf(v)
	if err == nil && codec.Check != nil {
		err = codec.Check(v)
	}
	on("values", err)
	return errors.Join(errs...)
}

func checkEndpoint(e stream.Endpoint, sink bool) error {
	c, err := stream.Find(e)
	if err != nil {
		return err
	}
	if c.Check == nil {
		return nil
	}
	return c.Check(e, sink)
}

// endpoint gives an endpoint the options that its connector knows.
func (s *Stream) endpoint(url string) stream.Endpoint {
	return stream.Endpoint{URL: url, Options: s.Options}
}

func (s *Stream) eventTime() stream.EventTime {
	return stream.EventTime{Column: s.EventTime, Unit: s.EventUnit, Zone: s.EventZone}
}

func (s *Stream) values(taken []string) stream.Values {
	v := stream.Values{Format: s.Values, Taken: taken}
	if s.NullNumbers != nil || s.NullTexts != nil {
		v.Nulls = &format.Nulls{Number: s.NullNumbers, Text: s.NullTexts}
	}
	return v
}

// links names the job and ties its ends together.
func (s *Stream) links() stream.Links {
	name := s.Name
	if name == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", s.From, s.To))
		name = fmt.Sprintf("glulam-%x", sum[:5])
	}
	return stream.Links{
		Run: name, From: s.endpoint(s.From), To: s.endpoint(s.To), Rejected: s.endpoint(s.Rejected),
		Delivery: s.Delivery, Readers: s.Readers, MaxInFlight: s.MaxInFlight, CommitEvery: s.CommitEvery,
		Idle: s.IdleTimeout, Disorder: s.MaxDisorder,
	}
}

// StreamJob is a streaming run that was looked over and can be built.
type StreamJob struct {
	Spec  Stream
	Model *model.Model
	Links stream.Links

	columns []block.Column
	taken   []string // members that messages must not have
}

// Prepare looks everything over but the broker: a source tells what is wrong with it when it is opened.
func (s Stream) Prepare(ctx context.Context) (*StreamJob, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	m, err := score.Load(ctx, score.Options{Model: s.Model, Engine: s.Engine, Features: s.Features, Trees: s.Trees, Raw: s.Raw})
	if err != nil {
		return nil, err
	}
	if len(s.Outputs) == 0 && !s.Raw {
		s.Outputs = m.DefaultOutputs()
	}
	j := &StreamJob{Spec: s, Model: m, Links: s.links()}
	scoring := j.scoring()
	if err := scoring.Check(m); err != nil {
		return nil, err
	}
	inputs, err := m.Inputs(s.Rename)
	if err != nil {
		return nil, err
	}
	if err := j.planColumns(inputs); err != nil {
		return nil, err
	}
	return j, nil
}

// planColumns decides what is read of the messages: what the model needs, and what is kept beside the predictions, which is
// copied as it stands.
func (j *StreamJob) planColumns(inputs []model.Input) error {
	scoring := j.scoring()
	if j.Spec.Columns == nil {
		j.columns = []block.Column{{Column: format.Column{Name: "message", Kind: format.RawRow}}}
		for _, f := range scoring.Fields(j.Model) {
			j.taken = append(j.taken, f.Name)
		}
	}
	var clash []string
	for _, name := range j.Spec.Columns {
		j.columns = append(j.columns, block.Column{Column: format.Column{Name: name, Kind: format.Raw}})
		for _, f := range scoring.Fields(j.Model) {
			if f.Name == name {
				clash = append(clash, name)
			}
		}
	}
	if len(clash) > 0 {
		return score.Clash(clash)
	}
	var err error
	j.columns, err = addFeatures(j.columns, inputs, false)
	return err
}

func (j *StreamJob) scoring() score.Options {
	s := &j.Spec
	return score.Options{Model: s.Model, Digest: j.Model.Digest(), Engine: s.Engine, Features: s.Features, Trees: s.Trees, Raw: s.Raw, Rename: s.Rename, Outputs: s.Outputs}
}

// Build adds the run to a pipeline.
func (j *StreamJob) Build(s beam.Scope) {
	in := stream.Read(s, stream.ReadOptions{Links: j.Links, Values: j.Spec.values(j.taken), Columns: j.columns, EventTime: j.Spec.eventTime()})
	scored, refused := score.Score(s, j.scoring(), in.Blocks)
	stream.Write(s, stream.WriteOptions{Links: j.Links, Version: Version}, scored, in.Rejected, refused)
}

// Stats gives the run's live numbers, for runners whose workers are this process.
func (j *StreamJob) Stats() *stream.Stats { return stream.StatsOf(j.Links.Run) }

// Drain ends the run in good order: see stream.Drain.
func (j *StreamJob) Drain() { stream.Drain(j.Links.Run) }

// Cleanup closes what the run holds open in this process.
func (j *StreamJob) Cleanup() error { return stream.End(j.Links.Run) }
