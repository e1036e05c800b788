package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// flagGroups are the headings of the flags, in their order.
var flagGroups = []kong.Group{
	{Key: "what", Title: "What"},
	{Key: "columns", Title: "Columns"},
	{Key: "files", Title: "Formats"},
	{Key: "time", Title: "Event time"},
	{Key: "run", Title: "The run"},
	{Key: "flink", Title: "On Flink"},
}

// page is what a help page says beside its flags.
type page struct {
	about    string
	usage    string
	examples []string
	notes    string
}

var exitCodes = `Exit codes
  0  done
  1  failed; the message says what is left
  2  wrong usage
  3  done, with findings: all good rows are written, but more rows than
     --max-rejected allows were rejected
`

var pages = map[string]page{
	"": {
		about: "glulam scores rows with tree-ensemble models on Apache Beam.",
		usage: "glulam COMMAND [flags]",
		examples: []string{
			"glulam batch --model flights.txt --input 'rows-*.csv' --output predictions/",
			"glulam inspect flights.txt",
			"glulam check flights.txt --rows rows.csv --expected expected.csv",
		},
		notes: "glulam COMMAND --help tells more of a command.\n\n" + exitCodes,
	},
	"batch": {
		about: "Reads rows from files, scores them with a model, and writes them with their predictions.",
		usage: "glulam batch [flags] [-- BEAM FLAGS]",
		examples: []string{
			"glulam batch --model flights.txt --input 'rows-*.csv' --output predictions/",
			"glulam batch -f run.yaml --overwrite",
			"zcat rows.csv.gz | glulam batch -f run.yaml --input - --input-format csv",
		},
		notes: `Lists are names with commas between them; a comma in a name is written \,
A spec for -f is YAML, with lists as lists or in the form of the flag:

  model: flights.txt
  input: [rows-1.csv, rows-2.csv]
  output: predictions
  columns: id, carrier
  rename: {dep_delay: delay}
  max-rejected: 1%

Rows that cannot be scored are in OUTPUT/rejected, each with the reason; what
was run, and what came of it, in OUTPUT/run.json. glulam batch -- --help lists
Beam's flags.

` + exitCodes,
	},
	"stream": {
		about: "Scores messages as they come: reads them from a broker, standard input or files, and writes them with their predictions, until the source ends or somebody stops it.",
		usage: "glulam stream [flags] [-- BEAM FLAGS]",
		examples: []string{
			"glulam stream --model flights.txt --from kafka://localhost:9092/flights --to kafka://localhost:9092/scored --rejected kafka://localhost:9092/rejected",
			"tail -f rows.jsonl | glulam stream --model flights.txt --from jsonl:- --to jsonl:- --rejected jsonl:rejected.jsonl",
		},
		notes: `A message is one row: a JSON object. It goes on whole, with its predictions as
further members, its key, headers and timestamp. The first Ctrl-C ends what is
under way and commits it, the second one stops at once.

` + exitCodes,
	},
	"demo": {
		about: "Shows a stream being scored, with nothing installed: a NATS server in this process, real flights that are sent to it as events, the pipeline of glulam stream, and a view of what comes out. Everything is in memory and in a temporary folder, which is removed.",
		usage: "glulam demo [flags]",
		examples: []string{
			"glulam demo",
			"glulam demo --rate 5000 --for 10s --swap-after 5s",
		},
		notes: `Keys: s swaps the model, b offers a corrupt one, q ends the demo; so does
Ctrl-C, and a second one stops at once. Without a terminal there is a line a
second instead of the view.

Exit codes
  0  done, and everything that was sent came out, and right
  1  failed, or something did not
  2  wrong usage
`,
	},
	"replay": {
		about: "Sends rejected messages back to where they came from, after what was wrong with them or with the stream is mended: with their keys, timestamps and ids, and each once, however often it is run and wherever it is stopped.",
		usage: "glulam replay LETTERS (--from URL | --to URL) [flags]",
		examples: []string{
			"glulam replay kafka://localhost:9092/rejected --from kafka://localhost:9092/flights --dry-run",
			"glulam replay rejected.jsonl --from kafka://localhost:9092/flights --code wrong_type --field hour",
			"glulam replay predictions/rejected --to csv:fixed.csv",
		},
		notes: `Exit codes
  0  done
  1  failed; start again for the rest
  2  wrong usage
  3  done, but some letters cannot go back: they are named
`,
	},
	"inspect": {
		about: "Shows what a model is: its format, objective, size, features and outputs.",
		usage: "glulam inspect MODEL [flags]",
		examples: []string{
			"glulam inspect flights.txt",
			"glulam inspect flights.txt --json | jq -r '.features[].name'",
		},
	},
	"export-sklearn": {
		about: "Prints a Python file that writes a fitted scikit-learn model as JSON, which glulam scores without Python. It needs scikit-learn only.",
		usage: "glulam export-sklearn > export.py",
		examples: []string{
			"glulam export-sklearn > export.py",
			"python export.py model.pkl > model.json",
			"glulam batch --model model.json --input rows.csv --output predictions/",
		},
		notes: `In Python, without a pickle:

  from export import export
  export(model, "model.json")

What glulam could not compute exactly is refused when the model is exported.
`,
	},
	"check": {
		about: "Scores golden rows with every engine and compares with what the training library gave for them: margins, classes and leaves must be equal bit for bit, predictions within a few units in the last place.",
		usage: "glulam check MODEL [flags]",
		examples: []string{
			"glulam check flights.tar.gz",
			"glulam check flights.txt --rows rows.csv --expected expected.csv",
		},
		notes: `Files are csv, tsv, jsonl or parquet, as their names say, also with .gz or .zst
behind. Without expected outputs, engines are compared with each other.

Exit codes
  0  everything is equal
  1  failed
  2  wrong usage
  3  something is different
`,
	},
	"bundle": {
		about: "Packs a model file with golden rows, checks it as glulam check does, and writes it if everything is equal.",
		usage: "glulam bundle --model PATH --rows FILE --expected FILE --output PATH [flags]",
		examples: []string{
			"glulam bundle --model flights.txt --rows rows.csv --expected expected.csv --output flights.tar.gz",
			"glulam bundle --model flights.txt --rows rows.csv --expected expected.csv --output flights --threshold 0.3",
		},
		notes: `A bundle is checked whenever it is loaded, and refused if its golden rows do not
come out as expected. The same input gives the same bytes.

Exit codes
  0  written
  1  failed; nothing was written
  2  wrong usage
  3  the golden rows do not come out as expected; nothing was written
`,
	},
	"diff": {
		about: "Scores the same rows with two models and says how many predictions differ, by how much, and where the trees part.",
		usage: "glulam diff A B --rows FILE [flags]",
		examples: []string{
			"glulam diff old.txt new.txt --rows rows.csv",
		},
		notes: `Exit codes
  0  equal on these rows
  1  failed
  2  wrong usage
  3  something is different
`,
	},
	"jobs": {
		about: "Shows, stops and cancels jobs on a Flink cluster, whoever submitted them.",
		usage: "glulam jobs COMMAND [flags]",
		examples: []string{
			"glulam jobs list --flink localhost:8081",
			"glulam jobs stop 4f6a --flink localhost:8081",
		},
	},
	"jobs list": {
		about:    "Lists the jobs of a Flink cluster, the newest first.",
		usage:    "glulam jobs list [flags]",
		examples: []string{"glulam jobs list --flink localhost:8081"},
	},
	"jobs follow": {
		about:    "Shows how a job stands, until it ends. Ctrl-C leaves the job alone.",
		usage:    "glulam jobs follow JOB [flags]",
		examples: []string{"glulam jobs follow 4f6a --flink localhost:8081"},
	},
	"jobs stop": {
		about: "Ends a job with a savepoint, from which it goes on as if nothing had been: with another version of glulam or of the model.",
		usage: "glulam jobs stop JOB [flags]",
		examples: []string{
			"glulam jobs stop 4f6a --flink localhost:8081",
			"glulam jobs stop 4f6a --savepoint-dir s3://flights/savepoints",
		},
	},
	"jobs cancel": {
		about:    "Ends a job at once. Without a savepoint a stream goes on where its offsets were committed.",
		usage:    "glulam jobs cancel JOB [flags]",
		examples: []string{"glulam jobs cancel 4f6a --flink localhost:8081"},
	},
	"worker": {
		about: "Starts workers for runners that ask for them: a pool that stands beside a TaskManager, in a container of its own. Each job has processes of its own.",
		usage: "glulam worker [flags]",
		examples: []string{
			"glulam worker --listen localhost:50000",
			"glulam stream -f flights.yaml --runner flink --flink localhost:8081 --job-server localhost:8099 --workers localhost:50000",
		},
	},
	"version": {
		about:    "Shows the versions of glulam, Go and Beam.",
		usage:    "glulam version [--json]",
		examples: []string{"glulam version"},
	},
}

