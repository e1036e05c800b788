package forest

import (
	"math"
	"testing"
)

// TestPow2 holds pow2 against 2.0 ** y of numpy 2.4.6 on a processor without AVX-512, which calls glibc 2.36. The sums were
// made as those of TestExp.
func TestPow2(t *testing.T) {
	for _, c := range []struct {
		first, step float64
		n           int
		sum         uint64
	}{
		{-2, 1e-05, 200000, 0x8f88f69650b1cd9},
		{-500, 0.01, 100000, 0x1cc8736d8108c9df},
		{-1e-9, 1e-14, 100000, 0xc8e3fd7593581866},
	} {
		sum := uint64(14695981039346656037)
		for i := range c.n {
			y := c.first + float64(float64(i)*c.step)
			p := pow2(y)
			sum = (sum ^ math.Float64bits(p)) * 1099511628211
			if want := math.Exp2(y); math.Abs(p-want) > want*0x1p-51 {
				t.Fatalf("pow2(%v) = %v, far from %v", y, p, want)
			}
		}
		if sum != c.sum {
			t.Errorf("from %v in steps of %v: some of %d values differ from glibc's: %#x", c.first, c.step, c.n, sum)
		}
	}
	for y, want := range map[float64]float64{0: 1, math.Inf(1): math.Inf(1), math.Inf(-1): 0, 1: 2, -1: 0.5, 600: 0x1p600, -1074: 0x1p-1074, 1e-300: 1, -1e-19: 1} {
		if got := pow2(y); got != want {
			t.Errorf("pow2(%v) = %v, want %v", y, got, want)
		}
	}
}

func TestIsolation(t *testing.T) {
	f := Forest{Outputs: 1, Link: Link{Kind: Isolation, Param: 10, Offset: -0.5}}
	got := []float64{0, 10, 20}
	f.Predictions(got, got)
	if got[0] != -0.5 || got[1] != 0 || got[2] != 0.25 {
		t.Errorf("%v", got)
	}
	f.Link.Param = 0
	if f.Predictions(got, got); got[0] != 0 || got[2] != 0 {
		t.Errorf("%v", got)
	}
}
