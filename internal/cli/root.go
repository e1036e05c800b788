package cli

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/glulam/glulam/fault"
)

// commands is the grammar of the command line.
type commands struct {
	Batch   batchCmd   `cmd:"" help:"score files: rows in, predictions out"`
	Stream  streamCmd  `cmd:"" help:"score messages as they come, until it is stopped"`
	Demo    demoCmd    `cmd:"" help:"watch a stream being scored, with nothing installed"`
	Jobs    jobsCmd    `cmd:"" help:"see, stop and cancel jobs on a Flink cluster"`
	Worker  workerCmd  `cmd:"" help:"start workers for runners that ask for them"`
	Replay  replayCmd  `cmd:"" help:"send rejected messages back after a fix, each once"`
	Inspect inspectCmd `cmd:"" help:"show what a model is"`
	Check   checkCmd   `cmd:"" help:"hold a model against its training library's numbers"`
	Bundle  bundleCmd  `cmd:"" help:"pack a model with golden rows and what is known of it"`
	Diff    diffCmd    `cmd:"" help:"compare two models on the same rows"`
	Export  exportCmd  `cmd:"" name:"export-sklearn" help:"print the Python file that writes scikit-learn models as JSON"`
	Version versionCmd `cmd:"" help:"show the versions of glulam, Go and Beam"`

	ShowVersion versionFlag `name:"version" help:"like glulam version"`
}

// env is what a subcommand has around it.
type env struct {
	stdin    io.Reader
	stdout   io.Writer // for what a command has to say: writes never fail, the first error is told at the end
	rows     io.Writer // the same, for rows, which must not get lost: writes fail
	screen   *screen   // standard error
	beamArgs []string
	started  time.Time
}

// Main runs glulam with args, which do not have the program's name, and returns the exit code: see the package's
// documentation. It sets slog's default logger and may be called once a process: Beam can be initialized only once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	// Whoever reads our output may stop reading: that gives an error to the writer instead of ending the process.
	signal.Ignore(syscall.SIGPIPE)
	out := &output{w: stdout}
	e := &env{stdin: stdin, stdout: out, rows: stdout, screen: newScreen(stderr), started: time.Now()}
	defer func() {
		if r := recover(); r != nil {
			e.screen.clear()
			code = report(e.screen, defect(fmt.Sprint(r), debug.Stack()))
		}
	}()
	err := run(args, e)
	e.screen.clear()
	return report(e.screen, errors.Join(err, out.failure()))
}

// run parses the arguments and runs the subcommand.
func run(args []string, e *env) error {
	for _, a := range args {
		if !utf8.ValidString(a) {
			return fault.New(fault.Usage, "", "the argument %q is not UTF-8", a).WithHint("rename the file")
		}
	}
	// What follows "--" is Beam's.
	if i := slices.Index(args, "--"); i >= 0 {
		args, e.beamArgs = args[:i], args[i+1:]
	}
	if len(args) > 0 && args[0] == "help" { // glulam help batch
		args = append(slices.Clone(args[1:]), "--help")
	}
	bare := len(args) == 0
	if bare { // wrong usage, which the help helps most
		args, e.stdout = []string{"--help"}, e.screen
	}
	parser, exited, err := newParser(e)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(bindNumbers(args))
	switch {
	case *exited && bare:
		return silentUsage{}
	case *exited:
		return nil
	case err != nil:
		return usage(err)
	case hollow(parsed) != "":
		return fault.New(fault.Usage, hollow(parsed), "the value is empty").WithHint("see glulam %s --help", pathOf(parsed.Selected()))
	case len(e.beamArgs) > 0 && parsed.Selected().Name != "batch" && parsed.Selected().Name != "stream":
		return fault.New(fault.Usage, "after --", "%s takes no Beam flags", parsed.Selected().Name)
	}
	return parsed.Run(e)
}

// bindNumbers ties values that start with a minus and a digit to the flag before them, as --flag=-1: no flag is called so, and
// --null-numbers -999 is what people write.
func bindNumbers(args []string) []string {
	var out []string
	for i, a := range args {
		if last := len(out) - 1; i > 0 && negative.MatchString(a) && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "=") {
			out[last] += "=" + a
			continue
		}
		out = append(out, a)
	}
	return out
}

var negative = regexp.MustCompile(`^-[0-9]`)

// hollow names the first flag or argument that was given an empty text, as by a variable that is not set; "" if there is none.
// Flags that take lists may be empty.
func hollow(parsed *kong.Context) string {
	for _, p := range parsed.Path {
		value, name := p.Positional, ""
		switch {
		case p.Flag != nil:
			value, name = p.Flag.Value, "--"+p.Flag.Name
		case value != nil:
			name = strings.ToUpper(value.Name)
		default:
			continue
		}
		if value.Target.Kind() == reflect.String && value.Target.String() == "" {
			return name
		}
	}
	return ""
}

// newParser makes the parser. *exited tells, after Parse, that a flag like --help did all there was to do.
func newParser(e *env) (parser *kong.Kong, exited *bool, err error) {
	exited = new(bool)
	parser, err = kong.New(&commands{},
		kong.Name("glulam"),
		kong.Description("glulam scores rows with tree-ensemble models on Apache Beam."),
		kong.Writers(e.stdout, e.screen),
		kong.Exit(func(int) { *exited = true }),
		kong.Help(printHelp),
		kong.ExplicitGroups(flagGroups),
		kong.Bind(e),
	)
	return parser, exited, err
}
