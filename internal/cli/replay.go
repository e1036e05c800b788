package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

// replayCmd is `glulam replay`.
type replayCmd struct {
	Letters string   `arg:"" name:"letters" help:"dead letters: a file or a folder, as glulam batch and jsonl sinks write them, or where --rejected went: kafka://HOST:PORT/TOPIC or nats://HOST:PORT/STREAM"`
	From    string   `placeholder:"URL" group:"what" help:"--from of the stream that rejected them: what came from there goes back there"`
	To      string   `placeholder:"URL" group:"what" help:"send all of them somewhere else instead: a topic, a subject, or a new file jsonl:FILE or csv:FILE for glulam batch"`
	Option  settings `placeholder:"NAME=VALUE" group:"what" help:"an option of the brokers, such as sasl.mechanism=PLAIN; may be given again"`
	Code    list     `placeholder:"A,B" group:"what" help:"letters of these codes only; default: all"`
	Field   list     `placeholder:"A,B" group:"what" help:"letters about these fields only; default: all"`
	Limit   *whole   `placeholder:"N" group:"run" help:"so many letters at the most; default: all"`
	Name    string   `placeholder:"NAME" group:"run" help:"letters go once under each name; default: none"`
	InDoubt string   `placeholder:"HOW" group:"run" help:"letters that a killed replay to NATS may have sent: send or skip them; default: neither, they are named"`
	DryRun  bool     `group:"run" help:"send nothing, and say what would be sent"`
	JSON    bool     `name:"json" group:"run" help:"print the summary on standard output, as one JSON object"`
}

// replayed is what `glulam replay` says at its end, as JSON with --json. Its keys are stable.
type replayed struct {
	Glulam  string `json:"glulam"` // version
	From    string `json:"letters_from"`
	To      string `json:"to"`
	DryRun  bool   `json:"dry_run"`
	Stopped bool   `json:"stopped"` // by a signal or an error; what is left goes the next time
	replay.Report
}

// Run sends the letters.
func (c *replayCmd) Run(e *env) error {
	target, back, err := c.target()
	if err != nil {
		return err
	}
	letters := stream.Endpoint{URL: c.Letters}
	if err := c.share(&letters, &target); err != nil {
		return err
	}
	slog.SetDefault(slog.New(logHandler(e.screen, nil, &slog.HandlerOptions{Level: slog.LevelWarn})))
	replay.Stdout = e.rows
	ctx, stop := interruptible(context.Background(), e.screen)
	defer stop()
	r := &replayed{Glulam: pipelines.Version, From: letters.Redacted(), To: target.Redacted(), DryRun: c.DryRun}
	if !strings.Contains(c.Letters, "://") {
		r.From = c.Letters
	}
	err = c.replay(ctx, r, letters, target, back)
	r.Stopped = err != nil
	if r.Letters == 0 && err != nil {
		return err
	}
	if c.JSON {
		if werr := writeJSON(e.stdout, r); err == nil {
			err = werr
		}
	} else {
		io.WriteString(e.screen, r.text())
	}
	if context.Cause(ctx) == errStopped && err != nil {
		return fault.New(fault.Interrupted, "", "stopped by a signal: %s sent", plural(r.Sent, "letter")).WithHint("start again for the rest: nothing is sent twice")
	}
	if err == nil {
		err = r.finding(c.Letters, target)
	}
	return err
}

// target says where letters go. back: where they came from.
func (c *replayCmd) target() (e stream.Endpoint, back bool, err error) {
	switch {
	case c.From == "" && c.To == "":
		return e, false, fault.New(fault.Usage, "", "it is not said where the letters go").WithHint("give --from as it was given to glulam stream, or --to")
	case c.From != "" && c.To != "":
		return e, false, fault.New(fault.Usage, "--to", "with --from letters go back to where they came from").WithHint("give one of the two")
	case c.Limit != nil && *c.Limit < 1:
		return e, false, fault.New(fault.Usage, "--limit", "%d: from 1 on", *c.Limit).WithHint("--dry-run counts and sends nothing")
	case !slices.Contains([]string{"", "send", "skip"}, c.InDoubt):
		return e, false, fault.New(fault.Usage, "--in-doubt", "%q is neither send nor skip", c.InDoubt).WithHint("without it such letters are named")
	case c.To == "jsonl:-" && c.JSON || c.To == "csv:-" && c.JSON:
		return e, false, fault.New(fault.Usage, "--json", "rows and the summary would both go to standard output")
	}
	for _, code := range c.Code {
		if !slices.Contains(fault.RowCodes, fault.Code(code)) && code != "" {
			return e, false, fault.New(fault.Usage, "--code", "there is no code %q", code).WithHint("there are %s", oneOf(fault.RowCodes))
		}
	}
	for flag, names := range map[string]list{"--code": c.Code, "--field": c.Field} {
		if names != nil && len(names) == 0 || slices.Contains(names, "") {
			return e, false, fault.New(fault.Usage, flag, "a name is empty, which no letter has")
		}
	}
	if e.URL, back = c.From, true; c.From == "" {
		e.URL, back = c.To, false
	}
	same := func(url string) string {
		if e.Scheme() == "nats" { // one stream may have both, by subjects: the replay looks at those
			return url
		}
		before, _, _ := strings.Cut(url, "?")
		return before
	}
	if same(e.URL) == same(c.Letters) {
		return e, false, fault.New(fault.Usage, e.Redacted(), "the letters would go to where they are")
	}
	return e, back, nil
}

