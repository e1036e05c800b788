package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/glulam/glulam/fault"
)

// Exit codes.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitFindings = 3
)

// findings is the error of a run that did all it should, and has something to tell that needs a person.
type findings struct{ text, hint string }

func (f *findings) Error() string { return f.text }

// silentUsage is wrong usage about which everything was said already.
type silentUsage struct{}

func (silentUsage) Error() string { return "wrong usage" }

// excerpted is an error with the lines of a spec that it is about.
type excerpted struct {
	err   error
	lines string
}

func (e *excerpted) Error() string { return e.err.Error() }
func (e *excerpted) Unwrap() error { return e.err }

// usage makes wrong usage of what kong says.
func usage(err error) error {
	message, hint := err.Error(), "see glulam --help"
	if pe := (*kong.ParseError)(nil); errors.As(err, &pe) {
		arg, unexpected := strings.CutPrefix(message, "unexpected argument ")
		switch cmd := pe.Context.Selected(); {
		case cmd != nil:
			hint = fmt.Sprintf("see glulam %s --help", pathOf(cmd))
		case unexpected:
			message = "there is no command " + arg
		}
		message = noValue.ReplaceAllString(message, "$1 needs a value")
		if missing, ok := strings.CutPrefix(message, `expected "<`); ok {
			message = "no " + strings.TrimSuffix(missing, `>"`) + " given"
		}
	}
	return fault.New(fault.Usage, "", "%s", message).WithHint("%s", hint)
}

// noValue is how kong says that a flag's value is another flag, or missing.
var noValue = regexp.MustCompile(`^(--?[a-z-]+): expected .* value but got .*$`)

// defect is the error for something that glulam itself did wrong. Where it happened is for the log.
func defect(what string, stack []byte) error {
	slog.Debug("stack of the defect", "stack", string(stack))
	return fault.New(fault.Internal, "", "%s", what)
}

// report writes an error to w, one of its parts after the other, and gives the exit code. nil is exitDone.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.As(err, &silentUsage{}) {
		return exitUsage
	}
	for _, part := range parts(err) {
		message, hint := say(part)
		message, hint = fault.Printable(message), fault.Printable(hint)
		const name, indent = "glulam: ", "        "
		var b strings.Builder
		b.WriteString(name + strings.ReplaceAll(message, "\n", "\n"+indent) + "\n")
		if e := (*excerpted)(nil); errors.As(part, &e) {
			b.WriteString(e.lines)
		}
		if hint != "" {
			b.WriteString(indent + strings.ReplaceAll(hint, "\n", "\n"+indent) + "\n")
		}
		io.WriteString(w, b.String())
	}
	return exitCode(err)
}

// exitCode tells the exit code that an error stands for.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, new(*findings)) && fault.CodeOf(err) == fault.Internal: // and no fault beside it
		return exitFindings
	case fault.CodeOf(err) == fault.Usage:
		return exitUsage
	}
	return exitFailed
}

// parts takes joined errors apart.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, parts(e)...)
		}
		return out
	}
	return []error{err}
}

// say gives what a person should read of an error: what is wrong, and what to do about it.
func say(err error) (message, hint string) {
	if f := (*findings)(nil); errors.As(err, &f) {
		return f.text, f.hint
	}
	fe := (*fault.Error)(nil)
	if !errors.As(err, &fe) {
		fe = &fault.Error{Code: fault.Internal, Err: err}
	}
	e := *fe
	hint, e.Hint = e.Hint, ""
	if e.Code == fault.Internal && e.Err != nil {
		full := e.Err.Error()
		e.Err = errors.New(innermost(full))
		slog.Debug("the whole error", "error", full)
		if hint == "" {
			hint = "this looks like a defect of glulam: please report it, with what --log-level debug prints"
		}
	}
	return e.Error(), hint
}

var (
	// stackStart is where Go starts to tell of stacks.
	stackStart = regexp.MustCompile(`(?s)\s*(\bgoroutine \d+ \[|\bFull error:|\bruntime/debug\.Stack\().*`)
	// causes is what stands between the links of a chain of Beam's errors.
	causes = regexp.MustCompile(`(?s)^.*\bcaused by:\s*`)
	// frames is what Beam's harness puts before an error: instructions, plans and the graph's nodes.
	frames = regexp.MustCompile(`(?s)^.*(\bPlan\[[^\]]*\]|\bUID:\d+)[^\n]*\n`)
	// plan is what stands before the first link.
	plan = regexp.MustCompile(`(?s)^.*\busing plan \S+ : `)
	// panicked is how the harness marks a panic.
	panicked = regexp.MustCompile(`^panic: `)
)

// innermost finds the cause in what a runner says of an unforeseen failure: the end of the chain, without stacks and
// without the names of the graph's nodes.
func innermost(text string) string {
	for _, r := range []*regexp.Regexp{stackStart, causes, frames, plan, panicked} {
		if short := strings.TrimSpace(r.ReplaceAllString(text, "")); short != "" {
			text = short
		}
	}
	return text
}
