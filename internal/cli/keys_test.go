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

// every is each flag of glulam batch, as the command line and as a spec have it.
var every = map[string]struct{ flags, yaml string }{
	"model":         {"--model=m.txt", "m.txt"},
	"input":         {"--input a,b.csv c.csv --input=d.csv", "[\"a,b.csv\", c.csv, d.csv]"},
	"output":        {"--output o", "o"},
	"overwrite":     {"--overwrite", "true"},
	"input-format":  {"--input-format csv", "csv"},
	"output-format": {"--output-format jsonl", "'jsonl'"},
	"delimiter":     {`--delimiter \t`, `\t`},
	"null-numbers":  {"--null-numbers=NA,-999,", "[NA, -999, '']"},
	"null-texts":    {"--null-texts=", "[]"},
	"columns":       {"--columns a,1.50 --columns=true", "a, 1.50, true"},
	"outputs":       {"--outputs prediction,leaf", "\n  - prediction\n  - leaf"},
	"rename":        {"--rename a=b --rename 1=c=d", "{a: b, 1: c=d}"},
	"features":      {`--features a\,b,c`, `[ 'a,b', c ]`},
	"trees":         {"--trees 2:7", "2:7"},
	"raw":           {"--raw", "true"},
	"derive":        {"--derive a=b+1 --derive c=a", "[a=b+1, c=a]"},
	"decide":        {"--decide prediction>0.5", "prediction>0.5"},
	"shards":        {"--shards 7", "7"},
	"max-rejected":  {"--max-rejected 1.5%", "1.5%"},
	"engine":        {"--engine leaves", "leaves"},
	"runner":        {"--runner direct", "direct"},
	"json":          {"--json", "true"},
	"log-level":     {"--log-level info", "info"},
}

// parseBatch parses the flags of glulam batch and reads its spec file.
func parseBatch(t *testing.T, args ...string) (*batchCmd, *kong.Context, error) {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Name("glulam"), kong.ExplicitGroups(flagGroups))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append([]string{"batch"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	_, err = settle(ctx, c.Batch.File, c.Batch.validate)
	return &c.Batch, ctx, err
}

func TestKeysAreFlags(t *testing.T) {
	_, ctx, _ := parseBatch(t)
	flags := slices.Sorted(maps.Keys(keys(ctx.Selected())))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(every)), flags); diff != "" {
		t.Errorf("this test's list of flags is not what the grammar has (-test +grammar):\n%s", diff)
	}
	// What run.json says was asked for has the names of the flags, too.
	for _, f := range reflect.VisibleFields(reflect.TypeFor[pipelines.Batch]()) {
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "-" && !slices.Contains(flags, key) {
			t.Errorf("pipelines.Batch has the key %q, which is no flag", key)
		}
	}
}

// Each flag means the same on the command line and in a spec, and on the command line it wins.
func TestEveryFlagIsAKey(t *testing.T) {
	dir := t.TempDir()
	write := func(lines ...string) string {
		name := filepath.Join(dir, "run.yaml")
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	must := func(c *batchCmd, _ *kong.Context, err error) *batchCmd {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		c.File = ""
		return c
	}
	var all, lines []string
	for _, key := range slices.Sorted(maps.Keys(every)) {
		all = append(all, strings.Fields(every[key].flags)...)
		lines = append(lines, key+": "+every[key].yaml)
	}
	byFlags := must(parseBatch(t, all...))
	if diff := cmp.Diff(byFlags, must(parseBatch(t, "-f", write(lines...)))); diff != "" {
		t.Errorf("a spec says something else than the flags (-flags +spec):\n%s", diff)
	}
	v := reflect.ValueOf(*byFlags)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "File" && v.Field(i).IsZero() {
			t.Errorf("%s was not set", name)
		}
	}
	other := write("model: x", "input: x", "output: x", "overwrite: false", "input-format: parquet", "output-format: parquet",
		"delimiter: x", "null-numbers: x", "null-texts: x", "columns: x", "outputs: class", "rename: {x: y}", "features: x",
		"shards: 1", "max-rejected: 1", "engine: auto", "runner: prism", "json: false", "log-level: error")
	if diff := cmp.Diff(byFlags, must(parseBatch(t, append(all, "-f", other)...))); diff != "" {
		t.Errorf("a spec won over the flags (-flags +both):\n%s", diff)
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
