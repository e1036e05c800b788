package bundle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

// TestReadCalibration: what the key calibration takes, a file has as well.
func TestReadCalibration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.json")
	for _, c := range []struct {
		text, want  string
		calibration *Calibration
	}{
		{"{\"method\": \"isotonic\", \"x\": [1e-05, 0.5], \"y\": [0.0, 1]}\n", "", &Calibration{Method: "isotonic", X: []float64{1e-5, 0.5}, Y: []float64{0, 1}}},
		{"method: platt\na: -1.08\nb: 2.5e-3\n", "", &Calibration{Method: "platt", A: -1.08, B: 0.0025}},
		{"method: platt\na: -1.08\nc: 2\n", path + ":3:1: c: there is no such key", nil},
		{"{\"method\": \"isotonic\", \"x\": [1, 0], \"y\": [0, 1]}", path + ":1:29: x: x has to ascend", nil},
		{"", path + ": the file is empty", nil},
		{"[1]", "a list, not lines of `key: value`", nil},
		{strings.Repeat("#", maxYAML+1), path + ": the calibration is larger than", nil},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadCalibration(path)
		if diff := cmp.Diff(c.calibration, got); c.want == "" && (err != nil || diff != "") {
			t.Errorf("%.60q: %v\n%s", c.text, err, diff)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || fault.CodeOf(err) == fault.Internal) {
			t.Errorf("%.60q: %v\nnot %s", c.text, err, c.want)
		}
	}
	if _, err := ReadCalibration(path + "x"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := ReadCalibration(t.TempDir()); fault.CodeOf(err) != fault.Unreadable {
		t.Error(err)
	}
}
