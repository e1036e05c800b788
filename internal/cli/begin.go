package cli

import (
	"errors"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/files"
)

// pipelineFlags are what all commands with a pipeline have. The values are read after the spec file was.
type pipelineFlags struct {
	file                        string
	runner, logLevel, logFormat *string // a nil logFormat is text
	validate                    func() error
}

// begin settles the flags of a command that runs a pipeline, and sets up Beam and the log. A nil origins without an error
// says that there is nothing to run: Beam's flags were asked for, and printed.
func begin(k *kong.Context, e *env, f pipelineFlags) (*origins, error) {
	set, err := beamFlags(e.beamArgs, e.stdout)
	if set == nil || err != nil {
		return nil, err
	}
	from, err := settle(k, f.file, f.validate)
	if err != nil {
		return nil, err
	}
	for _, name := range set {
		if err := runners.CheckFlag(*f.runner, name); err != nil {
			return nil, err
		}
	}
	level, err := logLevel(*f.logLevel)
	if err != nil {
		return nil, err
	}
	beam.Init() // sets a logger of its own
	slog.SetDefault(slog.New(runners.QuietBeam(logHandler(e.screen, f.logFormat, &slog.HandlerOptions{Level: level}))))
	return from, nil
}

// logHandler writes the log as --log-format says.
func logHandler(w io.Writer, format *string, o *slog.HandlerOptions) slog.Handler {
	if format != nil && *format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// checkRun reports what is wrong with --runner and --log-level as *fault.Error.
func checkRun(runner, level string) error {
	err := runners.Check(runner)
	if _, lerr := logLevel(level); lerr != nil {
		err = errors.Join(err, fault.New(fault.Usage, "", "%w", lerr).OnField("log-level"))
	}
	return err
}

// holdToLimit says what --max-rejected stands for, and whether more rows were rejected.
func holdToLimit(maxRejected string, rows *files.RowCounts) (limit string, over bool, err error) {
	l, err := pipelines.ParseLimit(maxRejected)
	if err != nil {
		return "", false, err
	}
	if limit = maxRejected; limit == "" {
		limit = "0"
	}
	return limit, l.Exceeded(*rows), nil
}
