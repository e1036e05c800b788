package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/heap"
	"github.com/glulam/glulam/internal/ops"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/runners/flink"
	_ "github.com/glulam/glulam/transforms/codecs" // formats of messages
	_ "github.com/glulam/glulam/transforms/kafka"  // connectors
	"github.com/glulam/glulam/transforms/lines"
	_ "github.com/glulam/glulam/transforms/nats"
	_ "github.com/glulam/glulam/transforms/parquetdir"
	"github.com/glulam/glulam/transforms/stream"
)

// streamCmd is `glulam stream`. Every flag but --file is a key of the spec file.
type streamCmd struct {
	File string `short:"f" placeholder:"SPEC" group:"run" help:"read a YAML file whose keys are these flags, without the dashes; flags win over it"`

	Model    string   `placeholder:"PATH" group:"what" help:"model file, glulam bundle or MLflow model"`
	From     string   `placeholder:"URL" group:"what" help:"where messages come from: kafka://HOST:PORT/TOPIC, nats://HOST:PORT/STREAM, jsonl:FILE, or jsonl:- for standard input"`
	To       string   `placeholder:"URL" group:"what" help:"where predictions go: likewise, jsonl:DIR/, or parquet:DIR/ for Parquet files by --window"`
	Rejected string   `placeholder:"URL" group:"what" help:"where messages go that cannot be scored, with the reason"`
	Option   settings `placeholder:"NAME=VALUE" group:"what" help:"an option of source, sinks, --values and --values-to, such as sasl.mechanism=PLAIN; may be given again"`
	Name     string   `placeholder:"NAME" group:"what" help:"name of the job: one that is started again under its name goes on where it stopped; default: made of --from and --to"`

	Values      string  `placeholder:"FORMAT" group:"files" help:"what messages are: json, avro or protobuf; default: json"`
	ValuesTo    string  `placeholder:"FORMAT" group:"files" help:"what predictions are: json, or avro, to brokers; default: json"`
	NullNumbers list    `placeholder:"A,B" group:"files" help:"strings that mean a missing number; default: none, only null does"`
	NullTexts   list    `placeholder:"A,B" group:"files" help:"strings that mean a missing text; default: none, only null does"`
	Features    list    `placeholder:"A,B" group:"columns" help:"names of the features in the order of training, for a model file that has none"`
	Rename      renames `placeholder:"FEATURE=COLUMN" group:"columns" help:"take a feature from a member of another name; may be given again"`
	Columns     list    `placeholder:"A,B" group:"columns" help:"members to keep beside the predictions; default: the whole message; --columns= keeps none"`
	Outputs     list    `placeholder:"A,B" group:"columns" help:"what to add, of prediction, margin, class, leaf, model, origin; default: prediction"`
	Trees       string  `placeholder:"ROUNDS" group:"columns" help:"boosting rounds that count: all, best (what early stopping found), or a:b for rounds a to b-1; default: all"`
	Raw         bool    `group:"columns" help:"margins only, also of a model whose objective is not known"`

	EventTime   string   `placeholder:"COLUMN" group:"time" help:"member that holds the event time: a time as in RFC 3339, or a number; default: the message's timestamp"`
	EventUnit   string   `placeholder:"UNIT" group:"time" help:"what a number there counts since 1970: s, ms, us or ns; default: ms"`
	EventZone   string   `placeholder:"ZONE" group:"time" help:"time zone of event times that name none, such as America/New_York"`
	MaxDisorder interval `placeholder:"TIME" group:"time" help:"how much later than others an event may come and still be in time; default: 0s"`
	MaxAhead    lasting  `placeholder:"TIME" group:"time" help:"an event time further ahead of the clock is rejected; default: 8784h, a year"`
	IdleTimeout lasting  `placeholder:"TIME" group:"time" help:"a partition without messages for that long holds no window back; default: 10s"`

	Window   interval `placeholder:"TIME" group:"time" help:"summarize windows of that length, such as 1m, and part files by them; default: no summaries"`
	Period   lasting  `placeholder:"TIME" group:"time" help:"from one window's start to the next one's, for windows that overlap; default: --window"`
	Lateness interval `placeholder:"TIME" group:"time" help:"how long after a window's end late events still count, in a second summary; default: 0s"`
	Summary  string   `placeholder:"URL" group:"what" help:"where summaries of windows go"`

	Derive  rules    `placeholder:"NAME=RULE" group:"columns" help:"a column that is computed before scoring; may be given again"`
	Decide  rules    `placeholder:"NAME=RULE" group:"columns" help:"a column that is computed after scoring, of predictions and members; may be given again"`
	Refresh interval `placeholder:"TIME" group:"run" help:"how often to look for a new model under --model; default: never"`

	MaxLoad     interval `placeholder:"TIME" group:"run" help:"a new model that takes longer to load is not taken; default: no limit"`
	MaxSlowdown factor   `placeholder:"TIMES" group:"run" help:"nor is one that takes so many times as long for a row as the one that serves; default: no limit"`

	Delivery    string   `placeholder:"HOW" group:"run" help:"at-least-once or exactly-once; default: at-least-once"`
	CommitEvery lasting  `placeholder:"TIME" group:"run" help:"how often positions are committed, with exactly-once outputs with them; default: 10ms"`
	Readers     positive `placeholder:"N" group:"run" help:"how many readers share the partitions; default: 1"`
	MaxInFlight positive `placeholder:"N" group:"run" help:"messages that a reader holds at the most; default: 10000"`
	MaxRejected string   `placeholder:"N or N%" group:"run" help:"how many messages may be rejected before the exit code is 3; default: 0"`
	Engine      string   `placeholder:"NAME" group:"run" help:"what evaluates the model: auto, leaves or reference; default: auto"`
	Runner      string   `placeholder:"NAME" group:"run" help:"what runs the pipeline: prism, Beam's local runner (also called direct), or flink; default: prism"`
	JSON        bool     `name:"json" group:"run" help:"print the summary on standard output, as one JSON object"`
	Metrics     string   `placeholder:"ADDR" group:"run" help:"serve /metrics for Prometheus, /healthz and /readyz at that address, such as localhost:9464, or :9464 for all interfaces"`
	LogLevel    string   `placeholder:"LEVEL" group:"run" help:"debug, info, warn or error; default: warn"`
	LogFormat   string   `placeholder:"FORMAT" group:"run" help:"text, or json with the summary as a record of level info; default: text"`
	FlinkFlags
}

