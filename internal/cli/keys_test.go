package cli

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/pipelines"
)

// flags is each flag of a command, as the command line and as a spec have it.
type flags map[string]struct{ flags, yaml string }

// shared are those that all commands with a pipeline have.
var shared = flags{
	"model":        {"--model=m.txt", "m.txt"},
	"null-numbers": {"--null-numbers=NA,-999,", "[NA, -999, '']"},
	"null-texts":   {"--null-texts=", "[]"},
	"columns":      {"--columns a,1.50 --columns=true", "a, 1.50, true"},
	"outputs":      {"--outputs prediction,leaf", "\n  - prediction\n  - leaf"},
	"rename":       {"--rename a=b --rename 1=c=d", "{a: b, 1: c=d}"},
	"features":     {`--features a\,b,c`, `[ 'a,b', c ]`},
	"trees":        {"--trees 2:7", "2:7"},
	"raw":          {"--raw", "true"},
	"derive":       {"--derive a=b+1 --derive c=a", "[a=b+1, c=a]"},
	"decide":       {"--decide prediction>0.5", "prediction>0.5"},
	"max-rejected": {"--max-rejected 1.5%", "1.5%"},
	"engine":       {"--engine leaves", "leaves"},
	"runner":       {"--runner flink", "flink"},

	"flink":               {"--flink localhost:8081", "localhost:8081"},
	"job-server":          {"--job-server localhost:8099", "localhost:8099"},
	"workers":             {"--workers process", "process"},
	"worker-binary":       {"--worker-binary /opt/glulam", "/opt/glulam"},
	"parallelism":         {"--parallelism 2", "2"},
	"max-parallelism":     {"--max-parallelism 64", "64"},
	"checkpoint-interval": {"--checkpoint-interval 1s", "1s"},
	"checkpoint-timeout":  {"--checkpoint-timeout 1m", "1m"},
	"checkpoint-mode":     {"--checkpoint-mode exactly-once", "exactly-once"},
	"unaligned":           {"--unaligned", "true"},
	"state-backend":       {"--state-backend rocksdb", "rocksdb"},
	"state-storage":       {"--state-storage file:///s", "file:///s"},
	"savepoint":           {"--savepoint file:///p", "file:///p"},
	"allow-lost-state":    {"--allow-lost-state", "true"},
	"savepoint-dir":       {"--savepoint-dir file:///d", "file:///d"},
	"bundle-time":         {"--bundle-time 5ms", "5ms"},
	"object-reuse":        {"--object-reuse", "true"},
	"retries":             {"--retries 3", "3"},
	"retry-delay":         {"--retry-delay 2s", "2s"},
	"first-output":        {"--first-output 9s", "9s"},
	"flink-option":        {"--flink-option a=b --flink-option c=1", "{a: b, c: 1}"},

	"json":      {"--json", "true"},
	"log-level": {"--log-level info", "info"},
}

// keyed is a command that has a spec file.
type keyed struct {
	name     string
	of       func(c *commands) any // *batchCmd or *streamCmd
	spec     reflect.Type
	own      flags
	stranger string // a key of the other one
	// other sets some keys to something else than the flags do.
	other []string
}

var keyedCommands = []keyed{
	{
		name: "batch", of: func(c *commands) any { return &c.Batch }, spec: reflect.TypeFor[pipelines.Batch](), stranger: "from",
		own: flags{
			"input":         {"--input a,b.csv c.csv --input=d.csv", "[\"a,b.csv\", c.csv, d.csv]"},
			"output":        {"--output o", "o"},
			"overwrite":     {"--overwrite", "true"},
			"input-format":  {"--input-format csv", "csv"},
			"output-format": {"--output-format jsonl", "'jsonl'"},
			"delimiter":     {`--delimiter \t`, `\t`},
			"shards":        {"--shards 7", "7"},
		},
		other: []string{"input: x", "output: x", "overwrite: false", "input-format: parquet", "output-format: parquet", "delimiter: x", "shards: 1"},
	},
	{
		name: "stream", of: func(c *commands) any { return &c.Stream }, spec: reflect.TypeFor[pipelines.Stream](), stranger: "shards",
		own: flags{
			"from":          {"--from kafka://h/in", "kafka://h/in"},
			"to":            {"--to kafka://h/out", "kafka://h/out"},
			"rejected":      {"--rejected kafka://h/bad", "kafka://h/bad"},
			"option":        {"--option acks=all --option linger.ms=5", "{acks: all, linger.ms: 5}"},
			"name":          {"--name n", "n"},
			"values":        {"--values json", "json"},
			"values-to":     {"--values-to json", "json"},
			"event-time":    {"--event-time t", "t"},
			"event-unit":    {"--event-unit s", "s"},
			"event-zone":    {"--event-zone Europe/Berlin", "Europe/Berlin"},
			"max-disorder":  {"--max-disorder 2s", "2s"},
			"max-ahead":     {"--max-ahead 48h", "48h"},
			"idle-timeout":  {"--idle-timeout 3s", "3s"},
			"window":        {"--window 1m", "1m"},
			"period":        {"--period 30s", "30s"},
			"lateness":      {"--lateness 10s", "10s"},
			"summary":       {"--summary jsonl:s", "jsonl:s"},
			"refresh":       {"--refresh 10s", "10s"},
			"max-load":      {"--max-load 1m", "1m"},
			"max-slowdown":  {"--max-slowdown 1.5", "1.5"},
			"delivery":      {"--delivery exactly-once", "exactly-once"},
			"commit-every":  {"--commit-every 5ms", "5ms"},
			"readers":       {"--readers 2", "2"},
			"max-in-flight": {"--max-in-flight 100", "100"},
			"metrics":       {"--metrics localhost:9464", "localhost:9464"},
			"log-format":    {"--log-format json", "json"},
		},
		other: []string{"from: nats://h/x", "to: nats://h/x", "rejected: nats://h/x", "option: {acks: 1}", "name: x", "event-time: x", "event-unit: ms", "window: 2m", "period: 2m",
			"lateness: 1s", "summary: jsonl:x", "refresh: 1s", "max-load: 1s", "max-slowdown: 2", "delivery: at-least-once", "readers: 9", "metrics: localhost:1", "log-format: text"},
	},
}

