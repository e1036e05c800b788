package cli

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden texts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"glulam": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// flights is the folder of real models and rows.
func flights(t testing.TB) string {
	dir, err := filepath.Abs("../../testdata/flights")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestScripts runs testdata/*.txtar. The folders flights, xgboost, mlflow and so on are those of testdata. Beside testscript's
// own commands there are
//
//	exits CODE COMMAND...   run a command that has to end with this exit code
//	steady FILE             print a file with times, speeds, sizes of memory and paths replaced, to be compared
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			// Under a name that is the same everywhere, for it appears in messages.
			for _, dir := range []string{"flights", "lightgbm-dump", "xgboost", "catboost", "sklearn", "onnx", "bundle", "mlflow"} {
				if err := os.Symlink(filepath.Join(filepath.Dir(flights(t)), dir), filepath.Join(e.WorkDir, dir)); err != nil {
					return err
				}
			}
			e.Setenv("GODEBUG", "cpu.avx512f=off") // the engine is named, and is to be the same one on new machines
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"steady": steady,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if ee := (*exec.ExitError)(nil); errors.As(err, &ee) {
		got = ee.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

var unsteady = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?m)^(  time +).*$`), "${1}(time)"},
	{regexp.MustCompile(`(?m)^(  peak memory +).*$`), "${1}(size)"},
	{regexp.MustCompile(`("(?:seconds|rows_per_second|peak_memory_bytes)": )[0-9.e+]+`), "${1}0"},
	{regexp.MustCompile(`go1[0-9.]+[^ ,"]*`), "(go)"},
	{regexp.MustCompile(`\b(linux|darwin|freebsd)/[a-z0-9]+`), "(platform)"},
}

func steady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: steady FILE")
	}
	text := ts.ReadFile(args[0])
	for _, u := range unsteady {
		text = u.find.ReplaceAllString(text, u.with)
	}
	if _, err := ts.Stdout().Write([]byte(text)); err != nil {
		ts.Fatalf("%v", err)
	}
}