// spec gives what the flags ask for.
func (c *streamCmd) spec() pipelines.Stream {
	return pipelines.Stream{
		Model: c.Model, From: c.From, To: c.To, Rejected: c.Rejected, Options: c.Option, Name: c.Name,
		Values: c.Values, ValuesTo: c.ValuesTo, NullNumbers: c.NullNumbers, NullTexts: c.NullTexts,
		Columns: c.Columns, Outputs: c.Outputs, Rename: c.Rename, Features: c.Features, Trees: c.Trees, Raw: c.Raw,
		EventTime: c.EventTime, EventUnit: c.EventUnit, EventZone: c.EventZone,
		MaxDisorder: time.Duration(c.MaxDisorder), IdleTimeout: time.Duration(c.IdleTimeout), MaxAhead: time.Duration(c.MaxAhead),
		Delivery: stream.Delivery(c.Delivery), CommitEvery: time.Duration(c.CommitEvery), Readers: int(c.Readers),
		Window: time.Duration(c.Window), Period: time.Duration(c.Period), Lateness: time.Duration(c.Lateness), Summary: c.Summary,
		Derive: c.Derive, Decide: c.Decide, Refresh: time.Duration(c.Refresh),
		MaxLoad: time.Duration(c.MaxLoad), MaxSlowdown: float64(c.MaxSlowdown),
		MaxInFlight: int(c.MaxInFlight), MaxRejected: c.MaxRejected, Engine: c.Engine,
	}
}

// validate reports all that is wrong with the values as *fault.Error whose Field is the flag.
func (c *streamCmd) validate() error {
	s := c.spec()
	errs := []error{s.Validate(), checkRun(c.Runner, c.LogLevel), c.check(c.Runner)}
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		errs = append(errs, fault.New(fault.Usage, "", "%q is none of text, json", c.LogFormat).OnField("log-format"))
	}
	if c.Metrics != "" {
		if fe := (*fault.Error)(nil); errors.As(ops.CheckAddr(c.Metrics), &fe) {
			errs = append(errs, fe.OnField("metrics"))
		}
	}
	if c.Runner == runners.Flink && c.Workers != flink.WorkersLoopback && slices.Contains([]string{c.From, c.To, c.Rejected, c.Summary}, "jsonl:-") {
		errs = append(errs, fault.New(fault.Usage, "", "standard input and output are of this process, and rows are scored elsewhere").OnField("workers").WithHint("--workers loopback"))
	}
	if c.JSON && slices.Contains([]string{c.To, c.Rejected, c.Summary}, "jsonl:-") {
		errs = append(errs, fault.New(fault.Usage, "", "rows and the summary would both go to standard output").OnField("json"))
	}
	return errors.Join(errs...)
}