// printHelp prints the help of the selected command.
func printHelp(_ kong.HelpOptions, ctx *kong.Context) error {
	node, name := ctx.Model.Node, ""
	if cmd := ctx.Selected(); cmd != nil {
		node, name = cmd, pathOf(cmd)
	}
	h := &helpWriter{w: ctx.Stdout, width: max(60, min(100, columnsOf(ctx.Stdout, 80)))}
	p := pages[name]
	h.wrap("", p.about)
	h.line("")
	for _, e := range p.examples {
		h.line("  " + e)
	}
	h.line("\nUsage: " + p.usage)
	h.section("Commands", commandTerms(node))
	var args [][2]string
	for _, pos := range node.Positional {
		args = append(args, [2]string{strings.ToUpper(pos.Name), pos.Help})
	}
	h.section("Arguments", args)
	groups := map[string][][2]string{}
	for _, f := range node.Flags {
		if f.Group != nil {
			groups[f.Group.Key] = append(groups[f.Group.Key], flagTerm(f))
		} else if f.Name != "help" {
			groups[""] = append(groups[""], flagTerm(f))
		}
	}
	for _, g := range flagGroups {
		h.section(g.Title, groups[g.Key])
	}
	h.section("Flags", groups[""])
	if p.notes != "" {
		h.line("")
		io.WriteString(h.w, p.notes)
	}
	return nil
}

