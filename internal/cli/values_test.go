package cli

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/glulam/glulam/internal/golden"
)

// zeros are the numeric flags for which 0 means something, and what. All others refuse it.
var zeros = map[string]string{
	"batch shards":        "by size",
	"stream max-disorder": "none; the default",
	"stream lateness":     "none; the default",
	"stream window":       "no windows, whatever the spec says",
	"stream refresh":      "never, whatever the spec says",
	"stream max-load":     "no limit, whatever the spec says",
	"stream max-slowdown": "no limit, whatever the spec says",
	"check ulps":          "equal",
	"bundle ulps":         "equal",
}

// TestNumbersThatMakeNoSense holds that every numeric flag of every command refuses what is less than nothing, and 0 where it means
// nothing: as wrong usage, with the flag's name and what would be right.
func TestNumbersThatMakeNoSense(t *testing.T) {
	model := golden.Path("one_feature.txt")
	arguments := map[string][]string{
		"batch":  {"--runner", "flink"},
		"stream": {"--runner", "flink", "--window", "1m"},
		"check":  {model, "--rows", model},
		"diff":   {model, model, "--rows", model},
		"bundle": {"--model", model, "--rows", golden.Path("rows.csv"), "--expected", golden.Path("rows.csv"), "--output", t.TempDir() + "/b"},
		"replay": {model, "--to", "jsonl:-"},
	}
	var all commands
	parser, err := kong.New(&all, kong.Name("glulam"), kong.ExplicitGroups(flagGroups))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, command := range parser.Model.Leaves(false) {
		path := strings.TrimPrefix(strings.SplitN(command.FullPath(), " <", 2)[0], "glulam ")
		for _, f := range command.Flags {
			unit, such := "", "123456789"
			switch reflect.Zero(f.Target.Type()).Interface().(type) {
			case whole, *whole, positive, factor:
			case interval, lasting:
				unit, such = "s", "smh"
			default:
				continue
			}
			key := path + " " + f.Name
			seen[key] = true
			_, zero := zeros[key]
			for _, value := range []string{"-1" + unit, "0" + unit} {
				var out, screen bytes.Buffer
				code := Main(append(append(strings.Fields(path), arguments[path]...), "--"+f.Name+"="+value), strings.NewReader(""), &out, &screen)
				said, why := "", "" // the message, and what it says beside the value
				for line := range strings.Lines(screen.String()) {
					if _, rest, ok := strings.Cut(line, "--"+f.Name+": "); ok {
						said, why = line, strings.ReplaceAll(strings.TrimPrefix(rest, "0"), value, "")
					} else if said != "" && strings.HasPrefix(line, " ") { // the hint
						why += line
					}
				}
				switch refused := said != ""; {
				case refused == (zero && value[0] == '0'):
					t.Errorf("%s=%s: refused is %t\n%s", key, value, refused, &screen)
				case refused && code != 2:
					t.Errorf("%s=%s ends with %d", key, value, code)
				case refused && !strings.ContainsAny(why, such):
					t.Errorf("%s=%s: %q names no value that is right", key, value, said)
				}
			}
		}
	}
	for key := range zeros {
		if !seen[key] {
			t.Errorf("there is no numeric flag %s", key)
		}
	}
	if len(seen) < 30 {
		t.Errorf("%d numeric flags were tried", len(seen))
	}
}
