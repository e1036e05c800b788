package bundle

import (
	"os"
	"sort"

	"github.com/glulam/glulam/fault"
)

// Calibration makes the prediction of a model with one output. Margins and leaves stay as they are.
//
// Platt: of the margin m,
//
//	prediction = 1 / (1 + exp(A*m + B))
//
// which is Platt's own formula and scikit-learn's: A and B are a_ and b_ of sklearn.calibration's sigmoid when it was fitted
// on margins. A is negative where a larger margin means a larger probability. Product and sum are each rounded.
//
// Isotonic: of the prediction p that the model gives without calibration,
//
//	prediction = Y[0]                                                     for p <= X[0]
//	             (Y[i+1]-Y[i]) / (X[i+1]-X[i]) * (p-X[i]) + Y[i]          for X[i] <= p < X[i+1]
//	             Y[n-1]                                                   for p >= X[n-1]
//
// which is scikit-learn's IsotonicRegression with out_of_bounds="clip": X and Y are X_thresholds_ and y_thresholds_. NaN
// stays NaN.
type Calibration struct {
	Method string    `json:"method"` // "platt" or "isotonic"
	A      float64   `json:"a,omitempty"`
	B      float64   `json:"b,omitempty"`
	X      []float64 `json:"x,omitempty"` // ascending, at least one
	Y      []float64 `json:"y,omitempty"` // as many, never falling
}

// Isotonic is the formula of that method.
func (c *Calibration) Isotonic(p float64) float64 {
	n := len(c.X)
	switch {
	case p != p:
		return p
	case p <= c.X[0]:
		return c.Y[0]
	case p >= c.X[n-1]:
		return c.Y[n-1]
	}
	i := sort.Search(n, func(i int) bool { return c.X[i] > p }) - 1
	slope := (c.Y[i+1] - c.Y[i]) / (c.X[i+1] - c.X[i])
	return float64(slope*(p-c.X[i])) + c.Y[i]
}

// ReadCalibration reads a file with what stands behind the key calibration in glulam.yaml, in YAML or JSON. No bundle
// is needed. Whether it goes with a model is for package model to say.
//
// Errors are *fault.Error: NotFound or Unreadable, TooLarge, Corrupt with line and column.
func ReadCalibration(path string) (*Calibration, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	defer f.Close()
	data, err := readLimited(f, path, "the calibration", 0, maxYAML)
	if err != nil {
		return nil, err
	}
	n, err := parseYAML(path, data)
	if err != nil {
		return nil, err
	}
	return readCalibration(n)
}

// readCalibration reads the key of that name.
func readCalibration(n node) (*Calibration, error) {
	pairs, err := n.pairs()
	if err != nil {
		return nil, err
	}
	c := &Calibration{}
	has := map[string]node{}
	for _, p := range pairs {
		has[p.name] = p.value
		switch p.name {
		case "method":
			c.Method, err = p.value.text()
		case "a":
			c.A, err = p.value.number()
		case "b":
			c.B, err = p.value.number()
		case "x":
			c.X, err = p.value.numbers()
		case "y":
			c.Y, err = p.value.numbers()
		default:
			return nil, p.at.fault(fault.Corrupt, "there is no such key").WithHint("a calibration has method, and a and b, or x and y")
		}
		if err != nil {
			return nil, err
		}
	}
	want := map[string][]string{"platt": {"a", "b"}, "isotonic": {"x", "y"}}[c.Method]
	if want == nil {
		return nil, n.fault(fault.Corrupt, "the method %s is neither platt nor isotonic", fault.Quote(c.Method))
	}
	for _, key := range want {
		if _, ok := has[key]; !ok || len(has) != 3 {
			return nil, n.fault(fault.Corrupt, "method %s takes %s and %s, and nothing else", c.Method, want[0], want[1])
		}
	}
	if c.Method == "isotonic" {
		return c, c.check(has["x"], has["y"])
	}
	return c, nil
}

// check holds the points of an isotonic calibration.
func (c *Calibration) check(x, y node) error {
	if len(c.X) == 0 || len(c.X) != len(c.Y) {
		return y.fault(fault.Corrupt, "%d values of y for %d of x", len(c.Y), len(c.X))
	}
	for i := 1; i < len(c.X); i++ {
		if c.X[i-1] >= c.X[i] {
			return x.fault(fault.Corrupt, "x has to ascend: %v is followed by %v", c.X[i-1], c.X[i])
		}
		if c.Y[i-1] > c.Y[i] {
			return y.fault(fault.Corrupt, "y must not fall: %v is followed by %v", c.Y[i-1], c.Y[i])
		}
	}
	return nil
}

// numbers gives a list of finite numbers.
func (n node) numbers() ([]float64, error) {
	items, err := n.items()
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(items))
	for i, item := range items {
		if out[i], err = item.number(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
