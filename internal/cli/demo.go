package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/demo"
	"github.com/glulam/glulam/internal/heap"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
)

// demoCmd is `glulam demo`.
type demoCmd struct {
	Rate      whole    `placeholder:"N" default:"1000" group:"what" help:"events a second; default: 1000"`
	Bad       portion  `placeholder:"N%" default:"0.2%" group:"what" help:"share of events that cannot be scored; default: 0.2%"`
	Late      portion  `placeholder:"N%" default:"0.5%" group:"what" help:"share of events that come a window too late; default: 0.5%"`
	Window    interval `placeholder:"TIME" default:"2s" group:"time" help:"length of the windows that are summarized; default: 2s"`
	For       lasting  `placeholder:"TIME" group:"run" help:"end after that long; default: when somebody ends it"`
	SwapAfter lasting  `placeholder:"TIME" group:"run" help:"swap the model after that long; default: when somebody does"`
	JSON      bool     `name:"json" group:"run" help:"print the summary on standard output, as one JSON object"`
	LogLevel  string   `placeholder:"LEVEL" group:"run" help:"debug, info, warn or error; default: warn"`
}

func (c *demoCmd) options() demo.Options {
	return demo.Options{Rate: int(c.Rate), Bad: float64(c.Bad), Late: float64(c.Late), Window: time.Duration(c.Window)}
}

// validate reports all that is wrong with the values as *fault.Error whose Field is the flag.
func (c *demoCmd) validate() error {
	o := c.options()
	errs := []error{o.Check(), checkRun("", c.LogLevel)}
	for _, d := range []struct {
		key string
		d   lasting
	}{{"for", c.For}, {"swap-after", c.SwapAfter}} {
		if d.d < 0 {
			errs = append(errs, fault.New(fault.Usage, "", "%s is less than nothing: a time such as 30s", time.Duration(d.d)).OnField(d.key))
		}
	}
	if c.For > 0 && c.SwapAfter > c.For {
		errs = append(errs, fault.New(fault.Usage, "", "the demo is over before that").OnField("swap-after"))
	}
	return errors.Join(errs...)
}

// Run runs the demo until it is over or somebody ends it.
func (c *demoCmd) Run(k *kong.Context, e *env) error {
	runner := ""
	from, err := begin(k, e, pipelineFlags{runner: &runner, logLevel: &c.LogLevel, validate: c.validate})
	if from == nil || err != nil {
		return err
	}
	heap.Roomy()
	s, err := c.demo(e)
	if s == nil {
		return err
	}
	if c.JSON {
		err = errors.Join(writeJSON(e.stdout, s), err)
	} else {
		io.WriteString(e.screen, s.text())
	}
	return err
}

// demo runs it. The summary comes with an error, too, if what came out is not right.
func (c *demoCmd) demo(e *env) (s *demoSummary, err error) {
	ctx := context.Background()
	signals, stop := demoSignals() // before there is anything to clean up
	defer stop()
	d, err := demo.Open(ctx, c.options())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	job, err := d.Spec().Prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, job.Cleanup()) }()
	p, root := beam.NewPipelineWithRoot()
	job.Build(root)

	play := newPlay(c, e, d, job, signals)
	defer play.close()
	go func() {
		_, err := runners.Run(ctx, p, runners.Options{Job: job.Links.Run})
		play.ended <- err
	}()
	if err := play.run(); err != nil {
		return nil, err
	}
	play.close()
	s = newDemoSummary(d, job, play.took())
	return s, d.Check()
}

// logTo sends the log to another writer, at the level that was asked for.
func (c *demoCmd) logTo(w io.Writer) {
	level, err := logLevel(c.LogLevel)
	if err != nil { // validate has seen it
		return
	}
	slog.SetDefault(slog.New(runners.QuietBeam(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))))
}

// demoSummary is what `glulam demo` says at its end: what `glulam stream` says, and what the demo saw from outside.
type demoSummary struct {
	*streamSummary
	Demo demoOutcome `json:"demo"`
}

// demoOutcome is what the demo sent, and what it saw come out.
type demoOutcome struct {
	Sent     int64     `json:"sent"`
	Bad      int64     `json:"bad"`  // of those sent
	Late     int64     `json:"late"` // likewise
	Scored   int64     `json:"scored"`
	Rejected int64     `json:"rejected"`
	Open     int64     `json:"open"` // sent, and nothing came out
	Repeated int64     `json:"repeated"`
	Equal    int64     `json:"equal_predictions"` // bit for bit what the model gives without a pipeline
	Unknown  int64     `json:"unknown_models"`    // predictions of models that are not the demo's
	Wrong    int64     `json:"wrong"`
	Latency  quantiles `json:"latency_ms"` // from sending to being seen
	Model    string    `json:"model"`      // that served at the end
	Digest   string    `json:"digest"`
	Swaps    int64     `json:"swaps"`
	Refused  int64     `json:"refused"`
	Windows  int       `json:"windows"` // that have a summary, of the last few hundred
}

func newDemoSummary(d *demo.Demo, job *pipelines.StreamJob, took time.Duration) *demoSummary {
	s := &demoSummary{streamSummary: newStreamSummary(job, took, peakMemory())}
	s.MaxRejected = job.Spec.MaxRejected
	c := d.Counts()
	r, _ := d.Refreshing()
	s.Demo = demoOutcome{
		Sent: c.Sent, Bad: c.Bad, Late: c.Late, Scored: c.Scored, Rejected: c.Rejected, Open: c.Open, Repeated: c.Repeated,
		Equal: c.Equal, Unknown: c.Unknown, Wrong: c.Wrong, Latency: quantilesOf(d.Latency()),
		Model: servingName(d, r), Digest: r.Digest, Swaps: r.Swaps, Refused: r.Refused, Windows: len(windowRows(job.Summaries())),
	}
	return s
}

// text renders the summary for people.
func (s *demoSummary) text() string {
	var t table
	o := &s.Demo
	t.gap()
	t.row("seen", o.Latency.String()+", from sending to being seen")
	came := count(o.Sent) + " sent, " + count(o.Scored) + " scored + " + count(o.Rejected) + " rejected"
	switch {
	case o.Open == 0 && o.Sent == o.Scored+o.Rejected:
		t.row("in = out", came+": equal")
	default:
		t.row("in = out", came+": "+count(o.Open)+" are missing")
	}
	checked := count(o.Equal) + " predictions are equal, bit for bit, to what their model gives without a pipeline"
	if o.Unknown > 0 {
		checked += "; " + count(o.Unknown) + " are of models that the demo does not know"
	}
	t.row("checked", checked)
	if o.Repeated > 0 {
		t.row("repeated", count(o.Repeated)+" outputs came twice")
	}
	return s.streamSummary.text() + t.String()
}
