package cli

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
)

// FuzzSpec holds that no spec makes the reader panic, and that its errors are wrong usage with a place in the file.
func FuzzSpec(f *testing.F) {
	for _, s := range specs {
		f.Add(s)
	}
	f.Fuzz(checkSpec)
}

// TestSpecMutants is FuzzSpec for those who do not fuzz: pieces of specs put together at random.
func TestSpecMutants(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	piece := func() string {
		s := specs[rnd.IntN(len(specs))]
		a := rnd.IntN(len(s) + 1)
		return s[a : a+rnd.IntN(len(s)-a+1)]
	}
	for range 5000 {
		text := piece() + piece() + string(rune(rnd.IntN(256))) + piece()
		checkSpec(t, text)
		if t.Failed() {
			t.Fatalf("%q", text)
		}
	}
}

// specs are good and odd ones.
var specs = []string{
	"", "# nothing\n", "model: m\ninput: [a, b]\n", "a: &x [*x]\nb: *x\n", "? a\n: b\n", "rename: {a: b, <<: *c}\n", "- a\n- - b\n",
	"model: |\n  a\n  b\n", "%YAML 1.2\n---\nmodel: m\n...\n", "model: !!str 5\nshards: 0x10\n", "\ufeffmodel: m\r\ninput: i\r\n", "\"", "{", "&a", "*a", "!!", "---\n---\n",
}

// checkSpec reads a spec.
func checkSpec(t *testing.T, text string) {
	spec, err := parseSpec("run.yaml", text)
	var errs []error
	if err != nil {
		errs = []error{err}
	} else {
		var c batchCmd
		targets := map[string]reflect.Value{}
		v := reflect.ValueOf(&c).Elem()
		for i := range v.NumField() {
			targets[strings.ToLower(v.Type().Field(i).Name)] = v.Field(i)
		}
		errs = spec.decode(targets)
		for key := range spec.values {
			spec.place(key, `"a" is wrong`)
		}
	}
	for _, err := range errs {
		fe := (*fault.Error)(nil)
		if !errors.As(err, &fe) || fe.Code != fault.Usage || fe.Source != "run.yaml" {
			t.Errorf("%#v", err)
		}
		if lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1; fe.Line > int64(lines) {
			t.Errorf("line %d of %d", fe.Line, lines)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"model", "input", "input-format", "columns", "json"}
	for in, want := range map[string]string{"modle": "model", "Model": "model", "input_format": "input-format", "column": "columns", "jsn": "json", "jo": "", "frobnicate": ""} {
		if got := nearest(in, names); got != want {
			t.Errorf("nearest(%q) is %q, not %q", in, got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		line      string
		column, n int
		want      string
	}{
		{"shards: many", 9, 4, "       7 | shards: many\n         |         ^^^^\n"},
		{"\tö: x", 5, 99, "       7 | \tö: x\n         | \t   ^\n"},
		{"a", 2, 0, "       7 | a\n         |  ^\n"},
		{strings.Repeat("x", 200), 3, 1, "       7 | " + strings.Repeat("x", 100) + "...\n         |   ^\n"},
		{strings.Repeat("x", 200), 150, 1, ""},
	} {
		if got := excerpt(7, []rune(c.line), c.column, c.n); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