// share gives each end the options that its connector knows.
func (c *replayCmd) share(ends ...*stream.Endpoint) error {
	for _, k := range slices.Sorted(maps.Keys(c.Option)) {
		known := false
		for _, e := range ends {
			connector, err := stream.Find(*e)
			if err != nil || !connector.Knows(k) || connector.Files {
				continue
			}
			if known = true; e.Options == nil {
				e.Options = map[string]string{}
			}
			e.Options[k] = c.Option[k]
		}
		if !known {
			return fault.New(fault.Usage, "--option", "neither end has an option %q", k)
		}
	}
	return nil
}

func (c *replayCmd) replay(ctx context.Context, r *replayed, from, to stream.Endpoint, back bool) error {
	letters, err := replay.OpenLetters(ctx, from)
	if err != nil {
		return err
	}
	defer letters.Close()
	target, err := replay.OpenTarget(ctx, to, replay.TargetOptions{Back: back, Looking: c.DryRun, InDoubt: replay.InDoubt(c.InDoubt)})
	if err != nil {
		return err
	}
	o := replay.Options{Fields: c.Field, Name: c.Name, DryRun: c.DryRun}
	if c.Limit != nil {
		o.Limit = int64(*c.Limit)
	}
	for _, code := range c.Code {
		o.Codes = append(o.Codes, fault.Code(code))
	}
	r.Report, err = replay.Run(ctx, letters, target, o)
	if cerr := target.Close(); err == nil {
		err = cerr
	}
	return err
}

// finding is what needs a person; nil: nothing does.
func (r *replayed) finding(letters string, to stream.Endpoint) error {
	switch {
	case r.Letters > 0 && r.Reasons[replay.NoLetter] == r.Letters:
		return fault.New(fault.NotFound, letters, "none of %s is a dead letter", plural(r.Letters, "line")).WithHint("the letters of glulam batch are in OUTPUT/rejected, those of glulam stream where --rejected says")
	case r.Refused > 0:
		first := r.Cannot[0]
		return &findings{
			text: fmt.Sprintf("%s cannot go back", plural(r.Refused, "letter")),
			hint: fmt.Sprintf("the first is %s: %s", first.Where, first.Why),
		}
	case r.Elsewhere > 0 && r.Sent+r.Before+r.Left+r.Repeated == 0:
		return fault.New(fault.NotFound, letters, "none of the letters came from %s: they came from %s", to.Redacted(), shorten(slices.Sorted(maps.Keys(r.Sources)), 200)).
			WithHint("--to sends them there all the same")
	}
	return nil
}

// text renders the summary for people.
func (r *replayed) text() string {
	var t table
	width := len(count(r.Letters))
	line := func(label string, n int64, note string) {
		t.row(label, strings.TrimRight(fmt.Sprintf("%*s  %s", width, count(n), note), " "))
	}
	some := func(label string, n int64, note string) {
		if n > 0 {
			line(label, n, note)
		}
	}
	line("letters", r.Letters, "")
	label := "sent"
	if r.DryRun {
		label = "would be sent"
	}
	line(label, r.Sent, "")
	byCode := map[string]int64{}
	for code, n := range r.SentByCode {
		byCode[string(code)] = n
	}
	for _, c := range byCount(byCode) {
		line("  "+c.code, c.n, "")
	}
	some("sent before", r.Before, "")
	some("repeated", r.Repeated, "stood there a second time")
	some("filtered", r.Filtered, "not of --code and --field")
	some("elsewhere", r.Elsewhere, "came from "+shorten(slices.Sorted(maps.Keys(r.Sources)), 60))
	some("left", r.Left, "over --limit")
	some("cannot go back", r.Refused, "")
	for _, c := range byCount(r.Reasons) {
		line("  "+c.code, c.n, "")
	}
	text := t.String()
	for _, c := range r.Cannot {
		from := ""
		if c.From != "" {
			from = ", of " + c.From
		}
		text += fault.Printable(fmt.Sprintf("  %s%s: %s", c.Where, from, beginning(c.Why))) + "\n"
	}
	if more := r.Refused - int64(len(r.Cannot)); more > 0 {
		text += fmt.Sprintf("  and %s more\n", count(more))
	}
	return text
}

// beginning is the beginning of a text.
func beginning(text string) string {
	if r := []rune(text); len(r) > 160 {
		return string(r[:160]) + "..."
	}
	return text
}

// oneOf lists codes.
func oneOf(codes []fault.Code) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}
