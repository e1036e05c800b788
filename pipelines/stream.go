package pipelines

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/rules"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/files"
	"github.com/glulam/glulam/transforms/monitor"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

// Stream says what a streaming run is to do. Its JSON and YAML keys are the names of the command's flags.
type Stream struct {
	Model       string            `json:"model"`
	From        string            `json:"from"`                   // see stream.Endpoint
	To          string            `json:"to"`                     // likewise
	Rejected    string            `json:"rejected"`               // likewise
	Options     map[string]string `json:"option,omitzero"`        // of the connectors of from, to and rejected, and of values
	Name        string            `json:"name,omitzero"`          // of the job; "" is made of from and to
	Values      string            `json:"values,omitzero"`        // format of the messages that come in; "" is json
	ValuesTo    string            `json:"values-to,omitzero"`     // format of the predictions that go out; "" is json
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
	CommitEvery time.Duration     `json:"commit-every,omitzero"`  // 0 is stream.DefaultCommit
	EventTime   string            `json:"event-time,omitzero"`    // member; "" is the message's timestamp
	EventUnit   string            `json:"event-unit,omitzero"`    // see stream.EventTime
	EventZone   string            `json:"event-zone,omitzero"`    // likewise
	MaxDisorder time.Duration     `json:"max-disorder,omitzero"`  // how much the watermark stays behind
	Window      time.Duration     `json:"window,omitzero"`        // of summaries; 0: no summaries
	Period      time.Duration     `json:"period,omitzero"`        // from window to window; 0 is window
	Lateness    time.Duration     `json:"lateness,omitzero"`      // see monitor.Options.AllowedLateness
	Summary     string            `json:"summary,omitzero"`       // where summaries go; see stream.Endpoint
	Derive      []string          `json:"derive,omitzero"`        // see score.Options
	Decide      []string          `json:"decide,omitzero"`        // see score.Options
	Refresh     time.Duration     `json:"refresh,omitzero"`       // see score.Options
	MaxLoad     time.Duration     `json:"max-load,omitzero"`      // likewise
	MaxSlowdown float64           `json:"max-slowdown,omitzero"`  // likewise
	IdleTimeout time.Duration     `json:"idle-timeout,omitzero"`  // 0 is stream.DefaultIdle
	MaxAhead    time.Duration     `json:"max-ahead,omitzero"`     // 0 is stream.DefaultAhead
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
			e := *fe
			if e.Source != "" {
				e.Err, e.Source = fmt.Errorf("%s: %w", e.Source, fe.Err), ""
			}
			if e.Field == "" {
				e.Field = key
			}
			errs = append(errs, &e)
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
		err := ofOption(checkEndpoint(s.endpoint(e.url), e.sink))
		if on(e.key, err); err == nil && e.sink {
			on(e.key, s.checkBlocks(e.key, e.url))
			on(e.key, s.checkLoop(e.url))
		}
	}
	on("rejected", s.checkApart(s.Rejected, s.To))
	on("summary", s.checkApart(s.Summary, s.To))
	on("summary", s.checkApart(s.Summary, s.Rejected))
	for _, k := range s.idle() {
		bad("option", "neither source nor sinks nor the format of messages have an option %q", k)
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
	switch {
	case s.Summary != "":
		on("summary", checkEndpoint(s.endpoint(s.Summary), true))
		on("summary", s.checkBlocks("summary", s.Summary))
		if s.Window == 0 {
			bad("window", "summaries need a window, such as 1m")
		}
	case s.Window == 0 && (s.Period != 0 || s.Lateness != 0):
		bad("window", "there are no windows that could have a period or a lateness")
	}
	if s.Window != 0 {
		monitoring := s.monitoring(nil)
		on("window", monitoring.Check())
	}
	if s.Refresh == 0 && (s.MaxLoad != 0 || s.MaxSlowdown != 0) {
		bad("refresh", "no new model is looked for that could be slow: say how often with --refresh")
	}
	if s.MaxSlowdown != 0 && !(s.MaxSlowdown >= 1) {
		bad("max-slowdown", "%v: from 1 on", s.MaxSlowdown)
	}
	for _, d := range []struct {
		key  string
		d    time.Duration
		such string
	}{{"refresh", s.Refresh, "1m"}, {"max-load", s.MaxLoad, "30s"}, {"commit-every", s.CommitEvery, "10ms"}, {"max-disorder", s.MaxDisorder, "5s"}, {"max-ahead", s.MaxAhead, "24h"}, {"idle-timeout", s.IdleTimeout, "10s"}} {
		if d.d < 0 {
			bad(d.key, "%s is less than nothing: a time such as %s", d.d, d.such)
		}
	}
	on("event-time", s.eventTime().Check())
	v := s.values(nil)
	codec, err := stream.CodecOf(v)
	if err == nil && codec.Check != nil {
		err = codec.Check(v)
	}
	on("values", err)
	on("values-to", s.checkOutput(v))
	if c, err := stream.Find(stream.Endpoint{URL: s.From}); err == nil && c.Files && v.Format != "" && v.Format != "json" {
		bad("values", "%s has lines of JSON, not of %s", stream.Endpoint{URL: s.From}.Scheme(), v.Format)
	}
	return errors.Join(errs...)
}