// Run runs the job until its source ends or somebody stops it.
func (c *streamCmd) Run(k *kong.Context, e *env) error {
	from, err := begin(k, e, pipelineFlags{file: c.File, runner: &c.Runner, logLevel: &c.LogLevel, logFormat: &c.LogFormat, validate: c.validate})
	if from == nil || err != nil {
		return err
	}
	heap.Roomy()
	lines.Standard.In, lines.Standard.Out = e.stdin, e.rows
	s, err := c.stream(e)
	if err != nil {
		return from.locate(err)
	}
	switch {
	case c.JSON:
		err = writeJSON(e.stdout, s)
	case c.LogFormat == "json":
		slog.Info("finished", "summary", s)
	default:
		io.WriteString(e.screen, s.text())
	}
	if err == nil && s.OverLimit {
		err = s.finding()
	}
	return err
}

// serve begins to serve metrics, if that is wanted. stop ends it.
func (c *streamCmd) serve(job *pipelines.StreamJob) (stop func(), err error) {
	if c.Metrics == "" {
		return func() {}, nil
	}
	m := job.ModelInfo()
	s, err := ops.Serve(ops.Options{
		Addr: c.Metrics, Links: job.Links, Version: pipelines.Version,
		Model: ops.Model{Digest: m.Digest, Name: m.Name, Format: m.Format, Engine: m.Engine},
	})
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Code == fault.Usage { // the message is to name the flag
		fe.Source, fe.Err = "--metrics", fmt.Errorf("%s: %w", c.Metrics, fe.Err)
	}
	if err != nil {
		return nil, err
	}
	return s.Close, nil
}

// follow has signals end the job in good order, and draws its progress: stop ends the one, done the other.
func (c *streamCmd) follow(s *screen, o *runners.Options, job *pipelines.StreamJob) (stop, done func()) {
	if c.Runner != runners.Flink {
		return onSignal(s, "finishing what is under way", job.Drain), followStream(s, job.Stats())
	}
	wanted := make(chan struct{})
	o.Stop = wanted
	view := &cluster{}
	o.Follow = func(st runners.Status) {
		view.take(st)
		if o.Flink.Elsewhere() {
			job.Stats().Take(st.Counters)
		}
	}
	return onSignal(s, "stopping with a savepoint", func() { close(wanted) }), view.follow(s)
}

// stream runs the job to its end.
func (c *streamCmd) stream(e *env) (_ *streamSummary, err error) {
	ctx := context.Background()
	job, err := c.spec().Prepare(ctx)
	if err != nil {
		return nil, err
	}
	unserve, err := c.serve(job)
	if err != nil {
		return nil, errors.Join(err, job.Cleanup())
	}
	defer unserve()
	o := c.options(c.Runner, job.Links.Run, true)
	n, slot := o.Slots()
	o.Ends = job.Suit(runners.Stay(c.Runner), n, slot)
	p, root := beam.NewPipelineWithRoot()
	job.Build(root)
	warnCodes(job.Model)
	slog.Info("starting", "job", job.Links.Run, "from", job.Links.From.Redacted(), "to", job.Links.To.Redacted(), "model", job.Model.Digest())
	stop, done := c.follow(e.screen, &o, job)
	defer stop()
	r, err := runners.Run(ctx, p, o)
	done()
	if r != nil && c.Runner == runners.Flink && o.Flink.Elsewhere() {
		job.Stats().Take(r.Counters())
	}
	s := newStreamSummary(job, time.Since(e.started), peakMemory())
	if r != nil {
		s.Savepoint = r.Savepoint
	}
	if cerr := job.Cleanup(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	s.MaxRejected, s.OverLimit, err = holdToLimit(c.MaxRejected, &s.Rows)
	return s, err
}
