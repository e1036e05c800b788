package arch

import (
	"slices"
	"strings"
	"testing"
)

// layer is a part of the house and what it may import of the rest of it. The longest dir that fits a package counts.
type layer struct {
	dir string
	may []string
	why string
}

var layers = []layer{
	{"fault", nil, "everything returns its errors, so it stands under everything"},
	{"format", []string{"fault", "format"}, "rows on disk; knows no model and no Beam"},
	{"model", []string{"fault", "format", "model"}, "pure Go, no Beam; golden rows are read as all rows are"},
	{"model/bundle", []string{"fault"}, "reads what is around a model file, and no model"},
	{"model/parity", []string{"fault", "format", "model/forest"}, "compares numbers, whoever made them"},
	{"model/rules", []string{"fault", "format"}, "computes columns, whatever they are for"},
	{"model/forest", []string{"fault"}, "the definition of right depends on nothing but the error type"},
	{"model/internal/hostile", []string{"fault", "model/forest", "model/prep"}, "what the parsers' tests have in common"},
	{"model/internal/forestgen", []string{"model/forest"}, "what the evaluators' tests have in common"},
	{"model/internal/skops", []string{"fault"}, "reads the container, whatever is in it"},
	{"model/internal/allfloats", nil, "a test of functions"},
	{"model/internal/jsonread", []string{"fault"}, "reads JSON, whoever wrote it"},
	{"model/lightgbm", []string{"fault", "model/forest", "model/internal/jsonread"}, "a parser turns bytes into a forest, nothing else"},
	{"model/catboost", []string{"fault", "model/forest", "model/internal/jsonread"}, "a parser turns bytes into a forest, nothing else"},
	{"model/xgboost", []string{"fault", "model/forest", "model/prep"}, "a parser turns bytes into a forest and the steps before it, nothing else"},
	{"model/onnx", []string{"fault", "model/forest", "model/prep"}, "a parser turns bytes into a forest and the steps before it, nothing else"},
	{"model/prep", []string{"fault"}, "steps over columns of numbers, whoever asks for them"},
	{"model/sklearn", []string{"fault", "model/forest", "model/internal/skops", "model/prep"}, "a parser turns bytes into a forest and the steps before it, nothing else"},
	{"model/engine", []string{"fault", "model/forest"}, "an engine evaluates a forest, nothing else"},
	{"model/leaves", []string{"fault", "model/forest"}, "an engine evaluates a forest, nothing else"},
	{"transforms", []string{"fault", "format", "model", "transforms"}, "usable alone in somebody else's pipeline"},
	{"transforms/block", []string{"fault", "format"}, "the unit in flight knows neither models nor the other transforms"},
	{"transforms/score", []string{"fault", "format", "model", "transforms/block"}, "scores blocks, wherever they come from"},
	{"transforms/files", []string{"fault", "format", "transforms/block"}, "reads and writes blocks, whoever scores them"},
	{"transforms/stream", []string{"fault", "format", "transforms/block"}, "reads and writes messages, whoever scores them"},
	{"transforms/stream/replay", []string{"fault", "format", "transforms/block", "transforms/stream"}, "sends dead letters back, wherever they are and go"},
	{"transforms/stream/streamtest", []string{"fault", "format", "transforms/block", "transforms/stream"}, "tests connectors, whichever they are"},
	{"transforms/kafka", []string{"fault", "format", "transforms/block", "transforms/stream"}, "a connector knows its broker and nothing else"},
	{"transforms/nats", []string{"fault", "format", "transforms/block", "transforms/stream"}, "a connector knows its broker and nothing else"},
	{"transforms/lines", []string{"fault", "format", "transforms/block", "transforms/files", "transforms/stream"}, "a connector knows its files and nothing else"},
	{"transforms/codecs", []string{"fault", "format", "transforms/stream"}, "knows where schemas and descriptors are, and what reads them"},
	{"transforms/parquetdir", []string{"fault", "format", "transforms/block", "transforms/stream"}, "a connector knows its files and nothing else"},
	{"transforms/monitor", []string{"fault", "transforms/block", "transforms/stream"}, "counts what was scored, whoever scored it"},
	{"pipelines", []string{"fault", "format", "model", "transforms", "pipelines"}, "assembles transforms; does not know where graphs run"},
	{"online", []string{"fault", "format", "model", "online"}, "serves models beside Beam, not on it"},
	{"evaluate", []string{"fault", "format", "model", "evaluate"}, "looks at models beside Beam, not on it"},
	{"runners", []string{"fault", "pipelines", "runners"}, "runs any graph"},
	{"internal/cli", []string{"fault", "format", "model", "transforms", "pipelines", "runners", "online", "evaluate", "internal/demo", "internal/heap", "internal/ops"}, "flags to spec to run"},
	{"internal/demo", []string{"fault", "format", "model", "transforms", "pipelines", "testdata/flights"}, "what is around the demo's pipeline; runs none"},
	{"internal/ops", []string{"fault", "transforms/monitor", "transforms/score", "transforms/stream"}, "tells what runs, and starts nothing"},
	{"internal/golden", []string{"fault", "format"}, "test data that every test may read, also those under model"},
	{"internal/golden/boundary", []string{"fault", "format", "model", "internal/golden"}, "makes rows of models and test data, for tests and for the scripts of testdata/gen"},
	{"internal/scripts", []string{"internal/services"}, "what people who work on the repository start by hand"},
	{"internal/scripts/emulate", []string{"internal/scripts/emulate", "internal/services"}, "runs tests of any package, and knows none"},
	{"internal/services", []string{"internal/services"}, "starts services, and knows nothing of what is tested with them"},
	{"deploy", nil, "a test of files"},
	{"testdata", nil, "files that programs bring along"},
	{"internal", nil, "tests of the repository itself and their helpers"},
	{"internal/heap", nil, "about the process, whatever it does"},
	{"cmd", []string{"internal/cli", "internal/heap"}, "main does the worker guard and calls internal/cli"},
	{"examples", []string{"fault", "format", "model", "transforms", "pipelines", "runners", "online", "evaluate"}, "examples use what users can use: nothing internal"},
	{"bench", []string{"bench/internal", "fault", "format", "model", "transforms", "pipelines", "runners", "online", "evaluate", "internal/golden", "internal/services"}, "measures everything"},
}