// checkApart refuses two sinks of files that have one path.
func (s *Stream) checkApart(a, b string) error {
	aScheme, aPath, _ := strings.Cut(a, ":")
	bScheme, bPath, _ := strings.Cut(b, ":")
	c, err := stream.Find(stream.Endpoint{URL: a})
	if err != nil || !c.Files || aScheme != bScheme || filepath.Clean(aPath) != filepath.Clean(bPath) {
		return nil
	}
	return fault.New(fault.Usage, a, "rows of two kinds would go to one file").WithHint("give them paths of their own")
}

// checkLoop refuses a sink that the source reads.
func (s *Stream) checkLoop(sink string) error {
	to, from := s.endpoint(sink), s.endpoint(s.From)
	if to.Scheme() != from.Scheme() || checkEndpoint(from, false) != nil {
		return nil
	}
	if c, err := stream.Find(to); err == nil && c.Feeds != nil && c.Feeds(to, from) {
		return fault.New(fault.Usage, to.Redacted(), "--from reads what is written there, so that it would never end")
	}
	return nil
}

// ofOption has errors about options of endpoints say so: they are no flags.
func ofOption(err error) error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for i, err := range all {
		if fe, ok := err.(*fault.Error); ok && fe.Field != "" {
			e := *fe
			e.Err, e.Field = fmt.Errorf("option %s: %w", fe.Field, fe.Err), ""
			all[i] = e.WithHint("give --option %s=..., or ?%s=... in the URL", fe.Field, fe.Field)
			if fe.Hint != "" {
				e.Hint = fe.Hint
			}
		}
	}
	return errors.Join(all...)
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
	e := stream.Endpoint{URL: url}
	c, err := stream.Find(e)
	if err != nil {
		return e
	}
	e.Options = s.options(c.Knows)
	if c.Blocks {
		e.Window = s.windows()
	}
	return e
}

// options gives those that somebody knows; nil: none.
func (s *Stream) options(knows func(name string) bool) (known map[string]string) {
	for k, v := range s.Options {
		if knows(k) {
			if known == nil {
				known = map[string]string{}
			}
			known[k] = v
		}
	}
	return known
}

// idle gives the options that nobody knows.
func (s *Stream) idle() []string {
	var names []string
	values := s.values(nil)
	for k := range s.Options {
		_, ok := values.Options[k]
		if values.Output != nil {
			_, out := values.Output.Options[k]
			ok = ok || out
		}
		if !ok && !slices.ContainsFunc([]string{s.From, s.To, s.Rejected, s.Summary}, func(url string) bool { return s.endpoint(url).Options[k] != "" }) {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	return names
}

func (s *Stream) eventTime() stream.EventTime {
	return stream.EventTime{Column: s.EventTime, Unit: s.EventUnit, Zone: s.EventZone, Ahead: s.MaxAhead}
}

func (s *Stream) values(taken []string) stream.Values {
	v := stream.Values{Format: s.Values, Taken: taken}
	if c, err := stream.CodecOf(v); err == nil {
		v.Options = s.options(c.Knows)
	}
	if s.NullNumbers != nil || s.NullTexts != nil {
		v.Nulls = &format.Nulls{Number: s.NullNumbers, Text: s.NullTexts}
	}
	v.Output = s.output()
	return v
}

// read are the columns to keep that come from the input: not those that rules make.
func read(columns, derive []string) []string {
	set, err := rules.Derive(derive)
	if err != nil { // for score.Options.Check to say
		return columns
	}
	return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(set.Names(), c) })
}

// monitoring says what summaries tell of; without a model, only over which windows.
func (s *Stream) monitoring(m *model.Model) monitor.Options {
	o := monitor.Options{Window: s.Window, Period: s.Period, AllowedLateness: s.Lateness}
	if m == nil {
		return o
	}
	scoring := s.scoring(m)
	var decided []string
	if set, err := rules.Decide(s.Decide); err == nil {
		decided = set.Names()
	}
	for _, f := range scoring.Fields(m) {
		switch f.Type.ID() {
		case arrow.FLOAT64:
			o.Outputs = append(o.Outputs, f.Name)
		case arrow.INT32, arrow.INT64, arrow.STRING, arrow.BOOL:
			if f.Name == "class" || slices.Contains(decided, f.Name) {
				o.Classes = append(o.Classes, f.Name)
			}
		}
	}
	for _, f := range m.Signature().Features {
		o.Features = append(o.Features, f.Name)
	}
	return o
}