// flags are all of the command's.
func (k *keyed) flags() flags {
	all := maps.Clone(shared)
	maps.Copy(all, k.own)
	return all
}

// parse parses the flags of the command and reads its spec file.
func (k *keyed) parse(t *testing.T, args ...string) (any, *kong.Context, error) {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Name("glulam"), kong.ExplicitGroups(flagGroups))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append([]string{k.name}, args...))
	if err != nil {
		t.Fatal(err)
	}
	cmd := k.of(&c)
	_, err = settle(ctx, reflect.ValueOf(cmd).Elem().FieldByName("File").String(), cmd.(interface{ validate() error }).validate)
	return cmd, ctx, err
}

func TestKeysAreFlags(t *testing.T) {
	for _, k := range keyedCommands {
		_, ctx, _ := k.parse(t)
		has := slices.Sorted(maps.Keys(keys(ctx.Selected())))
		if diff := cmp.Diff(slices.Sorted(maps.Keys(k.flags())), has); diff != "" {
			t.Errorf("%s: this test's list of flags is not what the grammar has (-test +grammar):\n%s", k.name, diff)
		}
		// What run.json says was asked for has the names of the flags, too.
		for _, f := range reflect.VisibleFields(k.spec) {
			if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "-" && !slices.Contains(has, key) {
				t.Errorf("%s has the key %q, which is no flag", k.spec, key)
			}
		}
		if slices.Contains(has, k.stranger) {
			t.Errorf("%s has the flag %s", k.name, k.stranger)
		}
	}
}

// Each flag means the same on the command line and in a spec, and on the command line it wins.
func TestEveryFlagIsAKey(t *testing.T) {
	for _, k := range keyedCommands {
		t.Run(k.name, func(t *testing.T) { everyFlagIsAKey(t, &k) })
	}
}

func everyFlagIsAKey(t *testing.T, k *keyed) {
	dir := t.TempDir()
	write := func(lines ...string) string {
		name := filepath.Join(dir, "run.yaml")
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	must := func(cmd any, _ *kong.Context, err error) any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		reflect.ValueOf(cmd).Elem().FieldByName("File").SetString("")
		return cmd
	}
	every := k.flags()
	var all, lines []string
	for _, key := range slices.Sorted(maps.Keys(every)) {
		all = append(all, strings.Fields(every[key].flags)...)
		lines = append(lines, key+": "+every[key].yaml)
	}
	byFlags := must(k.parse(t, all...))
	if diff := cmp.Diff(byFlags, must(k.parse(t, "-f", write(lines...)))); diff != "" {
		t.Errorf("a spec says something else than the flags (-flags +spec):\n%s", diff)
	}
	v := reflect.ValueOf(byFlags).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "File" && v.Field(i).IsZero() {
			t.Errorf("%s was not set", name)
		}
	}
	other := append(slices.Clone(k.other), "model: x", "null-numbers: x", "null-texts: x", "columns: x", "outputs: class", "rename: {x: y}",
		"features: x", "max-rejected: 1", "engine: auto", "runner: prism", "json: false", "log-level: error")
	if diff := cmp.Diff(byFlags, must(k.parse(t, append(all, "-f", write(other...))...))); diff != "" {
		t.Errorf("a spec won over the flags (-flags +both):\n%s", diff)
	}
	if _, _, err := k.parse(t, append(all, "-f", write(k.stranger+": 1"))...); err == nil {
		t.Errorf("the key %s of another command was taken", k.stranger)
	}
}

func TestSplitList(t *testing.T) {
	for in, want := range map[string][]string{
		"":          {},
		"a":         {"a"},
		"a,b":       {"a", "b"},
		"a,  b ,c":  {"a", "b ", "c"},
		" a":        {" a"},
		",":         {"", ""},
		`a\,b,c\\d`: {"a,b", `c\\d`},
		`a\`:        {`a\`},
	} {
		if diff := cmp.Diff(want, splitList(in)); diff != "" {
			t.Errorf("splitList(%q): %s", in, diff)
		}
	}
}