func layerOf(rel string) *layer {
	var best *layer
	for i := range layers {
		if under(rel, layers[i].dir) && (best == nil || len(layers[i].dir) > len(best.dir)) {
			best = &layers[i]
		}
	}
	return best
}

// TestImportsGoOneWay holds the arrows between the parts of the house.
func TestImportsGoOneWay(t *testing.T) {
	for _, p := range own(t) {
		l := layerOf(p.rel())
		if l == nil {
			t.Errorf("%s: belongs to no layer; put it where docs/design.md has a place for it, or add a layer to imports_test.go", p.rel())
			continue
		}
		for _, path := range p.Imports {
			to, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			if !slices.ContainsFunc(l.may, func(dir string) bool { return under(to, dir) }) {
				may := "nothing of this repository"
				if len(l.may) > 0 {
					may = strings.Join(l.may, ", ")
				}
				t.Errorf("%s imports %s, but %s may import only %s: %s", p.rel(), to, l.dir, may, l.why)
			}
		}
	}
}

// TestTestHelpersStayInTests holds that helpers of tests are imported by tests only.
func TestTestHelpersStayInTests(t *testing.T) {
	for _, p := range own(t) {
		for _, path := range p.Imports {
			if path == module+"/internal/golden" && !under(p.rel(), "bench") && !under(p.rel(), "internal/golden/boundary") {
				t.Errorf("%s imports internal/golden outside its tests: that would put test data into the program", p.rel())
			}
		}
	}
}

// bans say what must not be linked into what, however indirectly.
var bans = []struct {
	from   []string // parts of the house
	except []string
	to     []string // import paths, each with everything below
	why    string
}{
	{
		from: []string{"fault", "format", "model", "online", "evaluate"},
		to:   []string{"github.com/apache/beam"},
		why:  "these parts are used without Beam: it costs 130 MB of binary, and global flags",
	},
	{
		from: []string{"fault", "format", "model"},
		// pqarrow, the bridge of arrow-go between Parquet and Arrow, imports its own flight package, which brings gRPC along.
		except: []string{"format/parquet"},
		to:     []string{"net/http", "google.golang.org/grpc"},
		why:    "reading files and evaluating models needs no network",
	},
	{
		from: []string{"fault"},
		to:   []string{"github.com/apache/arrow-go"},
		why:  "the error type stays a leaf",
	},
	{
		from: []string{"fault", "format", "model/forest", "model/lightgbm"},
		to:   []string{"github.com/dmitryikh/leaves"},
		why:  "what defines right does not depend on the library that is held against it",
	},
}

// TestLinksNothingHeavy holds the bans, by everything that is linked.
func TestLinksNothingHeavy(t *testing.T) {
	for _, p := range own(t) {
		for _, b := range bans {
			in := func(dir string) bool { return under(p.rel(), dir) }
			if !slices.ContainsFunc(b.from, in) || slices.ContainsFunc(b.except, in) {
				continue
			}
			for _, dep := range p.Deps {
				if slices.ContainsFunc(b.to, func(path string) bool { return under(dep, path) }) {
					t.Errorf("%s links %s (%s): %s", p.rel(), dep, chain(t, p, dep), b.why)
					break
				}
			}
		}
	}
}

// TestOneDoorToLeaves holds that only model/leaves imports the library, but for the benchmark that measures it on models of its own.
func TestOneDoorToLeaves(t *testing.T) {
	for _, p := range own(t) {
		if p.rel() == "model/leaves" || p.rel() == "internal/deps" || p.rel() == "bench/engine" {
			continue
		}
		for _, path := range p.Imports {
			if under(path, "github.com/dmitryikh/leaves") {
				t.Errorf("%s imports %s: hostile files make that library panic and loop, so only model/leaves may call it", p.rel(), path)
			}
		}
	}
}

// TestNoCgo holds that a binary can be built without a C compiler and carried to any machine of its kind.
func TestNoCgo(t *testing.T) {
	for _, p := range packages(t) {
		if !p.Standard && len(p.CgoFiles) > 0 {
			t.Errorf("%s has cgo files (%s): glulam is one static binary", p.ImportPath, strings.Join(p.CgoFiles, ", "))
		}
	}
}

// chain finds one way from a package to a dependency, for messages.
func chain(t *testing.T, from *pkg, to string) string {
	pkgs := packages(t)
	for _, path := range from.Imports {
		if path == to {
			return "imported directly"
		}
		if p := pkgs[path]; p != nil && slices.Contains(p.Deps, to) {
			return "by way of " + strings.TrimPrefix(path, module+"/")
		}
	}
	return "by way of nothing that go list knows"
}