// links names the job and ties its ends together.
func (s *Stream) links() stream.Links {
	name := s.Name
	if name == "" {
		// Options are left out, but those that say what is read: somebody who tunes a job means the same job.
		from, to := s.endpoint(s.From), s.endpoint(s.To)
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", from.Redacted(), from.Option("subjects"), to.Redacted()))
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
	output  []byte   // the columns of outputs: see stream.Output
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
	j.Links.To.Launch = launch()
	scoring := s.scoring(m)
	if err := scoring.Check(m); err != nil {
		return nil, err
	}
	inputs, err := scoring.Inputs(m, nil)
	if err != nil {
		return nil, err
	}
	if err := j.planColumns(inputs); err != nil {
		return nil, err
	}
	if err := j.planOutput(); err != nil {
		return nil, err
	}
	return j, nil
}

// planColumns decides what is read of the messages: what the model needs, and what is kept beside the predictions. That is
// copied as it stands, or for a sink of columns read as a batch run does that reads JSON lines and writes Parquet, but that
// messages become a column of text if nobody says which members to keep. Fields of Avro that go on as Avro are copied by the decoder.
func (j *StreamJob) planColumns(inputs []model.Input) error {
	scoring := j.Spec.scoring(j.Model)
	typed, kind := blocks(j.Spec.To), format.Raw
	out := j.Spec.output()
	if typed != nil || out != nil {
		kind = format.Native
	}
	whole := out != nil && out.Whole
	if whole {
		j.columns = []block.Column{{Column: format.Column{Name: cameColumn, Kind: format.RawRow}}, {Column: format.Column{Name: headColumn, Kind: format.Head}}}
	}
	if j.Spec.Columns == nil {
		if !whole {
			j.columns = []block.Column{{Column: format.Column{Name: wholeMessage, Kind: format.RawRow}}}
		}
		for _, f := range scoring.Fields(j.Model) {
			j.taken = append(j.taken, f.Name)
		}
	}
	var clash []string
	for _, name := range read(j.Spec.Columns, j.Spec.Derive) {
		if !whole {
			j.columns = append(j.columns, block.Column{Column: format.Column{Name: name, Kind: kind}})
		}
		for _, f := range scoring.Fields(j.Model) {
			if f.Name == name {
				clash = append(clash, name)
			}
		}
	}
	if len(clash) > 0 {
		return score.Clash(clash)
	}
	if typed != nil {
		j.taken = nil // outputs are no members of the message
		if err := j.checkAdds(typed); err != nil {
			return err
		}
	}
	var err error
	j.columns, err = addFeatures(j.columns, inputs, false)
	return err
}

func (s *Stream) scoring(m *model.Model) score.Options {
	return score.Options{
		Model: s.Model, Digest: m.Digest(), Engine: s.Engine, Features: s.Features, Trees: s.Trees, Raw: s.Raw, Rename: s.Rename, Outputs: s.Outputs, Keep: s.Columns,
		Missing: s.Window != 0, Derive: s.Derive, Decide: s.Decide, Refresh: s.Refresh, MaxLoad: s.MaxLoad, MaxSlowdown: s.MaxSlowdown, Run: s.links().Run,
	}
}

// Suit makes the job fit for a runner, before Build. stay is how long a bundle may stay open, 0 as long as the job likes. With a
// slot, which says to which of n slots an element comes, the readers stand on slots of their own, one for each if nobody says how
// many, and they read again what a runner that keeps windows has forgotten of them. ends says that the source has an end.
func (j *StreamJob) Suit(stay time.Duration, n int, slot func(element string) int) (ends bool) {
	j.Links.Stay = stay
	if slot != nil {
		j.Links.Readers = cmp.Or(j.Links.Readers, n)
		j.Links.Spread(n, slot)
		j.Links.Rewind = j.Spec.Window != 0
	}
	c, err := stream.Find(j.Links.From)
	return err == nil && c.Files
}

// Build adds the run to a pipeline.
func (j *StreamJob) Build(s beam.Scope) {
	spec := &j.Spec
	values := j.values()
	in := stream.Read(s, stream.ReadOptions{Links: j.Links, Values: values, Columns: j.columns, EventTime: spec.eventTime()})
	scored, refused := score.Score(s, spec.scoring(j.Model), in.Blocks)
	stream.Write(s, stream.WriteOptions{Links: j.Links, Values: values, Version: Version}, scored, in.Rejected, refused)
	if spec.Window == 0 {
		return
	}
	o := spec.monitoring(j.Model)
	o.Run = j.Links.Run
	summaries := monitor.Summarize(s, o, scored, in.Rejected, refused)
	monitor.Keep(s, j.Links.Run, summaries)
	if spec.Summary != "" {
		monitor.Publish(s, j.Links.Run, spec.endpoint(spec.Summary), summaries)
	}
}

// Stats gives the run's live numbers, for runners whose workers are this process.
func (j *StreamJob) Stats() *stream.Stats { return stream.StatsOf(j.Links.Run) }

// Drain ends the run in good order: see stream.Drain.
func (j *StreamJob) Drain() { stream.Drain(j.Links.Run) }

// Summaries gives the latest summaries, for runners whose workers are this process.
func (j *StreamJob) Summaries() []monitor.Summary { return monitor.Latest(j.Links.Run) }

// Cleanup closes what the run holds open in this process.
func (j *StreamJob) Cleanup() error {
	score.StopRefresh(j.Links.Run)
	monitor.Forget(j.Links.Run)
	return stream.End(j.Links.Run)
}

// ModelInfo says what the model is.
func (j *StreamJob) ModelInfo() files.ModelInfo { return modelInfo(j.Model) }
