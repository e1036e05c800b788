package forest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFastExp holds the edges to what CatBoost 1.2.10 gives for one row, and the rest to the true value: goldens hold the bits
// (testdata/catboost).
func TestFastExp(t *testing.T) {
	for x, want := range map[float64]float64{
		math.Inf(-1): 0, -1e308: 0, -708.4: 0, -708.39641853226408: 0, -708.396418532264: 2.2250738585075156e-308,
		0: 1, 709.7827125: math.Inf(1), 710: math.Inf(1), math.Inf(1): math.Inf(1),
	} {
		if got := fastExp(x); math.Abs(got-want) > 1e-12*want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := fastExp(math.NaN()); got == got {
		t.Errorf("exp(NaN) = %v", got)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		x := (r.Float64()*2 - 1) * 700
		want := math.Exp(x)
		if got := fastExp(x); math.Abs(got-want) > (math.Abs(x)+4)*0x1p-52*want {
			t.Fatalf("exp(%v) = %v, want %v", x, got, want)
		}
	}
}

// TestFastSoftmax: of more than three outputs, the first ones never become 0.
func TestFastSoftmax(t *testing.T) {
	f := &Forest{Outputs: 5, Link: Link{Kind: FastSoftmax}}
	out := make([]float64, 5)
	f.Predictions(out, []float64{0, -2000, -2000, -2000, -2000})
	if out[0] != 1 || out[1] == 0 || out[1] != out[3] || out[4] != 0 {
		t.Errorf("%v", out)
	}
}