// pathOf is a command's name with those of the commands above it: "jobs list".
func pathOf(cmd *kong.Node) string {
	if cmd.Parent == nil || cmd.Parent.Type == kong.ApplicationNode {
		return cmd.Name
	}
	return pathOf(cmd.Parent) + " " + cmd.Name
}

func commandTerms(node *kong.Node) (terms [][2]string) {
	for _, c := range node.Children {
		terms = append(terms, [2]string{c.Name, c.Help})
	}
	return terms
}

func flagTerm(f *kong.Flag) [2]string {
	term := "--" + f.Name
	if f.Short != 0 {
		term = fmt.Sprintf("-%c, %s", f.Short, term)
	}
	if !f.IsBool() {
		term += " " + f.FormatPlaceHolder()
	}
	return [2]string{term, f.Help}
}

// helpWriter lays help out.
type helpWriter struct {
	w     io.Writer
	width int
}

func (h *helpWriter) line(s string) { fmt.Fprintln(h.w, s) }

// section writes terms with their explanations beside them.
func (h *helpWriter) section(title string, terms [][2]string) {
	if len(terms) == 0 {
		return
	}
	const column = 28 // of the explanations; longer terms have a line of their own
	h.line("\n" + title)
	for _, t := range terms {
		lead := fmt.Sprintf("  %-*s", column-2, t[0])
		if !strings.HasSuffix(lead, "  ") {
			h.line(strings.TrimRight(lead, " "))
			lead = strings.Repeat(" ", column)
		}
		h.wrap(lead, t[1])
	}
}

// wrap writes words behind a lead, further lines indented as far.
func (h *helpWriter) wrap(lead, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	line := lead
	for i, word := range strings.Fields(text) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > h.width {
			h.line(strings.TrimRight(line, " "))
			line = indent + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	h.line(strings.TrimRight(line, " "))
}
